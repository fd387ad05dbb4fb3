"""From one change of a run to a message: what happened, what it means, what comes next."""

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from tailor.notices.facts import Facts
from tailor.notices.wordings import WORDINGS, Field, Severity
from tailor.runs import Change, Run, State


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """One change of one run, for people. ``text`` and ``next_step`` are whole sentences without markup."""

    run: str
    project: str
    dataset: str
    state: State
    sequence: int
    at: datetime
    severity: Severity
    title: str
    text: str
    next_step: str
    fields: tuple[Field, ...] = ()
    links: tuple[Link, ...] = ()
    mention: str | None = None

    @property
    def id(self) -> str:
        """Names the change once and for all; the same however often it is sent."""
        return f"{self.run}-{self.sequence}"


def message_for(run: Run, change: Change, *, reports_url: str = "") -> Message | None:
    """None where nobody needs to hear of the change.

    ``reports_url`` is what the key of a report is appended to for a link; empty for no links.
    """
    wording = WORDINGS.get(change.state)
    facts = Facts(run, change)
    # Nobody waits for a run that another one took over before it began.
    taken_over = change.state == State.STOPPED and change.by == "prepare" and facts.previous == State.PREPARING
    if wording is None or taken_over:
        return None
    fields = [field for make in wording.fields for field in make(facts) if field.value]
    links = []
    if wording.report:
        key = f"{run.files}{wording.report}/report.html"
        fields.append(Field("Report", key))
        if reports_url:
            links.append(Link("Open the report", reports_url + quote(key)))
    return Message(
        run=run.id,
        project=run.project,
        dataset=run.dataset,
        state=change.state,
        sequence=change.sequence,
        at=change.at,
        severity=wording.severity,
        title=f"{run.project}: {wording.title}",
        text=wording.text(facts),
        next_step=wording.next_step(facts),
        fields=tuple(fields),
        links=tuple(links),
        mention=run.recipe.notifications.mention if wording.severity == "error" else None,
    )
