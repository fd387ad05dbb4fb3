"""Extract the documents of a sharded dataset: each is read by one function, and the others use its text.

It is help, not a condition: what another function has not kept yet is read again.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tailor.datasets.documents import DocumentFile
from tailor.datasets.prepare import Intake
from tailor.storage import Storage

_READERS: Final = 16


@dataclass(frozen=True, slots=True)
class DocumentTexts:
    """Texts under ``prefix``, which contains nothing else."""

    storage: Storage
    prefix: str

    def share(self, number: int, shards: int, intake: Intake) -> None:
        """Extract a shard's share of the documents, store their texts for others, and load what others stored."""
        self._take(intake.documents)
        own = [file for file in intake.documents[number::shards] if not file.is_kept]
        intake.convert(own)
        for file in own:
            if file.kept:
                self.storage.upload(self.prefix + file.kept.name, file.kept)
        self._take(intake.documents)

    def _take(self, files: Sequence[DocumentFile]) -> None:
        there = {file.key for file in self.storage.list(self.prefix)}
        wanted = [path for file in files if (path := file.kept) and not path.exists()]
        with ThreadPoolExecutor(_READERS) as pool:
            list(pool.map(self._fetch, [path for path in wanted if self.prefix + path.name in there]))

    def _fetch(self, path: Path) -> None:
        data = self.storage.read(self.prefix + path.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
