"""Make runs of uploads. A run's id is derived from what lies in the folder, so the same upload is the same run."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic import ValidationError

from tailor.errors import ConflictError, LostRaceError, NotStorableError
from tailor.events import ObjectCreated
from tailor.names import RECIPE_FILE, DatasetPath, run_id, suggest_name
from tailor.recipe import Recipe
from tailor.recipe_text import MAX_BYTES
from tailor.runs import Run, RunStore, insist
from tailor.steps.again import ENDED_WITHOUT_MODEL, again
from tailor.steps.folders import fingerprint
from tailor.storage import Storage, StoredFile

# S3 tells times to the second, and an event's may be a little before that of its object.
SAME_MOMENT = timedelta(seconds=2)


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
    records: Iterable[dict[str, Any]], *, stack: str, bucket: Storage, runs: RunStore, now: datetime
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
    prefix: str, arrivals: Collection[Arrival], *, stack: str, bucket: Storage, runs: RunStore, now: datetime
) -> Run | None:
    """Return the new run of a folder, or one that is tried again; None where none starts yet, or it exists already.

    Messages wait in the queue, as tools upload in an order of their own. Where a recipe came meanwhile, that one starts
    the run; where a later data file came, that one does, and its message is still on its way.
    """
    files = list(bucket.list(prefix))
    has_recipe = any(file.key == prefix + RECIPE_FILE for file in files)
    starts = [arrival for arrival in arrivals if arrival.path.is_recipe == has_recipe]
    if not files or not starts or (not has_recipe and _more_came(files, starts)):
        return None
    mark = fingerprint(prefix, files)
    # The prepare step rejects names that AWS would refuse, with a finding; until then the nearest good ones serve.
    project, dataset = suggest_name(starts[0].path.project), suggest_name(starts[0].path.dataset)
    run = Run.start(
        now=now,
        id=run_id(stack, project, dataset, mark),
        project=project,
        dataset=dataset,
        prefix=prefix,
        fingerprint=mark,
        recipe=_recipe_or_default(bucket, prefix) if has_recipe else Recipe(),
        has_recipe=has_recipe,
    )
    try:
        created = runs.create(run)
    except NotStorableError:  # as a wrong recipe: the prepare step reads it again and says what is wrong
        run = run.model_copy(update={"recipe": Recipe()})
        created = runs.create(run)
    return run if created else _tried_again(run.id, max(arrival.at for arrival in starts), bucket, runs, now)


def _tried_again(run_id: str, arrived: datetime, bucket: Storage, runs: RunStore, now: datetime) -> Run | None:
    """Return the run of an upload that was made before, if it is tried again; None if it goes on or is done.

    Who uploads the same once more, after its run has ended without a model, wants it to be tried again. A message about
    the first upload that comes late, or twice, has an earlier time than that end.
    """

    def act() -> Run | None:
        run = runs.get(run_id)
        if run.state not in ENDED_WITHOUT_MODEL or arrived <= run.history[-1].at + SAME_MOMENT:
            return None
        return runs.save(again(run, bucket, by="receive", reason="the same folder was uploaded again", now=now))

    try:
        return insist(act)
    except LostRaceError:
        raise
    except ConflictError:  # another run took its place, or it was tried often enough: it stays as it is
        return None


def read_text(bucket: Storage, prefix: str) -> bytes:
    """Return the recipe's text, cut one byte beyond the longest that a recipe may have."""
    return bucket.read(prefix + RECIPE_FILE, 0, MAX_BYTES + 1)


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


def _recipe_or_default(bucket: Storage, prefix: str) -> Recipe:
    """Return the recipe, or the defaults: a wrong one is found again, and reported, by the prepare step.

    It must not keep the run from being seen, and neither must a recipe that only a bug refuses.
    """
    text = read_text(bucket, prefix)
    try:
        return Recipe.parse(text)
    except Exception:
        return Recipe()
