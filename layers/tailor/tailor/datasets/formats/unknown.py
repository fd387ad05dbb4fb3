"""Suggest what rows of no known format may be, and the lines of a recipe that could help."""

import re
from collections.abc import Callable
from typing import Any, Final

from tailor.datasets.formats import carriers, conversations
from tailor.datasets.formats.base import Row
from tailor.datasets.sources import are_times, candidates, holds_texts, is_no_question, is_prose
from tailor.findings import Finding, finding

_LANGUAGES: Final = {
    "en": "English", "vi": "Vietnamese", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "fr": "French",
    "de": "German", "es": "Spanish", "th": "Thai", "id": "Indonesian", "ru": "Russian", "lo": "Lao", "km": "Khmer",
}  # fmt: skip
_NAME: Final = re.compile(r"[\w .-]{1,40}")
_USUAL: Final = ("answer", "label")
_ENOUGH: Final = 20
"""Number of rows that show that a column is the same for all."""
_PLACE: Final = re.compile(r"\{+ ?\w{1,40} ?\}+")


def is_template(row: Any) -> bool:
    """Return whether an object is a template for rows: texts with placeholders such as {instruction}."""
    if not isinstance(row, dict):
        return False
    texts = [value for value in row.values() if isinstance(value, str)]
    return bool(texts) and len(texts) == len(row) and all(_PLACE.search(text) for text in texts)


def why_unknown(rows: list[Row], columns: dict[str, str]) -> Finding:
    """Return the finding for rows of no known format, with the lines of a recipe that could help."""
    if special := _known_by_sight(rows):
        return special
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    missing = sorted({"question", "answer"} - columns.keys(), reverse=True)
    named = [name for name in names if name not in columns.values() and _NAME.fullmatch(name)]
    free = [name for name in named if holds_texts(rows, name) and _says_something(rows, name)]
    fix = "name the columns in tailor.yaml"
    shown = columns.keys() & {"image", "video"}
    if len(free) >= len(missing) and not (missing == ["question"] and shown):
        fix += f", such as data: {{columns: {{{', '.join(map(': '.join, zip(missing, free, strict=False)))}}}}}"
    if asked := _asked_the_same(rows, columns, free):
        fix += f"; or, where each row is asked the same, say what: {asked}"
    if not free and missing == ["question", "answer"] and not set(conversations.KEYS) & set(names):
        return finding("rows-unrecognised/no-texts", suggestion=fix)
    if len(missing) == 1:
        return finding("rows-unrecognised/column", part=missing[0], suggestion=fix)
    return finding("rows-unrecognised", suggestion=fix)


def _says_something(rows: list[Row], name: str) -> bool:
    """Return whether a column differs between rows, and not as the name of a split."""
    values = [row.get(name) for row in rows]
    same = len(rows) >= _ENOUGH and all(value == values[0] for value in values)
    return not same and not carriers.are_splits(value for value in values if value not in (None, ""))


def _asked_the_same(rows: list[Row], columns: dict[str, str], free: list[str]) -> str | None:
    """Return the lines of a recipe for rows without a question: pictures or texts, and an answer for each."""
    if "question" in columns:
        return None
    shown = "image" if "image" in columns else "video" if "video" in columns else None
    prose = [columns["context"]] if "context" in columns else [name for name in free if is_prose(rows, name)]
    answers = [columns["answer"]] if "answer" in columns else [name for name in free if name not in prose[:1]]
    if not answers or not (shown or prose):
        return None
    answer = answers[0]
    named = [f"context: {prose[0]}"] if not shown else []
    named += [] if "answer" in columns and answer in _USUAL else [f"answer: {answer}"]
    short = "Summarise this text." if answer.lower() in ("highlights", "summary") else "Is this good or bad?"
    prompt = f"What is in this {shown}?" if shown else short
    return f"data: {{prompt: '{prompt}'{', columns: {' + ', '.join(named) + '}' if named else ''}}}"


def no_question(rows: list[Row], columns: dict[str, str], is_file: Callable[[str], bool]) -> Finding | None:
    """Return the finding for a question column that contains no questions, whoever named it."""
    for field in ("question", "answer"):
        name = columns.get(field)
        what = is_no_question(rows, name, is_file) if name else None
        what = "times" if name and are_times(rows, name) else what
        if name and what and (what != "ids" or not candidates(field, [name])):
            return finding("rows-unrecognised/unlikely", part=field, name=name, what=what)
    return None


def _known_by_sight(rows: list[Row]) -> Finding | None:
    first = rows[0] if rows else {}
    texts = {key: value for key, value in first.items() if isinstance(value, str) and _is_language(key)}
    for value in [*first.values(), *([texts] if len(first) - len(texts) < 2 else [])]:
        if isinstance(value, dict) and len(value) == 2 and all(_is_language(name) for name in value):
            one, other = value
            asked = f"Translate into {_LANGUAGES.get(other[:2].lower(), other)}."
            suggestion = f"data: {{prompt: '{asked}', columns: {{context: {one}, answer: {other}}}}}"
            return finding("rows-unrecognised/translation", one=one, other=other, suggestion=suggestion)
        if isinstance(value, list) and value and all(map(_is_segment, value)):
            return finding("rows-unrecognised/segments")
    return None


def _is_language(name: Any) -> bool:
    return (
        isinstance(name, str)
        and name[:2].lower() in _LANGUAGES
        and bool(re.fullmatch(r"[a-zA-Z]{2}([_-]\w{2,8})?", name))
    )


def _is_segment(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("label"), bool) and isinstance(value.get("text"), str)
