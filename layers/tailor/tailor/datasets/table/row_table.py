"""Keep the columns that must be known of all rows at once, in files on disk that are mapped into memory.

Memory is one byte per row, and about 100 for a moment while rows are compared.

Rows are identified by 63-bit hashes of their contents, media by their names. A row's split, and whether it is left out,
are decided late: both are in that byte.
"""

import mmap
import sqlite3
import struct
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate, compress
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, NamedTuple, Self

MEDIA_KINDS: Final = ("", "image", "video", "document")
_HEADER: Final = struct.Struct("<QQ")
_SCHEMA: Final = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-8192;
CREATE TABLE links (grp INTEGER, other INTEGER);
CREATE TABLE media (name TEXT PRIMARY KEY, kind TEXT, digest TEXT, grp INTEGER, look BLOB, size INTEGER);
"""
_KNOWN: Final = (
    "ON CONFLICT (name) DO UPDATE SET (kind, digest, grp, look, size) = "
    "(excluded.kind, excluded.digest, excluded.grp, excluded.look, excluded.size) "
    "WHERE (excluded.digest, excluded.kind) > (digest, kind)"
)
"""Kind under which an object is used if rows show it as two kinds: the usable one, whichever came first."""
_SPLIT: Final = 3
"""Bits of a row's state for its split; the others say why it is left out."""


class TableRow(NamedTuple):
    """``n``: place in reading order; ``size``: bytes of its record with the line break; ``split``: the given split,
    index into SPLITS; ``grp``, ``input``, ``question``, ``answer``: hashes; ``kind``: of answer, index into the kinds;
    ``language``, ``media``: indexes into LANGUAGES and MEDIA_KINDS; ``words``: of the answer; ``low``, ``expected``,
    ``high``: token estimates; ``asked``: the lowest without the answer."""

    n: int
    file: int
    line: int
    size: int
    split: int
    grp: int
    input: int
    question: int
    answer: int
    kind: int
    language: int
    media: int
    words: int
    asked: int
    low: int
    expected: int
    high: int


_Type = Literal["b", "i", "q"]
_WIDE: Final = {"n", "line", "grp", "input", "question", "answer"}
_NARROW: Final = {"split", "language", "media"}
_TYPES: Final[dict[str, _Type]] = {
    name: "q" if name in _WIDE else "b" if name in _NARROW else "i" for name in TableRow._fields
}


class Object(NamedTuple):
    """One media object. ``look`` is the perceptual hash of an image, empty for others; ``digest`` and ``look`` are both
    empty where it can't be used; ``size`` in bytes."""

    name: str
    kind: str
    digest: str
    grp: int
    look: bytes
    size: int


_BYTES: Final = {name: array(type).itemsize for name, type in _TYPES.items()}


class RowWriter:
    """Writer of one worker's columns: the file ROWS, a block for each batch, and the file MEDIA, in its folder."""

    ROWS, MEDIA = "rows", "media.sqlite"

    def __init__(self, folder: Path) -> None:
        self._rows = (folder / self.ROWS).open("wb")
        self._db = sqlite3.connect(folder / self.MEDIA, isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def close(self) -> None:
        self._rows.close()
        self._db.execute("COMMIT")
        self._db.close()

    def add(self, batch: int, rows: Sequence[TableRow]) -> None:
        """Write the rows of one batch; batches come in rising order, each once or, cut by the end of a chunk, twice."""
        if not rows:
            return
        columns = zip(_TYPES.values(), zip(*rows, strict=True), strict=True)
        block = [array(type, values).tobytes() for type, values in columns]
        self._rows.write(b"".join([_HEADER.pack(batch, len(rows)), *block]))

    def add_media(self, item: Object) -> None:
        """Insert or update one media object. Idempotent."""
        self._db.execute(f"INSERT INTO media VALUES (?, ?, ?, ?, ?, ?) {_KNOWN}", item)  # noqa: S608 fixed text

    def link(self, group: int, other: int) -> None:
        """Record that rows of both groups belong together."""
        self._db.execute("INSERT INTO links VALUES (?, ?)", (group, other))


@dataclass(frozen=True, slots=True)
class WorkerTable:
    """A closed journal: its files, opened and fetched on demand, and the kinds that its rows refer to."""

    rows: Callable[[], BinaryIO]
    media: Callable[[], Path]
    kinds: list[str]


class RowTable:
    """Rows of all workers, in reading order. A context manager.

    ``column["line"][i]`` is the line of the row with index ``i``; columns have the names of the fields of
    :class:`TableRow`, except ``split``; ``offset`` is the place of the record in the worker's spool. ``joined`` are
    rows whose answers are further references of another."""

    def __init__(self, folder: Path, journals: Sequence[WorkerTable]) -> None:
        self.kinds = sorted({kind for journal in journals for kind in journal.kinds})
        types: dict[str, _Type] = {**_TYPES, "offset": "q"}
        paths = {name: folder / f"column-{name}" for name in types}
        _merge(paths, journals, self.kinds)
        self._maps: list[memoryview[int]] = []
        self.column: dict[str, Sequence[int]] = {name: self._mapped(paths[name], types[name]) for name in types}
        self._state = bytearray(self.column.pop("split"))
        self._reasons = [""]
        self.joined: dict[int, list[int]] = {}
        self._db = sqlite3.connect(":memory:", isolation_level=None)
        self._db.executescript(_SCHEMA)
        for journal in journals:
            self._db.execute("ATTACH ? AS other", (str(journal.media()),))
            self._db.execute("INSERT INTO links SELECT DISTINCT grp, other FROM other.links")
            self._db.execute(f"INSERT INTO media SELECT * FROM other.media WHERE true {_KNOWN}")  # noqa: S608
            self._db.execute("DETACH other")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self.column.clear()
        for view in self._maps:
            view.release()

    def __len__(self) -> int:
        return len(self._state)

    def _mapped(self, path: Path, type: _Type) -> Sequence[int]:
        if not path.stat().st_size:
            return array(type)
        with path.open("rb") as file:
            view: memoryview[int] = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)).cast(type)
        self._maps.append(view)
        return view

    def split(self, row: int) -> int:
        """Return the split of a row, as index into SPLITS."""
        return self._state[row] & _SPLIT

    def reason(self, row: int) -> str:
        """Return the code of the finding that says why the row is left out; empty for rows in use."""
        return self._reasons[self._state[row] >> 2]

    def reasons(self) -> Counter[str]:
        """Return the number of rows left out for each reason."""
        counts = Counter(state >> 2 for state in self._state if state > _SPLIT)
        return Counter({self._reasons[at]: count for at, count in counts.items()})

    def leave_out(self, rows: Iterable[int], code: str) -> None:
        """Leave rows out; those that are left out already keep their reason.

        ``code``: of the finding that says why."""
        if code not in self._reasons:
            self._reasons.append(code)
        bits = self._reasons.index(code) << 2
        for row in rows:
            if self._state[row] <= _SPLIT:
                self._state[row] |= bits

    def assign(self, splits: bytes, only: Iterable[int] | None = None) -> None:
        """Give each row, or only those with these indexes, the split in ``splits`` at its index."""
        for row in range(len(self)) if only is None else only:
            self._state[row] = self._state[row] & ~_SPLIT | splits[row]

    def mask(self, *splits: int) -> bytes:
        """Return a 1 for each row in use in one of these splits (in any, if none is named), otherwise a 0."""
        return bytes(self._state.translate(_ones(splits or range(_SPLIT + 1))))

    def count(self, *splits: int) -> int:
        """Count the rows in use in one of these splits."""
        return self.mask(*splits).count(1)

    def used(self, name: str, *splits: int) -> Iterator[int]:
        """Yield a column of the rows in use in these splits."""
        return compress(self.column[name], self.mask(*splits))

    def rows(self, *splits: int) -> Iterator[int]:
        """Yield the indexes of the rows in use in these splits."""
        return compress(range(len(self)), self.mask(*splits))

    def splits(self) -> bytes:
        """Return the split of each row, including those left out."""
        return bytes(self._state.translate(_SPLITS))

    def repeated(self, name: str) -> set[int]:
        """Return the values that several rows have in this column."""
        values = self.column[name]
        once = set(values)
        return set() if len(once) == len(values) else {value for value, count in Counter(values).items() if count > 1}

    def join_linked_groups(self) -> None:
        """Give all groups that are linked, directly or through others, the smallest of their hashes."""
        parents: dict[int, int] = {}

        def root(group: int) -> int:
            while (parent := parents.get(group, group)) != group:
                parents[group] = parents.get(parent, parent)
                group = parent
            return group

        for group, other in self.query("SELECT DISTINCT grp, other FROM links"):
            low, high = sorted((root(group), root(other)))
            parents[high] = low
        if not parents:
            return
        self.column["grp"] = array(_TYPES["grp"], map(root, self.column["grp"]))
        joined = [(root(group), group) for group in list(parents)]
        self._db.execute("CREATE INDEX media_by_group ON media (grp)")
        self._db.executemany("UPDATE media SET grp = ? WHERE grp = ?", joined)

    def query(self, sql: str, values: Sequence[Any] = ()) -> Iterator[Any]:
        """Query the table of media objects (:class:`Object`)."""
        return iter(self._db.execute(sql, values))

    def one(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Return the first column of the first row, or None if there is none."""
        found = self._db.execute(sql, values).fetchone()
        return found[0] if found else None


def _ones(states: Iterable[int]) -> bytes:
    table = bytearray(256)
    for state in states:
        table[state] = 1
    return bytes(table)


_SPLITS: Final = bytes(state & _SPLIT for state in range(256))


def _merge(paths: Mapping[str, Path], journals: Sequence[WorkerTable], kinds: list[str]) -> None:
    """Write the columns' files, batch after batch."""
    places = [[kinds.index(kind) for kind in journal.kinds] for journal in journals]
    spooled = [0] * len(journals)
    with ExitStack() as stack:
        columns = {name: stack.enter_context(path.open("wb")) for name, path in paths.items()}
        sources = [stack.enter_context(journal.rows()) for journal in journals]
        heads = [_HEADER.unpack(head) if (head := source.read(_HEADER.size)) else None for source in sources]
        while waiting := [(head, worker) for worker, head in enumerate(heads) if head]:
            (_, rows), worker = min(waiting)
            source = sources[worker]
            for name, type in _TYPES.items():
                block = source.read(rows * _BYTES[name])
                if name == "kind":
                    block = array(type, map(places[worker].__getitem__, array(type, block))).tobytes()
                elif name == "size":
                    *offsets, spooled[worker] = accumulate(array(type, block), initial=spooled[worker])
                    columns["offset"].write(array("q", offsets))
                columns[name].write(block)
            heads[worker] = _HEADER.unpack(head) if (head := source.read(_HEADER.size)) else None
