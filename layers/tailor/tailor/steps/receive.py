"""Make runs of messages about uploaded objects."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from tailor.events import ObjectCreated
from tailor.names import RECIPE_FILE, DatasetPath
from tailor.runs import Run, RunStore
from tailor.steps.opening import SAME_MOMENT, QuietFolder, open_run
from tailor.storage import StoredFile, VersionedStorage


@dataclass(frozen=True, slots=True)
class Arrival:
    """One object that was uploaded: a recipe or a data file at the top of a dataset's folder."""

    path: DatasetPath
    etag: str
    at: datetime


@dataclass(slots=True)
class Received:
    """Result of a batch of messages.

    Attributes:
        runs: ids of new runs.
        ignored: number of messages that announced no data.
        folders: number of folders that were looked at.
        failed: ids of messages that the queue must deliver again; ``problems`` says why.
    """

    runs: list[str] = field(default_factory=list)
    ignored: int = 0
    folders: int = 0
    failed: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def receive_messages(
    records: Iterable[dict[str, Any]], *, stack: str, bucket: VersionedStorage, runs: RunStore, now: datetime
) -> Received:
    """Make runs of a batch of queue messages, each an S3 event; look at each folder once.

    A message that can't be read, and all messages of a folder for which something went wrong, are left to the queue:
    it delivers them again, and after some times moves them to its dead-letter queue. The others are done.

    Args:
        records: ``Records`` of Lambda's event for an SQS queue.
        stack: the stack's name, from which ids of runs are derived.
    """
    received = Received()
    folders: dict[str, dict[str, Arrival]] = {}  # by prefix, then by message
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
            folders.setdefault(arrival.path.prefix, {})[record["messageId"]] = arrival
    for prefix, arrivals in folders.items():
        received.folders += 1
        try:
            run = receive(prefix, arrivals.values(), stack=stack, bucket=bucket, runs=runs, now=now)
        except Exception as error:  # a bug that one folder meets must not hold up all others
            received.problems.append(f"{prefix}: {getattr(error, 'code', 'internal-error')}: {error}")
            received.failed += arrivals
        else:
            received.runs += [run.id] if run else []
    return received


def _arrival(body: str) -> Arrival | None:
    """Return what a message announces; None for media and whatever else starts no run. Raises ValidationError."""
    event = ObjectCreated.model_validate_json(body)
    path = DatasetPath.parse(event.detail.object.key)
    if path is None or not (path.is_recipe or path.is_data):
        return None
    return Arrival(path, event.detail.object.etag, event.time)


def receive(
    prefix: str, arrivals: Collection[Arrival], *, stack: str, bucket: VersionedStorage, runs: RunStore, now: datetime
) -> Run | None:
    """Return the new run of a folder, or one that is tried again; None where none starts yet, or it exists already.

    Messages wait in the queue, as tools upload in an order of their own. Where a recipe came meanwhile, that one starts
    the run; where a later data file came, that one does, and its message is still on its way.
    """
    files = list(bucket.current(prefix))
    has_recipe = any(file.key == prefix + RECIPE_FILE for file in files)
    starts = [arrival for arrival in arrivals if arrival.path.is_recipe == has_recipe]
    if not files or not starts or (not has_recipe and _more_came(files, starts)):
        return None
    folder = QuietFolder(starts[0].path, files, max(arrival.at for arrival in starts))
    return open_run(folder, stack=stack, bucket=bucket, runs=runs, now=now)


def _more_came(files: Iterable[StoredFile], arrivals: Collection[Arrival]) -> bool:
    """Return whether a data file was uploaded after all of these, so that its own message is still to come.

    Only times that S3 tells are compared, and what arrived is never later than itself: no clock can keep a run from
    starting.
    """
    last = max(arrival.at for arrival in arrivals) + SAME_MOMENT
    arrived = {(arrival.path.prefix + arrival.path.file, arrival.etag) for arrival in arrivals}
    return any(
        file.modified > last
        and (file.key, file.etag) not in arrived
        and (path := DatasetPath.parse(file.key)) is not None
        and path.is_data
        for file in files
    )
