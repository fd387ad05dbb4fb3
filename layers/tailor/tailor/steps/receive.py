"""Record the folders in which objects were created or deleted, and schedule a look at each once it is quiet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from tailor.events import ObjectEvent
from tailor.runs import insist
from tailor.steps.filling import Arrival, Folder, FolderStore, Quiet, WakeUps, by_place

AT_ONCE = timedelta()


@dataclass(slots=True)
class Received:
    """Result of a batch of queue messages.

    Attributes:
        ignored: number of messages about nothing that a dataset is made of.
        folders: number of folders that were touched.
        failed: ids of messages that the queue must deliver again; ``problems`` says why.
    """

    ignored: int = 0
    folders: int = 0
    failed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def receive_messages(
    records: Iterable[dict[str, Any]], *, folders: FolderStore, wake_ups: WakeUps, quiet: Quiet, now: datetime
) -> Received:
    """Record a batch of queue messages, each an S3 event, with one write for each folder. The bucket is not read.

    A message that can't be read, and all messages of a folder for which something went wrong, are left to the queue:
    it delivers them again, and after some times moves them to its dead-letter queue. The others are done.

    Args:
        records: ``Records`` of Lambda's event for an SQS queue.
    """
    received = Received()
    arrivals: list[tuple[str, Arrival]] = []
    for record in records:
        try:
            arrival = _arrival(record["body"])
        except ValidationError as error:
            wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
            received.problems.append(f"message {record['messageId']} is no S3 event: {wrong}")
            received.failed.append(record["messageId"])
            continue
        if arrival is None:
            received.ignored += 1
        else:
            arrivals.append((record["messageId"], arrival))
    for place, told in by_place(arrivals).items():
        received.folders += 1
        try:
            touch(place, [*told.values()], folders=folders, wake_ups=wake_ups, quiet=quiet, now=now)
        except Exception as error:  # a bug that one folder meets must not hold up all others
            received.problems.append(f"{place}: {getattr(error, 'code', 'internal-error')}: {error}")
            received.failed += told
    return received


def touch(
    place: str, arrivals: Sequence[Arrival], *, folders: FolderStore, wake_ups: WakeUps, quiet: Quiet, now: datetime
) -> Folder:
    """Return a folder's record after these arrivals.

    The wake-up for a folder that begins to fill is sent before the record says so: who is cut short in between leaves
    one wake-up too many, and none too few.
    """

    def act() -> Folder:
        first = min(arrival.at for arrival in arrivals)
        known = folders.get(place) or Folder(folder=place, first_at=first, last_at=first)
        touched = known.touched(arrivals, quiet, now)
        if not known.is_filling:
            wake_ups.send(place, quiet.period(touched))
        return folders.save(touched)

    touched = insist(act)
    if touched.done:
        wake_ups.send(place, AT_ONCE)
    return touched


def _arrival(body: str) -> Arrival | None:
    """Return what a message announces; None if it affects no dataset. Raises ValidationError."""
    event = ObjectEvent.model_validate_json(body)
    if event.detail.reason == "Lifecycle Expiration":  # of versions that were replaced long ago
        return None
    found = event.detail.object
    return Arrival.of(found.key, found.size, event.time, created=event.detail_type == "Object Created")
