"""Compose the message for a run's change or a job's stall: what happened, what it means, the next step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import ModuleType
from typing import Literal, NamedTuple
from urllib.parse import quote

from tailor.commands import addressed
from tailor.events import BudgetReached, OrphanFound, UploadAnswered
from tailor.notices import stalls, vietnamese_others, vietnamese_stalls
from tailor.notices.facts import Facts, capital, dollars, sentence
from tailor.notices.figures import Field
from tailor.notices.stalls import ENDLESS
from tailor.notices.vietnamese import PHRASES, Phrases
from tailor.notices.vietnamese_facts import VietnameseFacts, usd
from tailor.notices.wordings import Severity, Wording, wording_for
from tailor.notices.words import WORDS, Language
from tailor.printable import one_line, printable
from tailor.runs import Change, Run, State
from tailor.vietnamese import in_vietnamese


@dataclass(frozen=True, slots=True)
class NoticeLink:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Reader:
    """The reader's language, and how the reader starts commands and opens reports.

    ``command``: start of commands (:mod:`tailor.commands`). ``reports_url``, ``console_url``: where reports and the
    console are; empty for no links. ``language``: where a recipe names none.
    """

    command: str = "tailor"
    reports_url: str = ""
    console_url: str = ""
    language: Language = "en"

    def for_run(self, run: Run) -> "Reader":
        """Return the reader with the language that the run's recipe asks for."""
        return replace(self, language=run.recipe.notifications.language or self.language)

    def run_link(self, run_id: str) -> list[NoticeLink]:
        """Return a link to the run's page of the console, if there is one."""
        label = WORDS[self.language].open_run
        return [NoticeLink(label, f"{self.console_url}#/runs/{quote(run_id)}")] if self.console_url and run_id else []

    def field(self, label: str, value: str) -> Field:
        """Return a labelled value, given with the English label and commands without a stack."""
        return Field(WORDS[self.language].label(label), printable(addressed(value, self.command)))

    def text(self, text: str) -> str:
        """Return a sentence with commands as the reader begins them."""
        return printable(addressed(text, self.command))


PLAIN = Reader()
NO_DATASET = "none"  # programs get it in place of a name


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice about one change of a run, or about an upload.

    ``text`` and ``next_step`` are whole sentences without markup.
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
    links: tuple[NoticeLink, ...] = ()
    mention: str | None = None
    stall: str = ""
    answer: str = ""
    topic: Literal["upload", "budget", "leftover", "digest"] = "upload"
    language: Language = "en"

    @property
    def id(self) -> str:
        """Return the notice's id, which is the same for every delivery."""
        return self.answer or f"{self.run}-{self.sequence}" + (f"-{self.stall}" if self.stall else "")

    @property
    def event(self) -> str:
        """Return the event: the new state, ``stalled``, ``upload``, ``budget``, ``leftover`` or ``digest``."""
        return "stalled" if self.stall else self.state.value if self.state else self.topic

    @property
    def about(self) -> str:
        """Return a phrase that names the run, or says what the notice is about instead."""
        words = WORDS[self.language]
        return f"{words.run} {self.run}" if self.run else words.no_run[self.topic]

    @property
    def of_dataset(self) -> str:
        """Return a phrase that names the dataset; empty if there is none."""
        return "" if self.dataset == NO_DATASET else f"{WORDS[self.language].dataset} {self.dataset}"


def message_for(run: Run, change: Change, reader: Reader = PLAIN) -> Notice | None:
    """Return the message for a change, or None if the change needs no notice."""
    reader = reader.for_run(run)
    facts = (VietnameseFacts if reader.language == "vi" else Facts)(run, change)
    found = wording_for(facts)
    if found is None:
        return None
    name, wording = found
    words: Phrases | Wording = PHRASES[name] if reader.language == "vi" else wording
    fields = [(field.label, field.value) for make in wording.fields for field in make(facts) if field.value]
    links = reader.run_link(run.id)
    if wording.report and reader.reports_url:
        folder = run.results if wording.report == "evaluation" else f"{run.files}{wording.report}/"
        page = reader.reports_url + quote(f"{folder}report.html")
        links.append(NoticeLink(WORDS[reader.language].open_report, page))
    text = f"{words.text(facts)}{_newer(facts, reader.language)}"
    told = _Told(wording.severity, words.title, text, words.next_step(facts), fields)
    return replace(_message(run, change, told, reader), links=tuple(links))


_WITH_NEWER = frozenset(
    {State.TRAINED, State.TRAINING_FAILED, State.DEPLOY_FAILED}
    | {State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED}
)


def _newer(facts: Facts, language: Language) -> str:
    """Return a sentence about newer data for a run that was training when it arrived."""
    run = facts.run
    if not run.newer or facts.change.state not in _WITH_NEWER:
        return ""
    if language == "vi":
        return f" Thư mục đã thay đổi từ khi bắt đầu huấn luyện: lượt chạy {run.newer} có dữ liệu mới hơn."
    return f" The folder was changed since this training began: run {run.newer} has the newer data."


def message_for_stall(run: Run, reader: Reader = PLAIN) -> Notice | None:
    """Return the message for the run's current stall; None if it is over, or if the stop of the run reports it."""
    if run.stall is None:
        return None
    level, phase = run.stall.level, run.stall.phase
    told_by_the_stop = level == "stuck" and run.recipe.patience.stop and phase not in ENDLESS
    if level == "wait" or told_by_the_stop:
        return None
    stuck, reader = level == "stuck", reader.for_run(run)
    fields = (("Method", run.recipe.method), ("Base model", run.recipe.model), ("ARN at AWS", _stalled(run, phase)))
    words: ModuleType = stalls
    message = run.stall.message
    if reader.language == "vi":
        words, message = vietnamese_stalls, capital(in_vietnamese(message.rstrip(".")))
    told = _Told(
        "error" if stuck else "warning",
        words.stall_title(phase, stuck=stuck),
        sentence(message),
        words.after_stall(run, phase),
        [(label, value) for label, value in fields if value],
    )
    notice = _message(run, run.history[-1], told, reader)
    return replace(notice, at=run.stall.at, stall=f"{phase}-{level}", links=tuple(reader.run_link(run.id)))


_TITLES = {"still-filling": "an upload does not finish", "same-content": "nothing new was uploaded"}


def message_for_upload(answer: UploadAnswered, reader: Reader = PLAIN) -> Notice:
    """Return the message for an upload that starts no run."""
    title = _TITLES.get(answer.code, "an upload started no run")
    words = (title, sentence(capital(answer.message)), sentence(capital(answer.fix)))
    fields = [("Folder", answer.folder), ("Files", f"{answer.objects:,}"), ("Kind of finding", answer.code)]
    notice = beside_runs(
        answer.project,
        answer.at,
        vietnamese_others.upload(answer) if reader.language == "vi" else words,
        fields,
        reader,
    )
    dataset = answer.dataset or notice.dataset
    return replace(notice, dataset=dataset, severity=answer.severity, answer=answer.id, topic="upload")


def message_for_budget(reached: BudgetReached, reader: Reader = PLAIN) -> Notice:
    """Return the message for a budget of which a notable share is used."""
    stopped = reached.percent >= 100
    whose = f"key {reached.owner}" if reached.kind == "key" else f"project {reached.owner}"
    used = f"Calls of {whose} have cost ${reached.spent:.2f} of their budget of ${reached.limit:.2f} in {reached.month}"
    what = "apps get the error insufficient_quota until the month ends (UTC)" if stopped else "nothing is stopped yet"
    raised = f"tailor budget {reached.project} DOLLARS changes the budget"
    if reached.kind == "key":
        raised = "tailor keys create makes a key with another budget"
    title = f"{'a' if stopped else f'{reached.percent} % of a'} budget is used up"
    words = (title, f"{used}: {what}.", f"tailor usage {reached.project} shows what it was spent on; {raised}.")
    amount: Callable[[Decimal], str] = dollars
    if reader.language == "vi":
        words, amount = vietnamese_others.budget(reached), usd
    fields = [("Budget", amount(reached.limit)), ("Spent", amount(reached.spent))]
    return replace(
        beside_runs(reached.project, reached.at, words, fields, reader),
        severity="error" if stopped else "warning",
        answer=f"budget-{reached.kind}-{reached.owner}-{reached.month}-{reached.percent}-{reached.limit:.2f}",
        topic="budget",
    )


def message_for_orphan(orphan: OrphanFound, reader: Reader = PLAIN) -> Notice:
    """Return the message for a resource at Bedrock that no run needs."""
    title = f"{orphan.what} {'was removed' if orphan.removed else 'is left over'}"
    fate = "was removed" if orphan.removed else "still exists at Bedrock"
    text = f"{capital(orphan.what)} of this stack {fate}: {orphan.why}"
    next_step = "Nothing to do." if orphan.removed else f"It is removed automatically when {orphan.hours:g} hours old."
    next_step += " tailor bill lists everything that is billed."
    words = (title, sentence(text), next_step)
    if reader.language == "vi":
        words = vietnamese_others.orphan(orphan)
    fields = [("ARN at AWS", orphan.arn), *([("Run", orphan.run)] if orphan.run else [])]
    return replace(
        beside_runs(orphan.project, orphan.at, words, fields, reader),
        run=orphan.run,
        links=tuple(reader.run_link(orphan.run)),
        answer=orphan.id,
        topic="leftover",
    )


def beside_runs(
    project: str, at: datetime, words: tuple[str, str, str], fields: Sequence[tuple[str, str]], reader: Reader
) -> Notice:
    """Return a notice that is not about a run's change: a warning with title, text and next step."""
    title, text, next_step = words
    return Notice(
        run="",
        project=project,
        dataset=NO_DATASET,
        state=None,
        sequence=0,
        at=at,
        severity="warning",
        title=one_line(f"{project}: {title}"),
        text=reader.text(text),
        next_step=reader.text(next_step),
        fields=tuple(reader.field(label, value) for label, value in fields),
        language=reader.language,
    )


def _stalled(run: Run, phase: str) -> str | None:
    """Return the ARN of what makes no progress, if it has one."""
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
    fields: list[tuple[str, str]]


def _message(run: Run, change: Change, told: _Told, reader: Reader) -> Notice:
    return Notice(
        run=run.id,
        project=run.project,
        dataset=run.dataset,
        state=change.state,
        sequence=change.sequence,
        at=change.at,
        severity=told.severity,
        title=one_line(f"{run.project}: {told.title}"),
        text=reader.text(told.text),
        next_step=reader.text(told.next_step),
        fields=tuple(reader.field(label, value) for label, value in told.fields),
        mention=run.recipe.notifications.mention if told.severity == "error" else None,
        language=reader.language,
    )
