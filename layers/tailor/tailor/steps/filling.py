"""Record each folder under uploads/ that is being filled, and when it counts as quiet.

An event is a hint that something moves in a folder; what lies there is listed once, when the folder is quiet
(:mod:`tailor.steps.settle`). The quiet period begins anew with each object, and grows with what arrives:

* it is ``QuietSeconds``, and once more for each 3,000 objects, ten times at most;
* it is at least twice the longest pause between two objects of this upload;
* it is 15 minutes at most, as long as SQS can delay a message.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Protocol

from pydantic import Field

from tailor.file_kinds import UPLOADING_FILE, FileKind, kind_of
from tailor.names import UPLOADS, DatasetPath, suggest_name
from tailor.records import Record

OBJECTS_A_PERIOD = 3000
MOST_PERIODS = 10
LONGEST = timedelta(minutes=15)
KEPT = timedelta(days=7)  # after the last event: `tailor runs` tells of what lay there
MOST_LOOSE = 20  # names of files outside of any dataset that are kept


@dataclass(frozen=True, slots=True)
class Arrival:
    """A change of an object: it was created or deleted.

    ``place`` is the folder of its dataset, or the one that it lies in where no dataset can be; ``name`` is within it.
    """

    place: str
    name: str
    size: int
    at: datetime
    created: bool

    @classmethod
    def of(cls, key: str, size: int, at: datetime, *, created: bool) -> "Arrival | None":
        """Return the arrival, or None for objects that are part of no dataset: junk, empty folders."""
        path = DatasetPath.parse(key)
        place = path.prefix if path else _loose_place(key)
        name = key.removeprefix(place)
        kind = kind_of(name)
        if kind == FileKind.DONE and (size or not created):
            kind = FileKind.JUNK
        known = kind != FileKind.JUNK or name == UPLOADING_FILE
        if not known or not name or name.endswith("/"):
            return None
        return cls(place, name, size, at, created)

    @property
    def is_done(self) -> bool:
        return kind_of(self.name, self.size) == FileKind.DONE

    @property
    def is_mark(self) -> bool:
        """Return whether the object marks the state of the upload and is not part of the dataset."""
        return self.is_done or self.name == UPLOADING_FILE


def _loose_place(key: str) -> str:
    project, slash, _ = key.removeprefix(UPLOADS).partition("/")
    return f"{UPLOADS}{project}/" if project and slash else UPLOADS


class Folder(Record):
    """A folder that changed lately. Times of objects are S3's, all others are of the function's clock."""

    folder: str = Field(description="uploads/<project>/<dataset>/, or a place where no dataset can be")
    first_at: datetime = Field(description="the first event since it was quiet")
    last_at: datetime = Field(description="the last event")
    uploaded_at: datetime | None = Field(default=None, description="the last object that was created")
    objects: int = Field(default=0, description="objects created since it was quiet, each as often as it was told")
    bytes: int = 0
    pause: float = Field(default=0, description="the longest time without an event, in seconds")
    done: bool = Field(default=False, description="the uploader said that all is there")
    quiet_at: datetime | None = Field(default=None, description="when it is quiet; none: it is, and was looked at")
    closed_at: datetime | None = Field(default=None, description="when it was looked at last")
    told: str = Field(default="", description="the code of the last answer")
    run: str = Field(default="", description="the run of what lay there")
    loose: tuple[str, ...] = Field(default=(), description="some names, where no dataset can be")
    revision: int = 0
    expires: int = 0

    @property
    def is_filling(self) -> bool:
        return self.quiet_at is not None

    @property
    def path(self) -> DatasetPath | None:
        """Return the dataset's path; None for a path that no dataset can have."""
        return DatasetPath.parse(f"{self.folder}x")

    @property
    def project(self) -> str:
        """Return the project whose people are notified: a name that AWS accepts; ``uploads`` for the root."""
        return suggest_name(self.folder.removeprefix(UPLOADS).partition("/")[0] or UPLOADS)

    @property
    def dataset(self) -> str:
        return self.path.dataset if self.path else ""

    def mark(self, code: str) -> str:
        """Return the id of an answer: the same for each repetition, a new one after the next upload."""
        text = f"{self.folder}\n{code}\n{self.last_at.isoformat()}"
        return f"upload-{hashlib.sha256(text.encode()).hexdigest()[:16]}"

    def touched(self, arrivals: Sequence[Arrival], quiet: "Quiet", now: datetime) -> "Folder":
        """Return the folder after these arrivals; a quiet folder begins to fill again."""
        told = {(arrival.name, arrival.at): arrival for arrival in arrivals if arrival.created}.values()
        times = sorted(arrival.at for arrival in arrivals)
        pauses = [later - earlier for earlier, later in pairwise([self.last_at, *times])]
        if not self.is_filling:
            fresh = {"first_at": times[0], "objects": 0, "bytes": 0, "done": False, "told": "", "loose": ()}
            base = self.model_copy(update=fresh | ({"pause": 0} if pauses[0] > LONGEST else {}))
        else:
            base = self
        loose = dict.fromkeys([*base.loose, *(arrival.name for arrival in told)]) if self.path is None else {}
        for arrival in arrivals:
            if not arrival.created:
                loose.pop(arrival.name, None)
        uploads = [arrival.at for arrival in told if not arrival.is_mark]
        found = base.model_copy(
            update={
                "last_at": max(self.last_at, times[-1]),
                "uploaded_at": max([*uploads, *([self.uploaded_at] if self.uploaded_at else [])], default=None),
                "objects": base.objects + len(uploads),
                "bytes": base.bytes + sum(arrival.size for arrival in told if not arrival.is_mark),
                "pause": max([base.pause, *(pause.total_seconds() for pause in pauses if pause <= LONGEST)]),
                "done": base.done or any(arrival.is_done for arrival in told),
                "loose": tuple(loose)[:MOST_LOOSE],
                "expires": int((now + KEPT).timestamp()),
            }
        )
        return found.model_copy(update={"quiet_at": now if found.done else now + quiet.period(found)})

    def closed(self, now: datetime, *, told: str = "", run: str = "") -> "Folder":
        """Return the folder after ``settle`` has handled it."""
        return self.model_copy(update={"quiet_at": None, "closed_at": now, "done": False, "told": told, "run": run})


@dataclass(frozen=True, slots=True)
class Quiet:
    """Time without changes after which a folder counts as quiet. ``seconds``: the shortest period."""

    seconds: float

    def period(self, folder: Folder) -> timedelta:
        """Return the quiet period of a folder; the module's docstring says how it grows."""
        by_size = self.seconds * min(MOST_PERIODS, 1 + folder.objects // OBJECTS_A_PERIOD)
        return min(LONGEST, timedelta(seconds=max(by_size, 2 * folder.pause)))


class FolderStore(Protocol):
    """Records of folders. The DynamoDB implementation is :class:`tailor.aws.folders.FolderTable`."""

    def get(self, folder: str) -> Folder | None:
        """Return a folder, read consistently; None if it has no record."""

    def save(self, folder: Folder) -> Folder:
        """Write a folder if it has not changed since it was read; return it with its new revision.

        Raises:
            LostRaceError: the folder has changed.
        """

    def remove(self, folder: Folder) -> None:
        """Remove a folder's record if it has not changed since it was read. Raises LostRaceError."""

    def filling(self) -> list[Folder]:
        """Return all folders that are being filled, from a sparse index."""

    def of_project(self, project: str) -> list[Folder]:
        """Return the folders of a project that changed within the last days."""


class WakeUps(Protocol):
    """A queue that delivers a folder's name to ``settle`` after a delay."""

    def send(self, folder: str, after: timedelta) -> None:
        """Wake ``settle`` for a folder, after at most 15 minutes."""


def by_place(arrivals: Iterable[tuple[str, Arrival]]) -> dict[str, dict[str, Arrival]]:
    """Return arrivals by folder and by the message that reported them."""
    found: dict[str, dict[str, Arrival]] = {}
    for message, arrival in arrivals:
        found.setdefault(arrival.place, {})[message] = arrival
    return found
