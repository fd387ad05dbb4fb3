"""Send one digest instead of many notices if many runs of a project change within a short time.

Notices of severity info are routine: what waits for a person, failed, stalled or is live always has its own notice.
After five runs of one audience within ten minutes, the routine notices of these ten minutes are collected, and sent as
one at their end.
"""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from tailor.notices.facts import capital
from tailor.notices.messages import Notice, Reader, beside_runs
from tailor.notices.vietnamese_facts import whole
from tailor.notices.words import WORDS, Language, at_local_time
from tailor.runs import State

DIGEST_DUE = "Digest Due"
MOST_RUNS = 5
MINUTES = 10
GRACE = timedelta(seconds=15)  # what was read just before the end is collected by then
NAMES = 10  # datasets that a line names


@dataclass(frozen=True, slots=True)
class Window:
    """Ten minutes of notices for the same people: one project, one language, Slack or the other channels."""

    project: str
    language: Language
    slack: bool
    begins: str

    @classmethod
    def at(cls, now: datetime, project: str, language: Language, *, slack: bool) -> "Window":
        """Return the window of a time. Windows begin at each full ten minutes."""
        begins = now.astimezone(UTC).replace(minute=now.minute // MINUTES * MINUTES, second=0, microsecond=0)
        return cls(project, language, slack, begins.isoformat())

    @property
    def id(self) -> str:
        return f"digest-{self.project}-{self.language}-{'all' if self.slack else 'noslack'}-{self.begins}"

    def seconds_left(self, now: datetime) -> int:
        """Return the seconds until the collected lines are sent."""
        ends = datetime.fromisoformat(self.begins) + timedelta(minutes=MINUTES) + GRACE
        return max(0, round((ends - now).total_seconds()))

    def event(self) -> dict[str, object]:
        """Return the event that requests the digest."""
        return {"detail-type": DIGEST_DUE, "detail": asdict(self)}


@dataclass(frozen=True, slots=True, order=True)
class Moved:
    """A change that is reported in a digest."""

    run: str
    sequence: int
    dataset: str
    state: str

    @classmethod
    def of(cls, notice: Notice) -> "Moved":
        return cls(notice.run, notice.sequence, notice.dataset, str(notice.state))

    def line(self) -> str:
        return json.dumps([self.run, self.sequence, self.dataset, self.state], ensure_ascii=False)

    @classmethod
    def read(cls, line: str) -> "Moved":
        return cls(*json.loads(line))


class Collection(Protocol):
    """Storage of windows and the changes in them. Every method is idempotent."""

    def runs(self, window: Window, run: str) -> int:
        """Record that a run changed; return how many have."""

    def collect(self, window: Window, line: str) -> None:
        """Add a line to the digest."""

    def lines(self, window: Window) -> Iterable[str]:
        """Return the collected lines."""


class Later(Protocol):
    def __call__(self, event: dict[str, object], seconds: int) -> None:
        """Deliver an event to this function again after a delay."""


def is_routine(notice: Notice) -> bool:
    """Return whether a notice can wait for a digest."""
    return notice.state is not None and notice.severity == "info" and not notice.stall


def is_collected(notice: Notice, window: Window, collection: Collection, later: Later, now: datetime) -> bool:
    """Return whether a routine notice was added to the digest because many runs change. The digest is requested first,
    so that it is sent even if this invocation is cut short."""
    if collection.runs(window, notice.run) <= MOST_RUNS:
        return False
    if not any(True for _ in collection.lines(window)):
        later(window.event(), window.seconds_left(now))
    collection.collect(window, Moved.of(notice).line())
    return True


def message_for_digest(window: Window, lines: Iterable[str], reader: Reader) -> Notice | None:
    """Return the digest of a window; None if it is empty."""
    last = {moved.run: moved for moved in sorted(map(Moved.read, lines))}
    if not last:
        return None
    begins = datetime.fromisoformat(window.begins)
    words, amounts = WORDS[window.language], Counter(moved.state for moved in last.values())
    counts = ", ".join(f"{count} {words.states[State(state)]}" for state, count in amounts.most_common())
    if window.language == "vi":
        told = (
            f"{whole(len(last))} lượt chạy có thay đổi",
            f"Từ {at_local_time(begins)} có {whole(len(last))} lượt chạy thay đổi: {counts}.",
            f"Bạn không cần làm gì: việc cần bạn luôn có tin riêng. tailor runs {window.project} liệt kê tất cả.",
        )
    else:
        told = (
            f"{len(last):,} runs changed",
            f"{len(last):,} runs changed in the {MINUTES} minutes from {begins:%H:%M} UTC: {counts}.",
            f"Nothing to do: what needs you always has its own notice. tailor runs {window.project} lists them.",
        )
    fields = [(capital(words.states[State(state)]), _names(last.values(), state)) for state, _ in amounts.most_common()]
    notice = beside_runs(window.project, begins + timedelta(minutes=MINUTES), told, fields, reader)
    return replace(notice, severity="info", answer=window.id, topic="digest")


def _names(moved: Iterable[Moved], state: str) -> str:
    """Return the names of the datasets in a state, the first ten in alphabetical order."""
    names = sorted({each.dataset for each in moved if each.state == state})
    more = f" + {len(names) - NAMES}" if len(names) > NAMES else ""
    return f"{', '.join(names[:NAMES])}{more}"
