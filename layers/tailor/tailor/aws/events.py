"""Tailor's own event bus."""

from collections.abc import Sequence

from tailor.aws.clients import client
from tailor.aws.failures import translated
from tailor.errors import RetryableError
from tailor.events import SOURCE, BudgetReached, OrphanFound, RunChanged, UploadAnswered

_MAX_ENTRIES = 10  # of one PutEvents call


class EventBus:
    """Publishes Tailor's own events."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._events = client("events")

    def send(
        self, detail_type: str, changes: Sequence[RunChanged | UploadAnswered | BudgetReached | OrphanFound]
    ) -> None:
        """Publish an event of ``detail_type`` for each change. Raises tailor.errors."""
        entries = [
            {
                "EventBusName": self._name,
                "Source": SOURCE,
                "DetailType": detail_type,
                "Detail": change.model_dump_json(),
                "Time": change.at,
                "Resources": [],
            }
            for change in changes
        ]
        for start in range(0, len(entries), _MAX_ENTRIES):
            with translated("announcing changes"):
                answer = self._events.put_events(Entries=entries[start : start + _MAX_ENTRIES])
            if answer["FailedEntryCount"]:
                codes = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
                raise RetryableError(f"the event bus refused {answer['FailedEntryCount']} events: {', '.join(codes)}")
