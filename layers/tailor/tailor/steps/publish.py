"""The outbox: each new entry of a run's history goes out on the event bus, once for each time the stream shows it."""

from typing import Protocol

from tailor.events import RUN_CHANGED, RunChanged, changes_between
from tailor.runs import Run


class Bus(Protocol):
    """Tailor's event bus."""

    def send(self, detail_type: str, changes: list[RunChanged]) -> None:
        """Raises RetryableError where any of them was not taken."""


def publish(old: Run | None, new: Run, *, bus: Bus) -> list[RunChanged]:
    """Announces what the stream's record shows; returns what it announced."""
    changes = changes_between(old, new)
    if changes:
        bus.send(RUN_CHANGED, changes)
    return changes
