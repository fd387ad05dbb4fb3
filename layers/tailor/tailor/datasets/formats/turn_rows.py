"""Tables with a row for each turn, as chat systems export them: the rows of a conversation become one row."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from typing import Any, Final

from tailor.datasets.formats.base import Row
from tailor.datasets.formats.roles import TEXT_KEYS, part_of
from tailor.datasets.sources import DataFile, Item, candidates
from tailor.findings import Finding, RowError, finding

_PLACES: Final = (
    "turn",
    "turn_id",
    "turn_index",
    "turn_number",
    "index",
    "order",
    "seq",
    "position",
    "step",
    "message_index",
)
_MOST_TURNS: Final = 2000
"""Turns of one conversation that are kept in memory."""
_EMPTY: Final = (None, "")


@dataclass(frozen=True, slots=True)
class TurnColumns:
    """The columns with who speaks, what is said, which conversation it is ("" where nothing says it), and perhaps the
    turn's place in it."""

    role: str
    text: str
    conversation: str
    place: str | None = None


@dataclass(frozen=True, slots=True)
class TurnRows(DataFile):
    """A file whose rows are turns; read, each conversation is a row."""

    columns: TurnColumns | None = None

    def rows(self) -> Iterator[Item]:
        columns, pending, seen = self.columns, list[tuple[int, Row]](), set[int]()
        if columns is None:
            raise ValueError("the columns of the turns are not known")
        for line, value, raw in DataFile.rows(self):
            if not isinstance(value, dict) or value.get(columns.conversation) in _EMPTY:
                lost = isinstance(value, dict)
                yield line, RowError(finding("turns-apart/none", path=columns.conversation)) if lost else value, raw
                continue
            same = pending and pending[0][1][columns.conversation] == value[columns.conversation]
            if pending and (not same or len(pending) == _MOST_TURNS):
                yield _together(pending, columns, seen)
                pending = []
            pending.append((line, value))
        if pending:
            yield _together(pending, columns, seen)


def turn_columns(rows: list[Row]) -> TurnColumns | None:
    """Return the columns of a table whose rows are turns; None for any other table."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    role = next((name for name in names if _tells_roles([row.get(name) for row in rows])), None)
    texts = [name for name in names if name != role and _is_text([row.get(name) for row in rows])]
    usual = [name for name in TEXT_KEYS if name in texts]
    text = next(iter(usual or texts), None)
    pairs = candidates("question", names) and candidates("answer", names)
    if role is None or text is None or pairs or len(rows) < 2:
        return None
    others = [name for name in names if name not in (role, text)]
    shares = {name: _share(rows, name, role) for name in others}
    best = max(shares, key=shares.__getitem__, default=None)
    if best is None or shares[best] < 0.5:
        named = candidates("group", others)[:1]  # not in order, which is told of the rows
        return TurnColumns(role, text, named[0] if named else "")
    place = next((name for name in others if name.lower() in _PLACES and name != best), None)
    return TurnColumns(role, text, best, place)


def gathered(file: DataFile, columns: TurnColumns) -> TurnRows:
    """Return the file with a row for each conversation."""
    return TurnRows(**{each.name: getattr(file, each.name) for each in fields(DataFile)}, columns=columns)


def _tells_roles(values: list[Any]) -> bool:
    parts = Counter(part_of(value) for value in values if value not in _EMPTY)
    return bool(parts["user"] and parts["assistant"]) and parts[None] == 0


def _is_text(values: list[Any]) -> bool:
    said = [value for value in values if isinstance(value, str) and value.strip()]
    return 2 * len(said) > len(values) and any(not value.strip().isdecimal() for value in said) and len(set(said)) > 1


def _share(rows: list[Row], name: str, role: str) -> float:
    """How many of the rows stand in conversations, if the column says which: they begin with the user and answer. The
    last one may go on after the rows that were looked at."""
    good = total = 0
    groups = [list(group) for _, group in groupby(rows, key=lambda row: row.get(name))]
    for group in groups[:-1] or groups:
        parts = [part for row in group if (part := part_of(row.get(role))) != "system"]
        total += len(group)
        good += len(group) if parts[:2] == ["user", "assistant"] else 0
    ids = [group[0].get(name) for group in groups]
    if len(set(map(str, ids))) < 2 and name not in candidates("group", [name]):
        return 0  # the same for all rows
    return good / total * len(set(map(str, ids))) / len(ids) if total and None not in ids else 0


def _together(turns: list[tuple[int, Row]], columns: TurnColumns, seen: set[int]) -> Item:
    """One row of the turns of a conversation, by the line of the first."""
    line, first = turns[0]
    identity = hash(str(first[columns.conversation]))
    problem: Finding | None = None
    if identity in seen:
        problem = finding("turns-apart", path=columns.conversation, id=first[columns.conversation])
    seen.add(identity)
    if problem or len(turns) == _MOST_TURNS:
        problem = problem or finding("turns-apart/many", path=columns.conversation, limit=_MOST_TURNS)
        return line, RowError(problem), str(first)
    rows = [row for _, row in turns]
    if columns.place:
        rows.sort(key=lambda row: _number(row.get(columns.place or "")))
    own = (columns.role, columns.text, columns.place)
    rest = {
        name: value for name, value in first.items() if name not in own and all(row.get(name) == value for row in rows)
    }
    rest["id"] = first.get("id", rest.pop(columns.conversation))
    return line, {**rest, "messages": [{"role": row[columns.role], "content": row[columns.text]} for row in rows]}, None


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0
