"""Cache on disk what is known about media objects, so that memory does not grow with their number."""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from typing import Final

import msgspec

from tailor.datasets.example import Media, MediaKind
from tailor.findings import Finding

_AT_ONCE: Final = 500
_SCHEMA: Final = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;
CREATE TABLE assets (identity TEXT PRIMARY KEY, asset BLOB) WITHOUT ROWID;
BEGIN;
"""


@dataclass(frozen=True, slots=True)
class Asset:
    """A media object as the prepared records refer to it.

    ``digest``: hex SHA-256 of the uploaded bytes (of a video: its size and ends); ``format`` in Converse's words;
    ``size`` in bytes of what Bedrock will read; ``uploaded``: the format before any conversion, empty where Converse
    has no word for it; ``problem``: why it can't be used; ``notes``: what else was found.
    """

    name: str
    kind: MediaKind
    digest: str = ""
    format: str = ""
    uri: str = ""
    size: int = 0
    width: int = 0
    height: int = 0
    seconds: float | None = None
    look: bytes = b""
    uploaded: str = ""
    problem: Finding | None = None
    notes: tuple[Finding, ...] = ()


Found = tuple[str, Asset]
"""An object's identity and what was found out about it."""


@dataclass(slots=True)
class KnownAssets:
    """Assets by identity. ``others`` gives what was found out elsewhere; it is asked when the first asset is wanted.
    A process that was forked has a place of its own, so all of this is for one thread of one process."""

    scratch: Path
    others: Callable[[], Iterable[Found]] = tuple
    _db: sqlite3.Connection | None = field(default=None, init=False)

    def get(self, identities: Iterable[str]) -> dict[str, Asset]:
        """Return those assets that are known."""
        found: dict[str, Asset] = {}
        for some in batched(identities, _AT_ONCE, strict=False):
            marks = ",".join("?" * len(some))
            rows = self._open().execute(f"SELECT identity, asset FROM assets WHERE identity IN ({marks})", some)  # noqa: S608
            found.update((identity, decoded(asset)) for identity, asset in rows)
        return found

    def add(self, assets: Mapping[str, Asset]) -> None:
        self._insert(self._open(), assets.items())

    def close(self) -> None:
        if self._db:
            self._db.close()
            self._db = None

    def _open(self) -> sqlite3.Connection:
        if self._db is None:
            path = self.scratch / f"assets-{os.getpid()}.sqlite"
            path.unlink(missing_ok=True)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.executescript(_SCHEMA)
            self._insert(self._db, self.others())
        return self._db

    @staticmethod
    def _insert(db: sqlite3.Connection, found: Iterable[Found]) -> None:
        rows = ((identity, encoded(asset)) for identity, asset in found)
        db.executemany("INSERT OR IGNORE INTO assets VALUES (?, ?)", rows)


encoded: Final = msgspec.json.Encoder().encode
decoded: Final = msgspec.json.Decoder(Asset).decode

Locate = Callable[[Media], Asset]
"""Returns what is known about the object that a block shows."""
