"""Texts of notices, by state: what happened and what it means, the next step, the figures.

:data:`WORDINGS` lists the states with a notice. The others (``received``, ``preparing``, ``deploying``, ``deployed``,
``standby``, and ``restoring`` unless a live version was lost) lead to one of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tailor.notices import figures, texts
from tailor.notices.facts import Facts
from tailor.notices.figures import Field
from tailor.runs import State

Severity = Literal["info", "success", "warning", "error"]


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


def _always(text: str) -> Callable[[Facts], str]:
    return lambda _: text


WORDINGS: Mapping[State, Wording] = {
    State.PREPARED: Wording(
        "info",
        "data is ready",
        texts.prepared,
        texts.after_prepared,
        (figures.data, figures.quote, figures.advice, figures.model),
        "report",
    ),
    State.REJECTED: Wording(
        "error",
        "data can't be used",
        texts.rejected,
        _always("Correct what the report lists and upload again: that starts a new run."),
        (figures.data, figures.findings),
        "report",
    ),
    State.AWAITING_APPROVAL: Wording(
        "warning",
        "training waits for your approval",
        texts.awaiting,
        texts.after_awaiting,
        (figures.quote, figures.advice, figures.data, figures.model),
        "report",
    ),
    State.APPROVED: Wording(
        "info",
        "training was approved",
        lambda facts: texts.joined(
            f"{facts.change.by} approved the run" if facts.is_by_person else "Training may start", texts.reason(facts)
        ),
        _always("Training starts now, or as soon as Bedrock's quotas and the monthly limits allow."),
        (figures.quote,),
    ),
    State.DECLINED: Wording(
        "warning",
        "training was declined",
        texts.declined,
        lambda facts: (
            f"To request approval again: tailor retry {facts.run.id}, which keeps the prepared data and the quote."
        ),
        (figures.quote,),
    ),
    State.SUPERSEDED: Wording(
        "info",
        "newer data replaces this run",
        texts.superseded,
        lambda facts: (
            "Nothing to do: the newer data is checked and quoted automatically, and you are asked again if approval is "
            f"needed. If it turns out to be unusable, tailor retry {facts.run.id} continues with this run's data."
        ),
        # People were not yet notified of a run that was not checked.
        when=lambda facts: facts.previous not in (State.RECEIVED, State.PREPARING),
    ),
    State.TRAINING: Wording(
        "info",
        "training has started",
        texts.training,
        lambda facts: f"This often takes hours; a notice follows when it ends. tailor stop {facts.run.id} stops it.",
        (figures.model, figures.quote),
    ),
    State.TRAINED: Wording(
        "info",
        "training has finished",
        texts.trained,
        _always("It is now deployed and asked the held-out questions, as is its base model."),
        (figures.losses, figures.spent),
    ),
    State.TRAINING_FAILED: Wording(
        "error",
        "training failed",
        lambda facts: texts.joined("There is no model", texts.reason(facts)),
        texts.after_training_failed,
        (figures.model, figures.spent),
    ),
    State.STOPPED: Wording(
        "warning",
        "the run was stopped",
        texts.stopped,
        lambda facts: (
            f"Nothing is running any more. To start again: tailor retry {facts.run.id}, or upload your changes."
        ),
        (figures.spent,),
        # In earlier versions a run could be replaced before it began; nobody waits for such a run.
        when=lambda facts: not (facts.change.by == "prepare" and facts.previous == State.PREPARING),
    ),
    State.DEPLOY_FAILED: Wording(
        "error",
        "the model could not be deployed",
        texts.deploy_failed,
        lambda facts: (
            "The trained model is kept. tailor doctor checks permissions and quotas; then "
            f"tailor retry {facts.run.id} deploys it again, without training it again."
        ),
        (figures.model, figures.spent),
    ),
    State.EVALUATING: Wording(
        "info",
        "the new model is measured again",
        lambda facts: texts.joined("The new model does not go live yet", texts.reason(facts)),
        texts.after_measured_again,
        when=lambda facts: facts.previous == State.PASSED,
    ),
    State.PASSED: Wording(
        "success",
        "the new model is better",
        texts.verdict("The new model passed its evaluation"),
        texts.after_passed,
        (figures.measure, figures.spent),
        "evaluation",
    ),
    State.FAILED: Wording(
        "warning",
        "the new model is not better",
        texts.verdict("The new model did not pass its evaluation"),
        texts.after_not_passed,
        (figures.measure, figures.spent),
        "evaluation",
    ),
    State.INCONCLUSIVE: Wording(
        "warning",
        "the new model may or may not be better",
        texts.inconclusive,
        texts.after_inconclusive,
        (figures.measure, figures.spent),
        "evaluation",
    ),
    State.EVALUATION_FAILED: Wording(
        "error",
        "the new model could not be measured",
        lambda facts: texts.joined("There is no evidence, so it does not go live", texts.reason(facts)),
        _always("Its deployment is taken down. Nothing changes for apps; the trained model is kept."),
        (figures.model, figures.spent),
    ),
    State.LIVE: Wording(
        "success",
        "the custom model is live",
        texts.live,
        texts.after_live,
        (figures.measure, figures.spent),
        "evaluation",
    ),
    State.PAUSED: Wording(
        "warning",
        "the live version is paused",
        texts.paused,
        texts.after_paused,
        (figures.spent,),
        when=lambda facts: not texts.is_scheduled(facts),
    ),
    State.RETIRED: Wording(
        "info",
        "a version was taken down",
        texts.retired,
        lambda facts: (
            "It answers no more calls. The trained model is kept in Bedrock, which bills its storage by the month; "
            f"tailor promote {facts.run.id} --reason WHY deploys it again and makes it live."
        ),
    ),
}
AGAIN = Wording(
    "info",
    "a run is retried",
    lambda facts: texts.joined(
        f"{facts.change.by} retried run {facts.run.id}", texts.reason(facts) if facts.change.reason else ""
    ),
    _always("Within the budget, training starts automatically; above it, you are asked first."),
    (figures.quote, figures.model),
)
# A live version does not answer: its deployment was deleted from outside.
LOST = Wording(
    "error",
    "the live version does not answer",
    texts.reason,
    lambda facts: (
        "It is deployed again automatically, and a notice follows once it answers. If there is an earlier version, "
        f"tailor rollback {facts.run.project} returns to it at once. CloudTrail shows who deleted the deployment: "
        "look for DeleteCustomModelDeployment."
    ),
)
# The end of a live version: no other version replaces it.
OFFLINE = Wording(
    "warning",
    "the project is offline",
    texts.offline,
    texts.after_offline,
    (figures.spent,),
)

BACK = Wording(
    "success",
    "the live version is back",
    texts.back,
    texts.after_live,
)

DEPLOYED_AGAIN = Wording(
    "info",
    "the deployment is retried",
    texts.deployed_again,
    _always("Once it is deployed, it is asked the held-out questions, as is its base model."),
    (figures.spent,),
)
# Of a run that adopts a model in place of training one.
ADOPTION_WAITS = Wording(
    "warning",
    "an adopted model waits for your approval",
    lambda facts: texts.joined(texts.reason(facts), "Nothing is spent until somebody approves"),
    texts.after_awaiting,
    (figures.quote, figures.advice, figures.data, figures.model),
    "report",
)
ADOPTING = Wording(
    "info",
    "a model made elsewhere is adopted",
    lambda facts: f"Nothing is trained: the model was {facts.origin}.",
    lambda facts: (
        "Once Bedrock has it, it is deployed and asked the held-out questions, next to its base. "
        f"tailor stop {facts.run.id} ends this."
    ),
    (figures.model, figures.quote),
)
NOT_ADOPTED = Wording(
    "error",
    "the model could not be adopted",
    lambda facts: texts.joined("It is neither deployed nor measured", texts.reason(facts)),
    lambda facts: f"Once the cause is mended, tailor retry {facts.run.id} tries it once more.",
    (figures.model, figures.spent),
)
SPECIAL: Mapping[str, Wording] = {
    "adoption-waits": ADOPTION_WAITS,
    "adopting": ADOPTING,
    "not-adopted": NOT_ADOPTED,
    "again": AGAIN,
    "offline": OFFLINE,
    "lost": LOST,
    "back": BACK,
    "deployed-again": DEPLOYED_AGAIN,
}
_NAMES = {
    **{
        (ended, State.PREPARED): "again"
        for ended in (State.STOPPED, State.SUPERSEDED, State.DECLINED, State.TRAINING_FAILED)
    },
    (State.LIVE, State.RETIRED): "offline",
    (State.LIVE, State.RESTORING): "lost",
    (State.DEPLOYING, State.TRAINED): "deployed-again",
    (State.DEPLOY_FAILED, State.TRAINED): "deployed-again",
}


# Names of the wordings of a run that adopts a model; none where the next notice says enough.
_ADOPTED: Mapping[State, str | None] = {
    State.PREPARED: None,
    State.AWAITING_APPROVAL: "adoption-waits",
    State.APPROVED: None,
    State.TRAINING: "adopting",
    State.TRAINED: None,
    State.TRAINING_FAILED: "not-adopted",
}


def wording_for(facts: Facts) -> tuple[str, Wording] | None:
    """Return the name and the wording for a change, or None if it needs no notice."""
    state = facts.change.state
    name = _NAMES.get((facts.previous or state, state), state.value)
    if facts.run.adopted is not None and name == state and state in _ADOPTED:
        own = _ADOPTED[state]
        return None if own is None else (own, SPECIAL[own])
    if state == State.TRAINED and facts.previous in (State.DEPLOYED, State.EVALUATING):
        return None  # its schedule closed: it is measured at the next opening
    if state == State.LIVE and texts.was(facts, State.PAUSED):
        if texts.is_scheduled(facts) and not facts.is_by_person:
            return None
        name = "back"
    wording = SPECIAL.get(name) or WORDINGS.get(state)
    return (name, wording) if wording and wording.when(facts) else None
