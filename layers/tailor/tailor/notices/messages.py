"""Compose the message for a run's change or a job's stall: what happened, what it means, the next step."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, NamedTuple
from urllib.parse import quote

from tailor.commands import addressed
from tailor.events import BudgetReached, OrphanFound, UploadAnswered
from tailor.notices.facts import Facts, capital, sentence
from tailor.notices.figures import Field
from tailor.notices.stalls import ENDLESS, after_stall, stall_title
from tailor.notices.wordings import Severity, wording_for
from tailor.printable import one_line, printable
from tailor.runs import Change, Run, State


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Reader:
    """How the reader of a notice reaches what it speaks of.

    ``command``: start of commands (:mod:`tailor.commands`). ``reports_url``, ``console_url``: where reports and the
    console are; empty for no links.
    """

    command: str = "tailor"
    reports_url: str = ""
    console_url: str = ""

    def run_link(self, run_id: str) -> list[Link]:
        """Return a link to the run's page of the console, if there is one."""
        return [Link("Open the run", f"{self.console_url}#/runs/{quote(run_id)}")] if self.console_url else []


PLAIN = Reader()


@dataclass(frozen=True, slots=True)
class Message:
    """A notice about one change of a run, or about an upload. ``text`` and ``next_step`` are whole sentences without
    markup.

    ``stall``: what has stalled since the change (``waiting-warn``); empty if the message is about the change itself.
    ``answer``: identifies the answer to an upload that starts no run, a budget that is reached, or what no run needs at
    Bedrock (``topic``); there is no ``state`` then.
    """

    run: str
    project: str
    dataset: str
    state: State | None
    sequence: int
    at: datetime
    severity: Severity
    title: str
    text: str
    next_step: str
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    mention: str | None = None
    stall: str = ""
    answer: str = ""
    topic: Literal["upload", "budget", "leftover"] = "upload"

    @property
    def id(self) -> str:
        """Identifies the notice; the same for every delivery."""
        return self.answer or f"{self.run}-{self.sequence}" + (f"-{self.stall}" if self.stall else "")

    @property
    def event(self) -> str:
        """The event in one word: the new state, ``stalled``, ``upload``, ``budget`` or ``leftover``."""
        return "stalled" if self.stall else self.state.value if self.state else self.topic

    @property
    def about(self) -> str:
        """Name the run, or say that there is none."""
        others = {"upload": "An upload", "budget": "A budget", "leftover": "A leftover"}
        return f"Run {self.run}" if self.run else others[self.topic]


def message_for(run: Run, change: Change, reader: Reader = PLAIN) -> Message | None:
    """Return the message for a change, or None if the change needs no notice."""
    facts = Facts(run, change)
    wording = wording_for(facts)
    if wording is None:
        return None
    fields = [field for make in wording.fields for field in make(facts) if field.value]
    links = reader.run_link(run.id)
    if wording.report and reader.reports_url:
        folder = run.results if wording.report == "evaluation" else f"{run.files}{wording.report}/"
        links.append(Link("Open the report", reader.reports_url + quote(f"{folder}report.html")))
    text = f"{wording.text(facts)}{_newer(facts)}"
    told = _Told(wording.severity, wording.title, text, wording.next_step(facts), tuple(fields))
    return replace(_message(run, change, told, reader), links=tuple(links))


_WITH_NEWER = frozenset(
    {State.TRAINED, State.TRAINING_FAILED, State.DEPLOY_FAILED}
    | {State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED}
)


def _newer(facts: Facts) -> str:
    """Return a sentence about newer data in the folder of a run that trained when they came."""
    run = facts.run
    if not run.newer or facts.change.state not in _WITH_NEWER:
        return ""
    return f" The folder was changed since this training began: run {run.newer} has the newer data."


def message_for_stall(run: Run, reader: Reader = PLAIN) -> Message | None:
    """Return the message for the run's current stall; None if it is over, or if the stop of the run reports it."""
    if run.stall is None:
        return None
    level, phase = run.stall.level, run.stall.phase
    told_by_the_stop = level == "stuck" and run.recipe.patience.stop and phase not in ENDLESS
    if level == "wait" or told_by_the_stop:
        return None
    stuck = level == "stuck"
    fields = (("Method", run.recipe.method), ("Base model", run.recipe.model), ("ARN", _stalled(run, phase)))
    told = _Told(
        "error" if stuck else "warning",
        stall_title(phase, stuck=stuck),
        sentence(run.stall.message),
        after_stall(run, phase),
        tuple(Field(label, value) for label, value in fields if value),
    )
    message = _message(run, run.history[-1], told, reader)
    return replace(message, at=run.stall.at, stall=f"{phase}-{level}", links=tuple(reader.run_link(run.id)))


_TITLES = {"still-filling": "an upload has no end", "same-content": "nothing new was uploaded"}


def message_for_upload(answer: UploadAnswered, reader: Reader = PLAIN) -> Message:
    """Return the message for an upload that starts no run."""
    title = _TITLES.get(answer.code, "an upload started nothing")
    fields = (("Folder", answer.folder), ("Objects", f"{answer.objects:,}"), ("Code", answer.code))
    return Message(
        run="",
        project=answer.project,
        dataset=answer.dataset or "none",
        state=None,
        sequence=0,
        at=answer.at,
        severity=answer.severity,
        title=one_line(f"{answer.project}: {title}"),
        text=printable(addressed(sentence(capital(answer.message)), reader.command)),
        next_step=printable(addressed(sentence(capital(answer.fix)), reader.command)),
        fields=tuple(Field(label, printable(value)) for label, value in fields),
        answer=answer.id,
    )


def message_for_budget(reached: BudgetReached, reader: Reader = PLAIN) -> Message:
    """Return the message for a budget of calls of which a share is used."""
    stopped = reached.percent >= 100
    whose = f"key {reached.owner}" if reached.kind == "key" else f"project {reached.owner}"
    used = f"The calls of {whose} cost ${reached.spent:.2f} of their budget of ${reached.limit:.2f} in {reached.month}"
    what = "apps get the error insufficient_quota until the month ends (UTC)" if stopped else "nothing is stopped yet"
    raised = f"tailor budget {reached.project} DOLLARS sets another one"
    if reached.kind == "key":
        raised = "a key with another budget is made by tailor keys create"
    return Message(
        run="",
        project=reached.project,
        dataset="none",
        state=None,
        sequence=0,
        at=reached.at,
        severity="error" if stopped else "warning",
        title=one_line(f"{reached.project}: {'a' if stopped else f'{reached.percent} % of a'} budget is used up"),
        text=printable(f"{used}: {what}."),
        next_step=printable(addressed(f"tailor usage {reached.project} shows what cost it; {raised}.", reader.command)),
        fields=(Field("Budget", f"${reached.limit:.2f}"), Field("Spent", f"${reached.spent:.2f}")),
        answer=f"budget-{reached.kind}-{reached.owner}-{reached.month}-{reached.percent}-{reached.limit:.2f}",
        topic="budget",
    )


def message_for_orphan(orphan: OrphanFound, reader: Reader = PLAIN) -> Message:
    """Return the message for something at Bedrock that no run needs."""
    title = f"{orphan.what} {'was removed' if orphan.removed else 'is left over'}"
    text = f"{capital(orphan.what)} of this stack {'was removed' if orphan.removed else 'is at Bedrock'}: {orphan.why}"
    next_step = f"It is removed by itself once it is {orphan.hours:g} hours old. tailor bill lists all that bills."
    if orphan.removed:
        next_step = "Nothing to do. tailor bill lists all that bills."
    return Message(
        run=orphan.run,
        project=orphan.project,
        dataset="none",
        state=None,
        sequence=0,
        at=orphan.at,
        severity="warning",
        title=one_line(f"{orphan.project}: {title}"),
        text=printable(sentence(text)),
        next_step=printable(addressed(next_step, reader.command)),
        fields=(Field("ARN", printable(orphan.arn)), *([Field("Run", orphan.run)] if orphan.run else [])),
        links=tuple(reader.run_link(orphan.run) if orphan.run else ()),
        answer=orphan.id,
        topic="leftover",
    )


def _stalled(run: Run, phase: str) -> str | None:
    """Return the ARN of what does not progress, if it has one."""
    if phase in ("room", "deploying", "idle"):
        return run.deployment.arn if run.deployment else None
    if run.job is None:
        return None
    return run.job.model_arn if phase == "model" else run.job.arn


class _Told(NamedTuple):
    severity: Severity
    title: str
    text: str
    next_step: str
    fields: tuple[Field, ...]


def _message(run: Run, change: Change, told: _Told, reader: Reader) -> Message:
    return Message(
        run=run.id,
        project=run.project,
        dataset=run.dataset,
        state=change.state,
        sequence=change.sequence,
        at=change.at,
        severity=told.severity,
        title=one_line(f"{run.project}: {told.title}"),
        text=printable(addressed(told.text, reader.command)),
        next_step=printable(addressed(told.next_step, reader.command)),
        fields=tuple(replace(field, value=printable(addressed(field.value, reader.command))) for field in told.fields),
        mention=run.recipe.notifications.mention if told.severity == "error" else None,
    )
