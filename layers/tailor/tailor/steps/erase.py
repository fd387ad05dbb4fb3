"""Erase a project: everything that this stack holds of it, in every store and at Bedrock.

Runs are ended first. Then what they made is removed, and their records last, because these say what there is. So an
erasure that was cut short is finished by the same call again, and where nothing is left it does nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import batched
from typing import Any, Protocol

from tailor.errors import ConflictError
from tailor.names import check_name, project_folders, work_folder
from tailor.runs import Run, State
from tailor.steps.ending import end_project
from tailor.steps.ownership import OwnControl
from tailor.steps.provision import deployment_names
from tailor.steps.services import RunServices
from tailor.training.request import job_names

LONGEST_FUNCTION = timedelta(minutes=15)
REASON = "its project is erased"
BATCH = 1000
STAYS = (
    "Bedrock's records of customization jobs (names and settings), which can't be deleted",
    "logs, traces and histories of state machines: ids of runs, until their retention ends",
    "point-in-time backups of the tables, for 35 days",
    "notices that were sent, and messages of queues and dead letters, for 14 days",
    "records of the emptied folders' names, for the minutes in which the deletions are noted",
    "in the month's bookings, amounts without a project or a run, so that the stack's limit holds",
)
FOLDERS = "records of folders"
"""Title of the store that records deletions too; it empties itself once a folder is quiet."""
_WORKED_ON = frozenset({State.PREPARING, State.EVALUATING})


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item of a project in a store. The store removes it by its ``handle``."""

    name: str
    handle: Any
    size: int = 0


class ErasableStore(Protocol):
    """A place that stores something of projects."""

    @property
    def title(self) -> str:
        """Return the plural noun for the items."""

    def find(self, project: str, runs: Sequence[Run]) -> Iterable[StoredItem]:
        """Return the items of a project that has these ``runs``."""

    def remove(self, items: Sequence[StoredItem]) -> None:
        """Remove items. Idempotent. Raises ConflictError for items that can't be removed yet."""


@dataclass(slots=True)
class Tally:
    """Number of items of one kind found or removed. Uploads are counted, not named: file names may be personal data."""

    what: str
    count: int = 0
    bytes: int = 0
    names: list[str] = field(default_factory=list)

    def add(self, items: Iterable[StoredItem]) -> None:
        for item in items:
            self.count += 1
            self.bytes += item.size
            if item.name:
                self.names.append(item.name)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Result of an erasure: what it removed, what it found afterwards, and what remains elsewhere."""

    project: str
    stack: str
    by: str
    began_at: datetime
    ended_at: datetime
    removed: list[Tally]
    left: list[Tally]
    stays: tuple[str, ...] = STAYS

    def document(self) -> dict[str, Any]:
        """Return the receipt as JSON types."""
        times = {"began_at": self.began_at.isoformat(), "ended_at": self.ended_at.isoformat()}
        return {"schema": 1} | asdict(self) | times


@dataclass(frozen=True, slots=True)
class Erasure:
    """Erasure of one project. ``stores`` are in the order in which they are emptied; the runs' records come last."""

    project: str
    services: RunServices
    stores: Sequence[ErasableStore]
    by: str

    def __post_init__(self) -> None:
        check_name(self.project, "project")

    def survey(self) -> list[Tally]:
        """Return what exists, by store. Changes nothing."""
        runs, found = self.services.runs.project_runs(self.project), []
        for store in self.stores:
            tally = Tally(store.title)
            tally.add(store.find(self.project, runs))
            found.append(tally)
        return found

    def end_runs(self, now: datetime) -> list[str]:
        """Take the project out of service and end its runs. Return sentences that say what must still finish.

        A job stops within minutes. A function that was at work on a run may write for as long as functions run.
        """
        waits = end_project(self.project, self.services, by=self.by, reason=REASON, now=now)
        for run in self.services.runs.project_runs(self.project):
            until = run.history[-1].at + LONGEST_FUNCTION
            ended = not run.is_open and run.history[-1].reason == REASON
            if ended and run.states[-2] in _WORKED_ON and now < until:
                waits.append(f"a function may work on run {run.id} until {until:%H:%M} UTC")
        return waits

    def run(self, stack: str, clock: Callable[[], datetime], told: Callable[[Receipt], None]) -> Receipt:
        """Remove everything and return the receipt. ``told`` gets the receipt even if this fails.

        Raises:
            ConflictError: a run is not ended, or a model is still deployed.
        """
        began, removed = clock(), list[Tally]()
        try:
            if waits := self.end_runs(began):
                raise ConflictError("; ".join(waits), hint="wait some minutes, then erase again")
            runs = self.services.runs.project_runs(self.project)
            for store in self.stores:
                tally = Tally(store.title)
                removed.append(tally)
                for items in batched(store.find(self.project, runs), BATCH, strict=False):
                    store.remove(items)
                    tally.add(items)
            left = [tally for tally in self.survey() if tally.count and tally.what != FOLDERS]
        except BaseException:
            told(Receipt(self.project, stack, self.by, began, clock(), removed, [Tally("not looked at again")]))
            raise
        receipt = Receipt(self.project, stack, self.by, began, clock(), removed, left)
        told(receipt)
        return receipt


@dataclass(frozen=True, slots=True)
class Deployments:
    control: OwnControl
    title: str = "deployments"

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for run in runs:
            for name in deployment_names(run):
                if arn := self.control.own_deployment(name, run.recipe.deployment.kind):
                    yield StoredItem(arn, arn)

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            self.control.delete_deployment(item.handle)


@dataclass(frozen=True, slots=True)
class Models:
    control: OwnControl
    title: str = "custom models"

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        for run in runs:
            for name in job_names(run):
                if arn := self.control.own_model(name):
                    yield StoredItem(arn, arn)

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            self.control.delete_model(item.handle)


class Records(Protocol):
    def remove(self, run_id: str) -> None:
        """Remove a run's record. Idempotent."""


@dataclass(frozen=True, slots=True)
class RunRecords:
    records: Records
    title: str = "runs"

    def find(self, project: str, runs: Sequence[Run]) -> Iterator[StoredItem]:
        return (StoredItem(run.id, run.id) for run in runs)

    def remove(self, items: Sequence[StoredItem]) -> None:
        for item in items:
            self.records.remove(item.handle)


def folders(project: str, runs: Iterable[Run]) -> list[str]:
    """Return the distinct prefixes of a project's objects; runs of earlier versions have their files elsewhere."""
    usual = project_folders(project)
    older = {each for run in runs for each in (run.files, work_folder(run.files)) if not each.startswith(usual)}
    return [*usual, *sorted(older)]
