"""Rows that hold several questions: an image with its list of question/answer pairs, or one of SQuAD's articles with
its paragraphs and their questions, becomes one row for each pair."""

from itertools import chain
from typing import Any, Final

from tailor.datasets.columns import candidates
from tailor.datasets.formats.base import Row

_DEEPEST: Final = 3
"""Lists within lists: SQuAD has two."""
_LOOKED_AT: Final = 20


def nested_path(rows: list[Row], depth: int = _DEEPEST) -> tuple[str, ...]:
    """The keys, the outer one first, under which most rows keep lists of question/answer objects; empty where rows are
    flat."""
    keys = list(dict.fromkeys(key for row in rows[:_LOOKED_AT] for key in row))
    for key in keys:
        told = [row.get(key) for row in rows if row.get(key, 0) != []]  # an empty list says nothing
        if 2 * sum(map(_holds_questions, told)) > len(told):
            return (key,)
    if depth == 1 or candidates("question", keys) or candidates("answer", keys):
        return ()
    for key in keys:
        inner = list(chain.from_iterable(_objects(row.get(key))[:_LOOKED_AT] for row in rows[:_LOOKED_AT]))
        path = nested_path(inner[:_LOOKED_AT], depth - 1) if inner else ()
        if path:
            return (key, *path)
    return ()


def _items(value: Any) -> list[Any]:
    items = list(value.values()) if isinstance(value, dict) else value
    return items if isinstance(items, list) else []


def _objects(value: Any) -> list[Row]:
    return [item for item in _items(value) if isinstance(item, dict)]


def _holds_questions(value: Any) -> bool:
    items = _items(value)
    if not items or not isinstance(items[0], dict):
        return False
    return bool(candidates("question", list(items[0])) and candidates("answer", list(items[0])))


def expand(row: Row, path: tuple[str, ...]) -> list[Any]:
    """One row for each question, with the outer fields that it does not have itself. A row without questions stays."""
    key, *deeper = path
    items = _items(row.get(key))
    if not items:
        return [row]
    outer = {name: value for name, value in row.items() if name != key}
    if "id" in outer:
        outer.setdefault("image_id", outer.pop("id"))
    inner = [{**outer, **item} if isinstance(item, dict) else item for item in items]
    if not deeper:
        return inner
    rest = tuple(deeper)
    return [part for item in inner for part in (expand(item, rest) if isinstance(item, dict) else [item])]
