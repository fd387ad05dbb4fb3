"""Fetch the media of a sharded dataset: each object once in total.

Before any row is checked, each shard notes which objects its rows show; then these are dealt out by their names, and
what is found out about each is kept for all shards under the run's ``work/`` prefix. So media that no row shows are
left alone. It is help, not a condition: what isn't known when rows are checked, for example because a function was
lost, is fetched then.
"""

import hashlib
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import batched
from pathlib import Path
from typing import Final

import msgspec

from tailor.datasets.example import Example, Rejected, media_of
from tailor.datasets.formats import Lines
from tailor.datasets.media import Asset, Found, MediaResolver
from tailor.datasets.prepare import BATCH, Intake, disk_full_as_error, folder_of, rows_of
from tailor.datasets.scale.worker_files import StoredOutput
from tailor.storage import Storage

KEPT_AT_ONCE: Final = 250
"""Number of objects after which a function stores its results, so that at most minutes of work are lost."""
_READERS: Final = 16


@dataclass(frozen=True, slots=True)
class MediaShards:
    """``prefix`` contains nothing else; ``workers`` check the rows; objects are assigned to ``buckets``."""

    storage: Storage
    prefix: str
    workers: int
    buckets: int
    scratch: Path

    def name(self, own: range, intake: Intake) -> None:
        """Record which objects are shown by the rows that the workers ``own`` check."""
        named: list[set[str]] = [set() for _ in range(self.buckets)]
        for identity in _named_in(intake, self.workers, own):
            named[zlib.crc32(identity.encode()) % self.buckets].add(identity)
        folder = self.scratch / "named"
        folder.mkdir()
        for bucket, identities in enumerate(named):
            if identities:
                (folder / f"{bucket}").write_bytes(msgspec.json.encode(sorted(identities)))
        self._lists.keep(own.start, folder)

    def named(self, own: range) -> bool:
        """Return whether these workers' objects are recorded."""
        return own.start in self._lists.complete()

    def missing(self, bucket: int) -> list[str]:
        """Return the objects of a bucket without a stored result."""
        named: set[str] = set()
        lists = self._lists
        for worker in lists.complete():
            if f"{bucket}" in lists.files(worker):
                with lists.open(worker, f"{bucket}") as file:
                    named.update(_names(file.read()))
        named.difference_update(identity for identity, _ in self._read(self._place(bucket)))
        return sorted(named)

    def fetch(self, bucket: int, missing: list[str], intake: Intake) -> None:
        """Fetch objects, and store the results. Raises RetryableError (or another error of the storage) if one can't be
        read now, after storing the results of all others."""
        for some in batched(missing, KEPT_AT_ONCE, strict=False):
            try:
                with disk_full_as_error():
                    intake.desk.find_out(some)
            finally:
                self._keep(bucket, intake.desk.known(some))

    def known(self) -> Iterator[Found]:
        """Return all stored results."""
        return self._read(f"{self.prefix}found/")

    @property
    def _lists(self) -> StoredOutput:
        return StoredOutput(self.storage, f"{self.prefix}named/", self.workers, self.scratch)

    def _place(self, bucket: int) -> str:
        return f"{self.prefix}found/{bucket}/"

    def _keep(self, bucket: int, found: dict[str, Asset]) -> None:
        """Store results under a name derived from them: two functions may work on the same bucket."""
        if found:
            data = msgspec.json.encode(list(found.items()))
            name = hashlib.sha256(data).hexdigest()[:32]
            self.storage.write(f"{self._place(bucket)}{name}", data, "application/json")

    def _read(self, prefix: str) -> Iterator[Found]:
        keys = [file.key for file in self.storage.list(prefix)]
        with ThreadPoolExecutor(_READERS) as pool:
            for some in batched(keys, _READERS, strict=False):
                for data in pool.map(self.storage.read, some):
                    yield from _found(data)


def _named_in(intake: Intake, workers: int, own: range) -> Iterator[str]:
    number = 0
    for item in intake.rows():
        end = number + rows_of(item)
        for row in range(number, end):
            if row // BATCH % workers in own:
                yield from _names_of(item.read(row - number) if isinstance(item, Lines) else item, intake.desk)
        number = end


def _names_of(row: Example | Rejected, desk: MediaResolver) -> Iterator[str]:
    for _, block in media_of(row) if isinstance(row, Example) else ():
        if identity := desk.identity(block, folder_of(row.file)):
            yield identity


_names: Final = msgspec.json.Decoder(list[str]).decode
_found: Final = msgspec.json.Decoder(list[Found]).decode
