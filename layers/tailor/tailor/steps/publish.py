"""The outbox: each new entry of a run's history, and each new stall of its job, goes out on the event bus, once for
each time the stream shows it."""

from collections.abc import Sequence
from typing import Protocol

from tailor.events import RUN_CHANGED, RUN_STALLED, RunChanged, changes_between, stall_between
from tailor.runs import Run


class Bus(Protocol):
    """Tailor's event bus."""

    def send(self, detail_type: str, changes: Sequence[RunChanged]) -> None:
        """Raises RetryableError where any of them was not taken."""


def publish(old: Run | None, new: Run, *, bus: Bus) -> list[RunChanged]:
    """Announces what the stream's record shows; returns what it announced."""
    changes = changes_between(old, new)
    if changes:
        bus.send(RUN_CHANGED, changes)
    stall = stall_between(old, new)
    if stall:
        bus.send(RUN_STALLED, [stall])
    return [*changes, *([stall] if stall else [])]
