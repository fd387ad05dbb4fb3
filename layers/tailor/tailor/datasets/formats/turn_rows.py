"""Join tables with a row for each turn, as chat systems export them: each conversation becomes one row.

Without a column that says where a turn stands, those of a conversation must follow each other. With one they may stand
anywhere: then a table on disk puts them together, so memory stays the same however many there are.
"""

import base64
import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import orjson

from tailor.datasets.formats.base import Row
from tailor.datasets.formats.reply_trees import linked_branch
from tailor.datasets.formats.turn_columns import TurnColumns, in_order
from tailor.datasets.sources import READ_ON_ERRORS, DataFile, Item
from tailor.findings import RowError, finding

_MOST_TURNS: Final = 2000
"""Maximum turns of one conversation, which are kept in memory."""
_EMPTY: Final = (None, "")
_SCHEMA: Final = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
CREATE TABLE turns (conversation TEXT, line INTEGER, row BLOB); CREATE INDEX by_conversation ON turns (conversation);
"""


@dataclass(frozen=True, slots=True)
class TurnRows(DataFile):
    """A file whose rows are turns; it yields a row for each conversation. ``table``: where they are joined."""

    columns: TurnColumns | None = None
    table: Path = Path()

    def rows(self) -> Iterator[Item]:
        columns = self.columns
        if columns is None:
            raise ValueError("the columns of the turns are not known")
        return self._anywhere(columns) if columns.place or columns.links else self._following(columns)

    def _following(self, columns: TurnColumns) -> Iterator[Item]:
        """Yield conversations whose turns are consecutive."""
        pending, seen = list[tuple[int, Row]](), set[int]()
        for line, value, raw in DataFile.rows(self):
            if not _belongs(value, columns):
                yield _lost(line, value, raw, columns)
                continue
            same = pending and pending[0][1][columns.conversation] == value[columns.conversation]
            if pending and (not same or len(pending) == _MOST_TURNS):
                yield _unbroken(pending, columns, seen)
                pending = []
            pending.append((line, value))
        if pending:
            yield _unbroken(pending, columns, seen)

    def _anywhere(self, columns: TurnColumns) -> Iterator[Item]:
        """Yield conversations whose turns may be anywhere, each at the line of its first turn."""
        if not self.table.exists():
            self._fill(columns)
        with closing(sqlite3.connect(f"{self.table.absolute().as_uri()}?mode=ro", uri=True)) as table:
            for line, value, raw in DataFile.rows(self):
                if not _belongs(value, columns):
                    yield _lost(line, value, raw, columns)
                    continue
                query = "SELECT line, row FROM turns WHERE conversation = ? ORDER BY line LIMIT ?"
                found = table.execute(query, (str(value[columns.conversation]), _MOST_TURNS)).fetchall()
                if found and found[0][0] == line:
                    yield _together([(at, orjson.loads(row)) for at, row in found], columns)

    def _fill(self, columns: TurnColumns) -> None:
        self.table.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(self.table)) as table:
            table.executescript(_SCHEMA)
            table.executemany("INSERT INTO turns VALUES (?, ?, ?)", self._identified(columns))
            table.commit()

    def _identified(self, columns: TurnColumns) -> Iterator[tuple[str, int, bytes]]:
        with suppress(*READ_ON_ERRORS):  # told when the rows are read
            for line, value, _ in DataFile.rows(self):
                if _belongs(value, columns):
                    yield str(value[columns.conversation]), line, orjson.dumps(value, default=_as_text)


def gathered(file: DataFile, columns: TurnColumns, scratch: Path) -> TurnRows:
    """Return the file with a row for each conversation."""
    table = scratch / f"turns-{hashlib.sha256(file.name.encode(errors='replace')).hexdigest()[:16]}.sqlite"
    table.unlink(missing_ok=True)
    return TurnRows(**{each.name: getattr(file, each.name) for each in fields(DataFile)}, columns=columns, table=table)


def _as_text(value: Any) -> str:
    """Return the bytes of a picture as base64, other values as text."""
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _belongs(value: Any, columns: TurnColumns) -> bool:
    return isinstance(value, dict) and value.get(columns.conversation) not in _EMPTY


def _lost(line: int, value: Any, raw: bytes | str | None, columns: TurnColumns) -> Item:
    """Return a finding for a row that is no turn, or belongs to no conversation."""
    if isinstance(value, dict):
        value = RowError(finding("turns-apart/none", path=columns.conversation))
    return line, value, raw


def _unbroken(turns: list[tuple[int, Row]], columns: TurnColumns, seen: set[int]) -> Item:
    """Return a conversation of consecutive turns; an error for further turns of an earlier one."""
    line, first = turns[0]
    identity = hash(str(first[columns.conversation]))
    if identity in seen:
        apart = finding("turns-apart", path=columns.conversation, id=first[columns.conversation])
        return line, RowError(apart), str(first)
    seen.add(identity)
    return _together(turns, columns)


def _together(turns: list[tuple[int, Row]], columns: TurnColumns) -> Item:
    """Return one row for the turns of a conversation, at the line of the first."""
    line, first = turns[0]
    if len(turns) == _MOST_TURNS:
        problem = finding("turns-apart/many", path=columns.conversation, limit=_MOST_TURNS)
        return line, RowError(problem), str(first)
    rows = in_order([row for _, row in turns], columns.place)
    if columns.links:
        rows = linked_branch(rows, *columns.links) or rows
    own = (columns.role, columns.text, columns.place)
    rest = {
        name: value for name, value in first.items() if name not in own and all(row.get(name) == value for row in rows)
    }
    rest["id"] = first.get("id", rest.pop(columns.conversation))
    return line, {**rest, "messages": [{"role": row[columns.role], "content": row[columns.text]} for row in rows]}, None
