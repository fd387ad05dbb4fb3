"""Rows that hold several questions: an image with its list of question/answer pairs becomes one row for each pair."""

from typing import Any

from tailor.datasets.columns import candidates
from tailor.datasets.formats.base import Row


def nested_key(rows: list[Row]) -> str | None:
    """The key under which most rows keep lists of question/answer objects; None where rows are flat."""
    for key in dict.fromkeys(key for row in rows[:20] for key in row):
        holding = sum(_holds_questions(row.get(key)) for row in rows)
        if 2 * holding > len(rows):
            return key
    return None


def _holds_questions(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        return False
    return bool(candidates("question", list(items[0])) and candidates("answer", list(items[0])))


def expand(row: Row, key: str) -> list[Any]:
    """One row for each question, with the outer fields that it does not have itself. A row without questions stays."""
    inner = row.get(key)
    items = list(inner.values()) if isinstance(inner, dict) else inner
    if not isinstance(items, list) or not items:
        return [row]
    outer = {name: value for name, value in row.items() if name != key}
    if "id" in outer:
        outer.setdefault("image_id", outer.pop("id"))
    return [{**outer, **item} if isinstance(item, dict) else item for item in items]
