"""Publish each new entry of a run's history, and each new stall, on the event bus (the outbox pattern).

The stream may show a record twice; it is published as often.
"""

from collections.abc import Sequence
from typing import Protocol

from tailor.events import RUN_CHANGED, RUN_STALLED, RunChanged, changes_between, stall_between
from tailor.runs import Run, State


class Bus(Protocol):
    """Tailor's event bus."""

    def send(self, detail_type: str, changes: Sequence[RunChanged]) -> None:
        """Send events. Raises RetryableError if any of them was not accepted."""


def publish(old: Run | None, new: Run, *, bus: Bus) -> list[RunChanged]:
    """Publish what a stream record shows, and return it."""
    changes = changes_between(old, new)
    if changes:
        bus.send(RUN_CHANGED, changes)
    stall = stall_between(old, new)
    if stall:
        bus.send(RUN_STALLED, [stall])
    return [*changes, *([stall] if stall else [])]


def times_in_states(old: Run | None, new: Run) -> list[tuple[State, float]]:
    """Return each state that the run has left according to a stream record, with the seconds it spent there."""
    seen = len(old.history) if old else 0
    pairs = list(zip(new.history, new.history[1:], strict=False))[max(seen - 1, 0) :]
    return [(before.state, (after.at - before.at).total_seconds()) for before, after in pairs]
