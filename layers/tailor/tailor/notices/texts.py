"""Texts of notices: what happened and what it means, and the next step."""

from collections.abc import Callable

from tailor.notices.facts import Facts, capital, counted, in_words, sentence
from tailor.runs import State


def joined(*sentences: str) -> str:
    return " ".join(filter(None, (sentence(text) for text in sentences)))


def reason(facts: Facts) -> str:
    """Return the reason as a sentence; a name at its start is kept as it is."""
    return capital(facts.change.reason)


def prepared(facts: Facts) -> str:
    warnings = sum(count for _, count in facts.findings("warning"))
    warned = f" with {counted(warnings, 'warning')}" if warnings else ""
    rows = f": {facts.rows}" if facts.rows else ""
    return joined(f"The dataset {facts.run.dataset} passed its checks{warned}{rows}")


def rejected(facts: Facts) -> str:
    """Return the text; the change's reason is the report's headline."""
    headline = reason(facts) or f"The dataset {facts.run.dataset} can't be used"
    return joined(headline, "Nothing was trained and nothing was spent; your upload is untouched")


def awaiting(facts: Facts) -> str:
    cost = "The price of training is unknown"
    if facts.quote not in ("", "unknown"):
        cost = f"Training is quoted at {facts.quote}, above the budget"
    return joined(reason(facts) or cost, "Nothing is spent until somebody approves")


def declined(facts: Facts) -> str:
    who = f"{facts.change.by} declined the run" if facts.is_by_person else ""
    unanswered = "" if who else "Nobody approved it in time"
    return joined(who, reason(facts) or unanswered, "Nothing was trained and nothing was spent")


def training(facts: Facts) -> str:
    recipe = facts.run.recipe
    rows = f" on {facts.rows}" if facts.rows else ""
    return joined(f"Bedrock is training {recipe.model} by {recipe.method}{rows}", reason(facts))


def trained(facts: Facts) -> str:
    losses = f", with losses {facts.losses}" if facts.losses else ""
    return joined(f"Training has finished{losses}", "No app uses the model yet")


def stopped(facts: Facts) -> str:
    who = f"{facts.change.by} stopped the run" if facts.is_by_person else "The run was stopped"
    spent = (
        "Training up to that point may be billed"
        if facts.previous == State.TRAINING
        else "Nothing was spent on training"
    )
    return joined(f"{who} while it was {facts.previous}", reason(facts), spent)


def superseded(facts: Facts) -> str:
    approval = "Its approval is void" if facts.previous == State.APPROVED else ""
    asked = "The request for approval is withdrawn" if facts.previous == State.AWAITING_APPROVAL else ""
    return joined(f"Run {facts.run.id} ends", reason(facts), approval or asked, "Nothing was spent on training")


def verdict(finding: str) -> Callable[[Facts], str]:
    """Return the function for a verdict's text; the change's reason is the evaluation's headline."""

    def text(facts: Facts) -> str:
        measured = f": {facts.scores}" if facts.scores else ""
        asked = f" on {facts.asked}" if measured and facts.asked else ""
        return joined(f"{finding}{measured}{asked}", reason(facts))

    return text


def inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:  # by provision: what is live changed again and again
        return joined("The new model was not compared with the version that is live now", reason(facts))
    return verdict("The held-out rows do not decide whether the new model is better")(facts)


def live(facts: Facts) -> str:
    project = facts.run.project
    if facts.previous == State.STANDBY:
        what = f'{facts.change.by} rolled back: apps that ask for model "{project}" get this earlier version again'
    else:
        what = f'Apps that ask for model "{project}" now get this version; nothing changes in the apps'
    return joined(what, override(facts), reason(facts))


def override(facts: Facts) -> str:
    """Describe who made a version live by hand, and against which verdict."""
    if not facts.is_by_person or facts.previous == State.STANDBY:
        return ""
    again = ", which had been taken down," if facts.previous == State.RESTORING else ""
    if State.LIVE in facts.earlier:
        return f"{facts.change.by} made this version{again} live again"
    if facts.verdict is None:
        return f"{facts.change.by} made this version{again} live although it was never measured"
    if facts.verdict == State.PASSED:
        return f"{facts.change.by} made this version{again} live" if again else ""
    return f"{facts.change.by} made this version{again} live although its evaluation did not pass ({facts.verdict})"


def deploy_failed(facts: Facts) -> str:
    what = "The model is trained, but not deployed or measured"
    if facts.previous == State.RESTORING:
        what = "The version that was to go live again could not be deployed"
    apps = "Nothing changes for apps"
    if was(facts, State.LIVE) or was(facts, State.PAUSED):
        apps = "Apps that ask for it get an error"
    return joined(what, reason(facts), apps)


def was(facts: Facts, state: State) -> bool:
    """Return whether the version was in a state before it was restored."""
    if facts.previous != State.RESTORING or facts.change.sequence <= 2:
        return False
    return facts.run.change(facts.change.sequence - 2).state == state


def is_scheduled(facts: Facts) -> bool:
    """Return whether pauses are regular: each opening and closing of a schedule."""
    return facts.run.recipe.deployment.schedule is not None


def paused(facts: Facts) -> str:
    error = f'Apps that ask for model "{facts.run.project}" get the error model_paused'
    return joined(f"{facts.run.project} is paused", reason(facts), error)


def lends_units(facts: Facts) -> bool:
    """Return whether a version is paused because a newer one is measured in its model units."""
    return facts.run.deployment is not None and facts.run.deployment.taken_by is not None


def after_paused(facts: Facts) -> str:
    project = facts.run.project
    if lends_units(facts):
        return (
            "It comes back by itself if the newer version does not pass; one that passes goes live in its place. "
            f"tailor retire RUN, with the newer run, ends its measurement; until then calls of {project} get an error."
        )
    return (
        "The next call restores it, which takes some minutes; its model units then bill again. "
        f"tailor restore {project} does that now; tailor offline {project} --reason WHY ends its service for good."
    )


def back(facts: Facts) -> str:
    who = f"{facts.change.by} restored this version" if facts.is_by_person else "This version was paused"
    return joined(who, f'Apps that ask for model "{facts.run.project}" get its answers again', reason(facts))


def deployed_again(facts: Facts) -> str:
    who = f"{facts.change.by} retried the deployment of the trained model" if facts.is_by_person else ""
    return joined(who, reason(facts), "Nothing is trained or paid for again")


def offline(facts: Facts) -> str:
    project = facts.run.project
    error = f'Apps that ask for model "{project}" get the error model_offline'
    who = f"{facts.change.by} took {project} offline" if facts.is_by_person else f"{project} is offline"
    return joined(who, reason(facts), error)


def after_offline(facts: Facts) -> str:
    until = "nothing goes live" if facts.is_by_person else "only a newer version that passes goes live"
    return (
        f"tailor promote {facts.run.id} --reason WHY deploys this version again and makes it live; until then, {until} "
        "automatically. The trained model is kept in Bedrock, which bills its storage by the month."
    )


def retired(facts: Facts) -> str:
    who = f"{facts.change.by} took the version down" if facts.is_by_person else "The version was taken down"
    meaning = {
        State.STANDBY: "A rollback to it is no longer possible",
        State.PASSED: "It never went live",
        State.PAUSED: "It will not be restored automatically",
    }.get(facts.previous or State.RETIRED, "It did not go live, and nothing changed for apps")
    return joined(who, reason(facts), meaning)


# ------------------------------------------------------------------------------------------------ what comes next
def after_prepared(facts: Facts) -> str:
    if facts.quote == "unknown":
        return "The price of training is unknown, so you are asked before anything is spent."
    quoted = f"The quote is {facts.quote}. " if facts.quote else ""
    return f"{quoted}Within the budget, training starts automatically; above it, you are asked first."


def after_awaiting(facts: Facts) -> str:
    if facts.run.state != facts.change.state:
        return f"No answer is needed any more: the run is now {facts.run.state}."
    run = facts.run.id
    return (
        f"Answer by {facts.deadline}: tailor approve {run} or tailor decline {run} or, over the API, "
        f"POST /v1/approvals/{run} with a key of scope approve. "
        "Without an answer it is declined."
    )


def after_training_failed(facts: Facts) -> str:
    run = facts.run.id
    return (
        f"tailor show {run} has the details. Upload a corrected dataset or recipe, which starts a new run; "
        f"tailor retry {run} trains again on the same data."
    )


def after_measured_again(facts: Facts) -> str:
    if facts.run.evaluation.opened_by and facts.run.evaluation.round == 1:
        return "The models are asked the sealed rows, which no evaluation has seen. A notice follows."
    return "Only the version that is live now is asked again; all other answers are kept. A notice follows."


def after_passed(facts: Facts) -> str:
    run = facts.run
    if run.evaluation.opened_by:
        return "It passed on the sealed rows too, and now goes live automatically, unless the project is offline."
    if run.recipe.evaluation.sealed and run.recipe.deployment.promote:
        return "The sealed rows are opened now; if it passes on them too, it goes live automatically."
    if run.recipe.evaluation.sealed:
        return f"tailor promote {run.id} --reason WHY opens the sealed rows; if it passes on them too, it goes live."
    if facts.run.recipe.deployment.promote:
        return "It now goes live automatically, unless the project is offline."
    return f"tailor promote {facts.run.id} --reason WHY makes it live; the recipe turns automatic promotion off."


def after_not_passed(facts: Facts) -> str:
    days = facts.run.recipe.kept.not_passed_days
    kept = f"is kept for {days:g} days (retention.not_passed_days)" if days else "is kept"
    return f"It does not go live and its deployment is taken down. Nothing changes for apps; the trained model {kept}."


def after_inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:
        promote = f"tailor promote {facts.run.id} --reason WHY"
        return (
            f"{after_not_passed(facts)} To have it measured, upload again; to decide yourself, {promote} makes it live."
        )
    needed = (
        f"About {facts.decisive_rows} would decide. " if facts.decisive_rows else "More held-out rows would decide. "
    )
    return needed + after_not_passed(facts)


def after_live(facts: Facts) -> str:
    hours, deployment = facts.run.recipe.deployment.standby_hours, facts.run.deployment
    ends = deployment and deployment.ends_at
    end = f"Its model units bill by the hour and are deleted on {in_words(ends)}. " if ends else ""
    if not hours:
        return f"{end}The previous version, if any, is not kept, as the recipe says."
    kept = f"kept for {hours:g} hours: tailor rollback {facts.run.project} returns to it."
    return f"{end}The previous version, if any, is {kept}"
