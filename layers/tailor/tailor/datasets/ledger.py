"""What must be known of all rows at once, on disk: memory stays the same however many there are.

One SQLite file in the scratch folder. Rows are told apart by 64-bit hashes of their parts, media by their names. The
view ``used`` holds the rows that were not left out.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

Values = Sequence[Any] | Mapping[str, Any]
_BATCH = 2000
MEDIA_KINDS = ("", "image", "video", "document")
_SCHEMA = """
CREATE TABLE rows (
    n INTEGER PRIMARY KEY, file INTEGER, line INTEGER, offset INTEGER, part INTEGER, grp INTEGER, input INTEGER,
    question INTEGER, answer INTEGER, kind TEXT, language INTEGER, media INTEGER, words INTEGER,
    asked INTEGER, low INTEGER, expected INTEGER, high INTEGER
);
CREATE TABLE left_out (n INTEGER PRIMARY KEY, code TEXT);
CREATE VIEW used AS SELECT * FROM rows WHERE n NOT IN (SELECT n FROM left_out);
CREATE TABLE links (grp INTEGER, other INTEGER);
CREATE TABLE media (name TEXT PRIMARY KEY, kind TEXT, digest TEXT, grp INTEGER, look BLOB, size INTEGER);
"""


class Row(NamedTuple):
    """``n``: place in reading order; ``offset``: of its record in the spool; ``part``: the given split, index into
    PARTS; ``grp``, ``input``, ``question``, ``answer``: hashes; ``kind`` of answer; ``language``, ``media``: indexes
    into LANGUAGES and MEDIA_KINDS; ``words``: of the answer; ``low``, ``expected``, ``high``: token estimates;
    ``asked``: the lowest without the answer."""

    n: int
    file: int
    line: int
    offset: int
    part: int
    grp: int
    input: int
    question: int
    answer: int
    kind: str
    language: int
    media: int
    words: int
    asked: int
    low: int
    expected: int
    high: int


class Object(NamedTuple):
    """One media object. ``look`` is the perceptual hash of an image, empty for others; ``digest`` and ``look`` are both
    empty where it can't be used; ``size`` in bytes."""

    name: str
    kind: str
    digest: str
    grp: int
    look: bytes
    size: int


class Ledger:
    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;" + _SCHEMA)
        self._db.execute("BEGIN")
        self._pending: list[Row] = []

    def close(self) -> None:
        self._db.execute("COMMIT")
        self._db.close()

    def take(self, path: Path) -> None:
        """Adds everything from another ledger's file. Within :meth:`__init__`'s transaction none can be attached."""
        self._db.execute("COMMIT")
        self._db.execute("ATTACH ? AS other", (str(path),))
        self._db.execute("BEGIN")
        for table in ("rows", "links", "media"):
            self._db.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM other.{table}")  # noqa: S608 a fixed name
        self._db.execute("COMMIT")
        self._db.execute("DETACH other")
        self._db.execute("BEGIN")

    def add(self, row: Row) -> None:
        self._pending.append(row)
        if len(self._pending) >= _BATCH:
            self.flush()

    def flush(self) -> None:
        self._db.executemany(f"INSERT INTO rows VALUES ({','.join('?' * len(Row._fields))})", self._pending)  # noqa: S608
        self._pending.clear()

    def add_media(self, item: Object) -> None:
        """Once for each name; repeated ones are passed over."""
        self._db.execute("INSERT OR IGNORE INTO media VALUES (?, ?, ?, ?, ?, ?)", item)

    def link(self, group: int, other: int) -> None:
        """Rows of both groups belong together."""
        self._db.execute("INSERT INTO links VALUES (?, ?)", (group, other))

    def join_linked_groups(self) -> None:
        """Gives all groups that are linked, directly or through others, the smallest of their hashes."""
        parents: dict[int, int] = {}

        def root(group: int) -> int:
            while (parent := parents.get(group, group)) != group:
                parents[group] = parents.get(parent, parent)
                group = parent
            return group

        for group, other in self.query("SELECT DISTINCT grp, other FROM links"):
            low, high = sorted((root(group), root(other)))
            parents[high] = low
        self._db.execute("CREATE INDEX by_group ON rows (grp)")
        self._db.execute("CREATE INDEX media_by_group ON media (grp)")
        joined = [(root(group), group) for group in list(parents)]
        self._db.executemany("UPDATE rows SET grp = ? WHERE grp = ?", joined)
        self._db.executemany("UPDATE media SET grp = ? WHERE grp = ?", joined)

    def leave_out(self, numbers: Iterable[int], code: str) -> None:
        self._db.executemany("INSERT OR IGNORE INTO left_out VALUES (?, ?)", ((n, code) for n in numbers))

    def query(self, sql: str, values: Values = ()) -> Iterator[Any]:
        return iter(self._db.execute(sql, values))

    def one(self, sql: str, values: Values = ()) -> Any:
        """The first column of the first row; None where there is none."""
        found = self._db.execute(sql, values).fetchone()
        return found[0] if found else None

    def execute(self, sql: str, values: Values = ()) -> None:
        self._db.execute(sql, values)

    def function(self, name: str, arguments: int, call: Any) -> None:
        """Makes a Python function known to queries."""
        self._db.create_function(name, arguments, call, deterministic=True)
