"""Classify a column's content: texts, or ids, numbers, dates, file names that are neither question nor answer."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_ID: Final = re.compile(
    r"(?i)[a-z]{0,24}[-_:#]?\d+(?:[-_:.]\d+)*|[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}|[0-9a-f]{12,}"
)
_NUMBER: Final = re.compile(r"[-+]?\d+(?:[.,]\d+)*(?:e[-+]?\d+)?")
_DATE: Final = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:[T ][\d:.+Z-]*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_FILE: Final = re.compile(
    r"(?i)(?:[a-z]+://\S+|\S[^\n]{0,300}\.(?:png|jpe?g|gif|webp|bmp|tiff?|mp4|mov|mkv|webm|pdf|wav|mp3))"
)
_NO_TEXTS: Final = (_ID, _NUMBER, _DATE, _FILE)
_TIMES: Final = ((1e9, 2.2e9), (1e12, 2.2e12))
"""Seconds and milliseconds since 1970, for dates from 2001 on."""
_LOOKED_AT: Final = 50
_ENOUGH: Final = 3


def values_of(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    """Return the values of a column in the first rows, without empty ones."""
    return [row[name] for row in rows[:_LOOKED_AT] if row.get(name) not in (None, "", [], {})]


def holds_texts(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether a column contains texts to ask or learn, not ids, numbers, dates, file names or objects."""
    values = values_of(rows, name)
    texts = [value.strip() for value in values if isinstance(value, str)]
    if not texts or 2 * len(texts) < len(values):
        return False
    return not any(2 * sum(map(bool, map(kind.fullmatch, texts))) > len(texts) for kind in _NO_TEXTS)


def is_prose(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether a column contains texts of several words."""
    values = [value for value in values_of(rows, name) if isinstance(value, str)]
    return holds_texts(rows, name) and 2 * sum(len(value.split()) > 2 for value in values) > len(values)


def is_no_question(rows: Sequence[Mapping[str, Any]], name: str, is_file: Callable[[str], bool]) -> str | None:
    """Return what a column contains that is certainly not a question: files, or distinct ids; None for others."""
    values = values_of(rows, name)
    texts = [value.strip() for value in values if isinstance(value, str)]
    if len(texts) < max(_ENOUGH, len(values)):
        return None
    if all(_FILE.fullmatch(text) and is_file(text) for text in texts):
        return "names of files"
    named = all(_ID.fullmatch(text) and not _NUMBER.fullmatch(text) for text in texts)
    return "ids" if named and len(set(texts)) == len(texts) else None


def are_times(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether a column contains points in time as numbers, most of them different."""
    values = values_of(rows, name)
    numbers = [value for value in values if type(value) in (int, float)]
    within = any(all(least <= value <= most for value in numbers) for least, most in _TIMES)
    return len(numbers) == len(values) >= _ENOUGH and within and 2 * len(set(numbers)) > len(numbers)


def is_query(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    """Return whether a column contains database queries."""
    values = values_of(rows, name)
    return bool(values) and all(isinstance(value, str) and _QUERY.match(value) for value in values)


_QUERY: Final = re.compile(r"(?i)\s*\(?\s*(?:select|with|insert|update|delete|create|match|prefix)\b")
