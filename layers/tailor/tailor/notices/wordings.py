"""Texts of notices, by state: what happened and what it means, the next step, the figures.

:data:`WORDINGS` lists the states with a notice. The others (``received``, ``preparing``, ``deploying``, ``deployed``,
``standby``, and ``restoring`` unless a live version was lost) lead to one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tailor.notices.facts import Facts, counted, sentence
from tailor.runs import State

Severity = Literal["info", "success", "warning", "error"]
MAX_FINDINGS = 3  # the report has them all


@dataclass(frozen=True, slots=True)
class Field:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Wording:
    """The notice of one state.

    ``report``: the part of the run's folder whose report.html explains it. ``when``: whether to send it.
    """

    severity: Severity
    title: str
    text: Callable[[Facts], str]
    next_step: Callable[[Facts], str]
    fields: tuple[Callable[[Facts], list[Field]], ...] = ()
    report: Literal["report", "evaluation"] | None = None
    when: Callable[[Facts], bool] = lambda facts: True


# ------------------------------------------------------------------------------------------------ what has happened
def _joined(*sentences: str) -> str:
    return " ".join(filter(None, (sentence(text) for text in sentences)))


def _reason(facts: Facts) -> str:
    """Return the reason as a sentence; keeps a name at its start as it is."""
    reason = facts.change.reason.strip()
    first_word = reason.partition(" ")[0]
    return reason[0].upper() + reason[1:] if first_word.isalpha() else reason


def _prepared(facts: Facts) -> str:
    warnings = sum(count for _, count in facts.findings("warning"))
    warned = f" with {counted(warnings, 'warning')}" if warnings else ""
    rows = f": {facts.rows}" if facts.rows else ""
    return _joined(f"The dataset {facts.run.dataset} passed its checks{warned}{rows}")


def _rejected(facts: Facts) -> str:
    """Return the text; the change's reason is the report's headline."""
    headline = _reason(facts) or f"The dataset {facts.run.dataset} can't be used"
    return _joined(headline, "Nothing was trained and nothing was spent; your upload is untouched")


def _awaiting(facts: Facts) -> str:
    cost = "What training costs is not known"
    if facts.quote not in ("", "unknown"):
        cost = f"Training is quoted at {facts.quote}, above the budget"
    return _joined(_reason(facts) or cost, "Nothing is spent until somebody approves")


def _declined(facts: Facts) -> str:
    who = f"{facts.change.by} declined the run" if facts.is_by_person else ""
    unanswered = "" if who else "Nobody approved it in time"
    return _joined(who, _reason(facts) or unanswered, "Nothing was trained and nothing was spent")


def _training(facts: Facts) -> str:
    recipe = facts.run.recipe
    rows = f" on {facts.rows}" if facts.rows else ""
    return _joined(f"Bedrock trains {recipe.model} by {recipe.method}{rows}", _reason(facts))


def _trained(facts: Facts) -> str:
    losses = f", with losses {facts.losses}" if facts.losses else ""
    return _joined(f"Training has finished{losses}", "No app uses the model yet")


def _stopped(facts: Facts) -> str:
    who = f"{facts.change.by} stopped the run" if facts.is_by_person else "The run was stopped"
    spent = (
        "Training until then may be charged" if facts.previous == State.TRAINING else "Nothing was spent on training"
    )
    return _joined(f"{who} while it was {facts.previous}", _reason(facts), spent)


def _verdict(finding: str) -> Callable[[Facts], str]:
    """Return a text function; the change's reason is the evaluation's headline, with difference and confidence."""

    def text(facts: Facts) -> str:
        measured = f": {facts.scores}" if facts.scores else ""
        asked = f" on {facts.asked}" if measured and facts.asked else ""
        return _joined(f"{finding}{measured}{asked}", _reason(facts))

    return text


def _inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:  # by provision: what is live changed again and again
        return _joined("The new model was not compared with the version that is live now", _reason(facts))
    return _verdict("The held-out rows do not decide whether the new model is better")(facts)


def _live(facts: Facts) -> str:
    project = facts.run.project
    if facts.previous == State.STANDBY:
        what = f'{facts.change.by} rolled back: apps that ask for model "{project}" get this earlier version again'
    else:
        what = f'Apps that ask for model "{project}" now get this version; nothing changes in the apps'
    return _joined(what, _override(facts), _reason(facts))


def _override(facts: Facts) -> str:
    """Describe who made a version live by hand, and against which verdict."""
    if not facts.is_by_person or facts.previous == State.STANDBY:
        return ""
    again = ", which had been taken down," if facts.previous == State.RESTORING else ""
    if State.LIVE in facts.earlier:
        return f"{facts.change.by} put this version{again} live again"
    if facts.verdict is None:
        return f"{facts.change.by} put this version{again} live although it was never measured"
    if facts.verdict == State.PASSED:
        return f"{facts.change.by} put this version{again} live" if again else ""
    return f"{facts.change.by} put this version{again} live although its evaluation did not pass ({facts.verdict})"


def _deploy_failed(facts: Facts) -> str:
    what = "The model is trained but nothing serves it, and it was not measured"
    if facts.previous == State.RESTORING:
        what = "The version that was to go live again could not be deployed"
    apps = "Nothing changes for apps"
    if facts.previous == State.RESTORING and facts.change.sequence > 2 and _was_live(facts):
        apps = "Apps that ask for it get an error"
    return _joined(what, _reason(facts), apps)


def _was_live(facts: Facts) -> bool:
    """Return whether the version was live when its deployment was lost."""
    return facts.run.change(facts.change.sequence - 2).state == State.LIVE


def _deployed_again(facts: Facts) -> str:
    who = f"{facts.change.by} has the trained model deployed again" if facts.is_by_person else ""
    return _joined(who, _reason(facts), "Nothing is trained again, and nothing is paid for it")


def _offline(facts: Facts) -> str:
    project = facts.run.project
    error = f'Apps that ask for model "{project}" get the error model_offline'
    return _joined(f"{facts.change.by} took {project} offline", _reason(facts), error)


def _retired(facts: Facts) -> str:
    who = f"{facts.change.by} took the version down" if facts.is_by_person else "The version was taken down"
    meaning = {State.STANDBY: "Nobody can roll back to it any more", State.PASSED: "It never went live"}.get(
        facts.previous or State.RETIRED, "It did not go live, and nothing changed for apps"
    )
    return _joined(who, _reason(facts), meaning)


# ------------------------------------------------------------------------------------------------ what comes next
def _after_prepared(facts: Facts) -> str:
    if facts.quote == "unknown":
        return "The price of training is not known, so you are asked before anything is spent."
    quoted = f"The quote is {facts.quote}. " if facts.quote else ""
    return f"{quoted}Training starts by itself within the budget; above it you are asked first."


def _after_awaiting(facts: Facts) -> str:
    if facts.run.state != facts.change.state:
        return f"Nobody needs to answer any more: the run is {facts.run.state} by now."
    run = facts.run.id
    return (
        f"Answer by {facts.deadline}: tailor approve {run} or tailor decline {run} or, over the API, "
        f"POST /v1/approvals/{run} with a key of scope approve. "
        "Without an answer it is declined."
    )


def _after_training_failed(facts: Facts) -> str:
    run = facts.run.id
    return (
        f"tailor show {run} has the details. Upload a corrected dataset or recipe, which starts a new run; "
        f"tailor retry {run} trains once more on the same."
    )


def _after_passed(facts: Facts) -> str:
    if facts.run.recipe.deployment.promote:
        return "It goes live by itself now, unless the project is offline."
    return f"tailor promote {facts.run.id} --reason WHY puts it live; the recipe says that it does not go by itself."


def _after_not_passed(facts: Facts) -> str:
    return "It does not go live and its deployment is taken down. Nothing changes for apps; the trained model is kept."


def _after_inconclusive(facts: Facts) -> str:
    if facts.previous == State.PASSED:
        promote = f"tailor promote {facts.run.id} --reason WHY"
        return f"{_after_not_passed(facts)} Upload again to have it measured, or decide: {promote} puts it live."
    needed = (
        f"About {facts.decisive_rows} would decide. " if facts.decisive_rows else "More held-out rows would decide. "
    )
    return needed + _after_not_passed(facts)


def _after_live(facts: Facts) -> str:
    hours = facts.run.recipe.deployment.keep_previous_hours
    if not hours:
        return "A version that it replaced is not kept: the recipe says so."
    return (
        f"A version that it replaced is kept for {hours:g} hours: tailor rollback {facts.run.project} goes back to it."
    )


# ------------------------------------------------------------------------------------------------ figures
def _data(facts: Facts) -> list[Field]:
    return [Field("Data", facts.rows), Field("Unusable rows", facts.unusable)]


def _findings(facts: Facts) -> list[Field]:
    return [Field(code, counted(count, "time")) for code, count in facts.findings("error")[:MAX_FINDINGS]]


def _quote(facts: Facts) -> list[Field]:
    return [Field("Quote", facts.quote)]


def _spent(facts: Facts) -> list[Field]:
    return [Field("Spent so far", facts.spent)]


def _advice(facts: Facts) -> list[Field]:
    return [Field("Before you pay", text) for text in facts.advice]


def _model(facts: Facts) -> list[Field]:
    recipe = facts.run.recipe
    return [Field("Method", recipe.method), Field("Base model", recipe.model)]


def _losses(facts: Facts) -> list[Field]:
    return [Field("Loss", facts.losses)]


def _measure(facts: Facts) -> list[Field]:
    return [
        Field("Result", facts.scores),
        Field("Difference", facts.difference),
        Field("Measured on", facts.asked),
    ]


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


S = State
WORDINGS: Mapping[State, Wording] = {
    S.PREPARED: Wording(
        "info", "data is ready", _prepared, _after_prepared, (_data, _quote, _advice, _model), "report"
    ),
    S.REJECTED: Wording(
        "error",
        "data can't be used",
        _rejected,
        _always("Correct what the report lists and upload again: that starts a new run."),
        (_data, _findings),
        "report",
    ),
    S.AWAITING_APPROVAL: Wording(
        "warning",
        "training waits for your approval",
        _awaiting,
        _after_awaiting,
        (_quote, _advice, _data, _model),
        "report",
    ),
    S.APPROVED: Wording(
        "info",
        "training was approved",
        lambda facts: _joined(
            f"{facts.change.by} approved the run" if facts.is_by_person else "Training may start", _reason(facts)
        ),
        _always("Training starts now, or as soon as Bedrock has room for another job."),
        (_quote,),
    ),
    S.DECLINED: Wording(
        "warning",
        "training was declined",
        _declined,
        lambda facts: f"To ask again: tailor retry {facts.run.id} keeps the prepared data and the quote.",
        (_quote,),
    ),
    S.TRAINING: Wording(
        "info",
        "training has started",
        _training,
        lambda facts: f"This takes a while, often hours; you hear when it ends. tailor stop {facts.run.id} ends it.",
        (_model, _quote),
    ),
    S.TRAINED: Wording(
        "info",
        "training has finished",
        _trained,
        _always("It is deployed now and asked the held-out questions, next to its base."),
        (_losses, _spent),
    ),
    S.TRAINING_FAILED: Wording(
        "error",
        "training failed",
        lambda facts: _joined("There is no model", _reason(facts)),
        _after_training_failed,
        (_model, _spent),
    ),
    S.STOPPED: Wording(
        "warning",
        "the run was stopped",
        _stopped,
        lambda facts: (
            f"Nothing runs any more. To start again: tailor retry {facts.run.id}, or upload what you changed."
        ),
        (_spent,),
        # Nobody waits for a run that another one took over before it began.
        when=lambda facts: not (facts.change.by == "prepare" and facts.previous == State.PREPARING),
    ),
    S.DEPLOY_FAILED: Wording(
        "error",
        "the model could not be deployed",
        _deploy_failed,
        lambda facts: (
            "The trained model is kept. tailor doctor checks permissions and quotas; then "
            f"tailor retry {facts.run.id} deploys it again, without training it again."
        ),
        (_model, _spent),
    ),
    S.EVALUATING: Wording(
        "info",
        "the new model is measured again",
        lambda facts: _joined("The new model does not go live yet", _reason(facts)),
        _always("Only the version that is live now is asked again; all other answers are kept. You get the verdict."),
        when=lambda facts: facts.previous == State.PASSED,
    ),
    S.PASSED: Wording(
        "success",
        "the new model is better",
        _verdict("The new model passed its evaluation"),
        _after_passed,
        (_measure, _spent),
        "evaluation",
    ),
    S.FAILED: Wording(
        "warning",
        "the new model is not better",
        _verdict("The new model did not pass its evaluation"),
        _after_not_passed,
        (_measure, _spent),
        "evaluation",
    ),
    S.INCONCLUSIVE: Wording(
        "warning",
        "the new model may or may not be better",
        _inconclusive,
        _after_inconclusive,
        (_measure, _spent),
        "evaluation",
    ),
    S.EVALUATION_FAILED: Wording(
        "error",
        "the new model could not be measured",
        lambda facts: _joined("There is no evidence, so it does not go live", _reason(facts)),
        _always("Its deployment is taken down. Nothing changes for apps; the trained model is kept."),
        (_model, _spent),
    ),
    S.LIVE: Wording("success", "the custom model is live", _live, _after_live, (_measure, _spent), "evaluation"),
    S.RETIRED: Wording(
        "info",
        "a version was taken down",
        _retired,
        lambda facts: (
            "It answers no more calls. The trained model is kept in Bedrock, where storing it is charged by the month; "
            f"tailor promote {facts.run.id} --reason WHY deploys it again and puts it live."
        ),
    ),
}
# What is live does not answer: somebody or something else deleted its deployment.
AGAIN = Wording(
    "info",
    "a run is tried again",
    lambda facts: _joined(
        f"{facts.change.by} has run {facts.run.id} tried again", _reason(facts) if facts.change.reason else ""
    ),
    _always("Training starts by itself within the budget; above it you are asked first."),
    (_quote, _model),
)
LOST = Wording(
    "error",
    "the live version does not answer",
    _reason,
    lambda facts: (
        "Nothing has to be done: a notice follows once it answers. If there is a version before, "
        f"tailor rollback {facts.run.project} brings that one back at once. Find out who deleted the deployment: "
        "CloudTrail has the call DeleteCustomModelDeployment."
    ),
)
# The end of a live version: no other version replaces it.
OFFLINE = Wording(
    "warning",
    "the project is offline",
    _offline,
    lambda facts: (
        "Nothing goes live by itself until then: "
        f"tailor promote {facts.run.id} --reason WHY deploys this version again and puts it live. "
        "The trained model is kept in Bedrock, where storing it is charged by the month."
    ),
    (_spent,),
)

DEPLOYED_AGAIN = Wording(
    "info",
    "the deployment is tried again",
    _deployed_again,
    _always("Once it is deployed it is asked the held-out questions, next to its base."),
    (_spent,),
)
_SPECIAL = {
    **{(ended, S.PREPARED): AGAIN for ended in (S.STOPPED, S.DECLINED, S.TRAINING_FAILED)},
    (S.LIVE, S.RETIRED): OFFLINE,
    (S.LIVE, S.RESTORING): LOST,
    (S.DEPLOYING, S.TRAINED): DEPLOYED_AGAIN,
    (S.DEPLOY_FAILED, S.TRAINED): DEPLOYED_AGAIN,
}


def wording_for(facts: Facts) -> Wording | None:
    """Return the wording for a change, or None if it needs no notice."""
    state = facts.change.state
    wording = _SPECIAL.get((facts.previous or state, state), WORDINGS.get(state))
    return wording if wording and wording.when(facts) else None
