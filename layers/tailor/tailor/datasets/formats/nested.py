"""Expand rows that hold several questions into one row for each: an image with its list of question/answer pairs, an
article of SQuAD with its paragraphs, or parallel lists of questions and answers as in RACE and ViMMRC."""

from itertools import chain, islice
from typing import Any, Final

from tailor.datasets.formats.base import Row
from tailor.datasets.formats.conversations import KEYS
from tailor.datasets.sources import LISTED, candidates

SIDE_BY_SIDE: Final = "(side by side)"
FRAME: Final = "(a table)"
_TURNS: Final = frozenset({*KEYS, "history"}) - {"data"}
"""Keys of turns that belong together."""
_DEEPEST: Final = 3
"""Levels of nested lists: SQuAD has two."""
_LOOKED_AT: Final = 20
_MOST_KEYS: Final = 200
_MOST_INSIDE: Final = 1000
"""Number of inner objects that are looked at: the first ones may have no questions yet."""


def nested_path(rows: list[Row], depth: int = _DEEPEST) -> tuple[str, ...]:
    """Return the keys, outermost first, under which most rows keep lists of question/answer objects; empty if rows are
    flat."""
    if rows and all(map(_is_frame, rows)):
        return (FRAME,)
    keys = list(dict.fromkeys(key for row in rows[:_LOOKED_AT] for key in row))
    if 2 * sum(bool(_side_by_side(row)) for row in rows) > len(rows):
        return (SIDE_BY_SIDE,)
    keys = [key for key in keys if key not in _TURNS][:_MOST_KEYS]
    for key in keys:
        told = [row.get(key) for row in rows if row.get(key, 0) != []]  # an empty list says nothing
        if 2 * sum(map(_holds_questions, told)) > len(told):
            return (key,)
    if depth == 1 or candidates("question", keys) or candidates("answer", keys):
        return ()
    for key in keys:
        inside = chain.from_iterable(_objects(row.get(key)) for row in rows[:_LOOKED_AT])
        inner = list(islice(inside, _MOST_INSIDE))
        path = nested_path(inner, depth - 1) if inner else ()
        if path:
            return (key, *path)
    return ()


def has_none(row: Any, path: tuple[str, ...]) -> bool:
    """Return whether a result of :func:`expand` is not a question, but holds an empty list of them."""
    return isinstance(row, dict) and row.get(path[-1], 0) in ([], {}, None)


def _side_by_side(row: Row) -> list[str]:
    """Return the columns with one item for each question: a text, or a list of choices; empty if questions are no
    list."""
    names = list(row)
    likely = [candidates(field, names)[:1] for field in ("question", "answer", LISTED)]
    columns = [name for found in likely for name in found]
    lists = [row[name] for name in columns]
    if not (likely[0] and likely[1]) or not all(isinstance(value, list) for value in lists):
        return []
    alike = len({len(value) for value in lists}) == 1 and all(isinstance(item, str) for item in lists[0])
    return columns if alike and lists[0] else []


def _is_frame(row: Row) -> bool:
    """Return whether a row is a whole table, as pandas writes it with ``orient="split"``."""
    columns, data = row.get("columns"), row.get("data")
    if not isinstance(columns, list) or not isinstance(data, list) or not columns or not data:
        return False
    return all(isinstance(name, str) for name in columns) and all(
        isinstance(values, list) and len(values) == len(columns) for values in data
    )


def _parted(row: Row) -> list[Any]:
    columns = _side_by_side(row)
    if not columns:
        return [row]
    outer = {name: value for name, value in row.items() if name not in columns}
    return [{**outer, **dict(zip(columns, values, strict=True))} for values in zip(*map(row.get, columns), strict=True)]


def _items(value: Any) -> list[Any]:
    """Return the items of a list, or of an object by ids. An object with a list of questions and other keys is one
    item."""
    if isinstance(value, dict):
        lists = any(isinstance(item, list) and item and isinstance(item[0], dict) for item in value.values())
        return [value] if lists else list(value.values())
    return value if isinstance(value, list) else []


def _objects(value: Any) -> list[Row]:
    return [item for item in _items(value) if isinstance(item, dict)]


def _holds_questions(value: Any) -> bool:
    items = _items(value)
    if not items or not isinstance(items[0], dict):
        return False
    return bool(candidates("question", list(items[0])) and candidates("answer", list(items[0])))


def expand(row: Row, path: tuple[str, ...], *, shown: bool = True) -> list[Any]:
    """Yield one row for each question, with the outer fields that it lacks. A row without questions is unchanged.

    ``shown``: there are media, so that an outer id may be that of a picture."""
    key, *deeper = path
    if key == SIDE_BY_SIDE:
        return _parted(row)
    if key == FRAME:
        return [dict(zip(row["columns"], values, strict=False)) for values in row["data"]] if _is_frame(row) else [row]
    items = _items(row.get(key))
    if not items:
        return [row]
    outer = {name: value for name, value in row.items() if name != key}
    if "id" in outer:
        identity = outer.pop("id")
        outer = {"image_id": identity, **outer} if shown else {"document_id": identity, **outer}
    inner = [{**outer, **item} if isinstance(item, dict) else item for item in items]
    if not deeper:
        return inner
    rest = tuple(deeper)
    found = (expand(item, rest, shown=shown) if isinstance(item, dict) else [item] for item in inner)
    return [row for several in found for row in several]
