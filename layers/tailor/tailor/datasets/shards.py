"""A dataset that is too large for one function: shards of it are checked by several, each some of the workers.

What a worker leaves is an opaque folder of files. A shard writes those of its workers to storage under the run's
``work/`` prefix, each with a note when it is complete; whoever puts them together reads large files where they lie. A
shard may run twice, or be lost and run again: it writes the same bytes.
"""

import hashlib
import math
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from tailor.datasets.intake import Intake
from tailor.datasets.model import Finding
from tailor.datasets.objects import MemberObject
from tailor.datasets.read import DatasetReader, ReadableFile
from tailor.errors import DatasetError, NotFoundError
from tailor.storage import BLOCK, Storage, buffered

MOST_SHARDS: Final = 100
SHARD_SECONDS: Final = 200
"""A shard is made for so long, less than a quarter of a function's time: estimates err."""

# What one function does a second: docs/architecture.md, "Preparing at scale", has the measurements.
TEXT_BYTES: Final = 10_000_000
MEDIA_BYTES: Final = 40_000_000
MEDIA_IN_PLACE: Final = 100
MEDIA_COPIED: Final = 50
GZIP: Final = 8
PARQUET: Final = 3
"""Bytes of text for each byte of a packed file, which does not say it."""
DISK_BYTES: Final = 3_500_000_000
"""Text whose records, written twice, leave room on the function's disk of 10 GiB."""
ROW_BYTES: Final = 100
ROWS_A_SHARD: Final = 40_000
"""So many rows can each show another picture, all of which a shard then fetches in time."""

_BUFFERS = 256 << 20
_PROBLEM = "problem.json"


@dataclass(frozen=True, slots=True)
class Weight:
    """What a dataset asks of one function: ``seconds`` of work; ``text`` in bytes, which goes through its disk; the
    number of ``media``."""

    seconds: float
    text: int
    media: int = 0


def weigh(reader: DatasetReader) -> Weight:
    """By the sizes alone: nothing but the list of files is read."""
    text = sum(_text_of(file) for file in reader.files)
    size = in_place = copied = 0
    for item in reader.media:
        size += item.size
        in_place += item.stored
        copied += not item.stored
    fetched = size / MEDIA_BYTES + in_place / MEDIA_IN_PLACE + copied / MEDIA_COPIED
    return Weight(text / TEXT_BYTES + fetched, text, in_place + copied)


def _text_of(file: ReadableFile) -> int:
    source = file.source.source
    packed = isinstance(source, MemberObject) and not source.member
    return file.size * (GZIP if packed else PARQUET if file.source.container == "parquet" else 1)


def shards_for(weight: Weight, above: float, functions: int) -> int:
    """0 where one function will do: at most ``above`` seconds of work, and room on its disk. Otherwise at least one
    shard for each of ``functions``, which work at once."""
    if weight.seconds <= above and weight.text <= DISK_BYTES:
        return 0
    wanted = max(weight.seconds / SHARD_SECONDS, weight.text / DISK_BYTES, functions)
    if weight.media > ROWS_A_SHARD:  # rows that show the same object may be dealt to several shards
        wanted = max(wanted, weight.text / ROW_BYTES / ROWS_A_SHARD)
    return min(MOST_SHARDS, math.ceil(wanted))


def workers_of(reader: DatasetReader) -> int:
    """Workers of a shard: text is worth the function's second core, media keep it busy with threads."""
    return 1 if len(reader.media) else 2


@dataclass(slots=True)
class StoredParts:
    """The folders of ``workers`` under ``prefix``. Not safe for use by several threads."""

    storage: Storage
    prefix: str
    workers: int
    scratch: Path
    _sizes: dict[int, dict[str, int]] = field(default_factory=dict)

    def keep(self, worker: int, folder: Path) -> None:
        """Stores all files of a worker's folder, and then the note that says that they are there."""
        sizes = {}
        for path in sorted(folder.iterdir()):
            self.storage.upload(self._key(worker, path.name), path)
            sizes[path.name] = path.stat().st_size
        self.storage.write(f"{self.prefix}complete/{worker}", orjson.dumps(sizes), "application/json")

    def complete(self) -> set[int]:
        """The workers whose folders are there."""
        prefix = f"{self.prefix}complete/"
        return {int(file.key.removeprefix(prefix)) for file in self.storage.list(prefix)}

    def open(self, worker: int, name: str) -> BinaryIO:
        # All workers' files of one name are read side by side, two names at once.
        block = min(BLOCK, _BUFFERS // (2 * self.workers))
        size = self._sizes_of(worker)[name]
        return buffered(partial(self.storage.read, self._key(worker, name)), size, block=block)

    def path(self, worker: int, name: str) -> Path:
        """A copy that lasts until the next one is asked for."""
        path = self.scratch / "copy"
        with self.open(worker, name) as source, path.open("wb") as target:
            while block := source.read(BLOCK):
                target.write(block)
        return path

    def _sizes_of(self, worker: int) -> dict[str, int]:
        if worker not in self._sizes:
            self._sizes[worker] = orjson.loads(self.storage.read(f"{self.prefix}complete/{worker}"))
        return self._sizes[worker]

    def _key(self, worker: int, name: str) -> str:
        return f"{self.prefix}{worker}/{name}"


@dataclass(frozen=True, slots=True)
class Shards:
    """How a dataset is dealt out, the same whoever asks: ``count`` shards, each of ``each`` workers. ``folder`` is the
    run's own under ``work/``."""

    storage: Storage
    folder: str
    count: int
    each: int
    scratch: Path

    @property
    def parts(self) -> StoredParts:
        """What other code, or another deal, left behind is not taken for this one's."""
        workers = self.count * self.each
        return StoredParts(self.storage, f"{self.folder}{code_stamp()}-{workers}/", workers, self.scratch)

    def missing(self) -> list[int]:
        """The shards that are not complete."""
        complete = self.parts.complete()
        return [number for number in range(self.count) if not complete.issuperset(self._own(number))]

    def check(self, number: int, intake: Intake) -> None:
        """Does a shard's share and keeps it, or why that can't be done."""
        try:
            local = intake.check(self.count * self.each, self._own(number))
        except DatasetError as error:
            found = Finding(error.code, "error", "", None, error.message, error.hint)
            self.storage.write(f"{self.parts.prefix}{_PROBLEM}", orjson.dumps(found), "application/json")
            return
        for worker in self._own(number):
            self.parts.keep(worker, local.folder(worker))

    def problem(self) -> Finding | None:
        """Why the dataset can't be checked, where a shard found that out."""
        try:
            return Finding(**orjson.loads(self.storage.read(f"{self.parts.prefix}{_PROBLEM}")))
        except NotFoundError:
            return None

    def _own(self, number: int) -> range:
        return range(number * self.each, (number + 1) * self.each)


@cache
def code_stamp() -> str:
    """Eight hex digits that change with the code of this package: a deployment may come between two shards."""
    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for path in sorted([*folder.rglob("*.py"), *folder.rglob("*.zig")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:8]
