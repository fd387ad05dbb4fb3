"""Rows of no known form: what they may be, and the lines of a recipe that could help."""

import re
from typing import Any, Final

from tailor.datasets.formats.base import Row
from tailor.findings import Finding, finding

_LANGUAGES: Final = {
    "en": "English", "vi": "Vietnamese", "zh": "Chinese", "ja": "Japanese", "ko": "Korean", "fr": "French",
    "de": "German", "es": "Spanish", "th": "Thai", "id": "Indonesian", "ru": "Russian", "lo": "Lao", "km": "Khmer",
}  # fmt: skip
_PLACE: Final = re.compile(r"\{+ ?\w{1,40} ?\}+")


def is_template(row: Any) -> bool:
    """Whether an object is no row but a template for rows: texts with places such as {instruction}."""
    if not isinstance(row, dict):
        return False
    texts = [value for value in row.values() if isinstance(value, str)]
    return bool(texts) and len(texts) == len(row) and all(_PLACE.search(text) for text in texts)


def why_unknown(rows: list[Row], columns: dict[str, str]) -> Finding:
    """Return the finding for rows of no known form, with the lines of a recipe that could help."""
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    if special := _known_by_sight(rows):
        return special
    if {"chosen", "rejected"} <= set(names):
        return finding("rows-unrecognised/pairs")
    missing = sorted({"question", "answer"} - columns.keys(), reverse=True)
    free = [name for name in names if name not in columns.values() and re.fullmatch(r"[\w -]{1,40}", name)]
    fix = "name the columns in tailor.yaml"
    if len(free) >= len(missing):
        fix += f", such as data: {{columns: {{{', '.join(map(': '.join, zip(missing, free, strict=False)))}}}}}"
    if missing == ["question"] and {"image", "video"} & columns.keys():
        fix += "; or, where each row is asked the same, say what: data: {prompt: 'What is in this image?'}"
    elif missing == ["question"] and free:
        asked = f"data: {{prompt: 'Is this good or bad?', columns: {{context: {free[0]}}}}}"
        fix += f"; or, where each row is asked the same about a text, say what: {asked}"
    if len(missing) == 1:
        return finding("rows-unrecognised/column", part=missing[0], suggestion=fix)
    return finding("rows-unrecognised", suggestion=fix)


def _known_by_sight(rows: list[Row]) -> Finding | None:
    first = rows[0] if rows else {}
    for value in first.values():
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
