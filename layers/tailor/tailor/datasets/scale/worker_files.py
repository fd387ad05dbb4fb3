"""Store the output folders of workers, written by several functions and read in place by another."""

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from tailor.storage import BLOCK, Storage, buffered

_BUFFERS: Final = 256 << 20


@dataclass(slots=True)
class StoredOutput:
    """The folders of ``workers`` under ``prefix``. Not safe for use by several threads."""

    storage: Storage
    prefix: str
    workers: int
    scratch: Path
    _sizes: dict[int, dict[str, int]] = field(default_factory=dict)

    def keep(self, worker: int, folder: Path) -> None:
        """Store all files of a worker's folder, then the mark that they are complete."""
        sizes = {}
        for path in sorted(folder.iterdir()):
            self.storage.upload(self._key(worker, path.name), path)
            sizes[path.name] = path.stat().st_size
        self.storage.write(f"{self.prefix}complete/{worker}", orjson.dumps(sizes), "application/json")

    def complete(self) -> set[int]:
        """Return the workers whose folders are complete."""
        prefix = f"{self.prefix}complete/"
        return {int(file.key.removeprefix(prefix)) for file in self.storage.list(prefix)}

    def files(self, worker: int) -> Collection[str]:
        """Return the names of a worker's files."""
        return self._sizes_of(worker).keys()

    def open(self, worker: int, name: str) -> BinaryIO:
        # All workers' files of one name are read side by side, two names at once.
        block = min(BLOCK, _BUFFERS // (2 * self.workers))
        size = self._sizes_of(worker)[name]
        return buffered(partial(self.storage.read, self._key(worker, name)), size, block=block)

    def path(self, worker: int, name: str) -> Path:
        """Yield a copy that lasts until the next one is requested."""
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
