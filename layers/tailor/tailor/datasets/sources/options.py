"""Parse the choices of a question from a field of a row."""

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.sources.literals import value_of

LISTED: Final = "choices"
"""Field of a column with lists of choices; columns with one choice each are :data:`EACH` and a letter."""
EACH: Final = "choice "

_TEXTS: Final = ("text", "value", "content", "option", "answer", "choice", "title")
_LABELS: Final = ("label", "key", "id", "letter")
MOST: Final = 200
_LONGEST: Final = 1 << 20
LABELLED: Final = re.compile(r"\s*\(?(?:([A-Za-z])\s*[.):]\s*|(\d{1,2})(?:\)\s*|[.:]\s+))(?=\S)")
_MARK: Final = re.compile(r"(?<!\S)\(?([A-H])[.):]\s*+")


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    text: str

    @property
    def line(self) -> str:
        return f"{self.label}. {self.text}"


Options = list[Option]


_FLAGS: Final = frozenset(
    (
        "correct",
        "is_correct",
        "iscorrect",
        "isCorrect",
        "right",
        "is_right",
        "isRight",
        "is_answer",
        "isAnswer",
        "isTrue",
    )
)
_FRACTION: Final = "fraction"
"""Moodle's weight of a choice, in per cent: the right one has the highest."""
_FLAG_VALUES: Final = (True, False, 0, 1)


def flagged(value: Any) -> list[tuple[Option, bool]]:
    """Return the choices of a list in which each says whether it is right; empty for other values."""
    if isinstance(value, str):
        value = value_of(value) if value.lstrip()[:1] == "[" else value
    if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
        return []
    flags = _flags(value)
    if not all(flag in _FLAG_VALUES for flag in flags):
        return []
    options = options_of(value)
    if len(options) != len(value):
        return []
    return [(option, bool(flag)) for option, flag in zip(options, flags, strict=True)]


def _flags(items: list[dict[str, Any]]) -> list[Any]:
    """Return the mark of each choice; None if it has none."""
    fractions = [item[_FRACTION] for item in items if type(item.get(_FRACTION)) in (int, float)]
    if len(fractions) == len(items):
        return [fraction == max(fractions) and fraction > 0 for fraction in fractions]
    return [next((item[key] for key in item if key in _FLAGS), None) for item in items]


def is_flagged(value: Any) -> bool:
    """Return whether a value is a list of choices of which each says whether it is right."""
    return bool(flagged(value))


def options_of(value: Any) -> Options:
    """Return the choices in a field; empty if it contains none.

    Takes a list, an object (of letters, or Hugging Face's ``text`` and ``label``), text of such, or lettered lines."""
    if isinstance(value, str):
        return _from_text(value) if len(value) <= _LONGEST else []
    if isinstance(value, list):
        return _from_list(value)
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return from_pairs(zip(labels, texts, strict=True))
        named = [str(key).upper() for key in value]
        signs = (_letters(len(value)), *([str(n + first) for n in range(len(value))] for first in (0, 1)))
        return from_pairs(value.items()) if named in signs else []
    return []


def _from_text(text: str) -> Options:
    value = value_of(text)
    if value is not text:
        return options_of(value)
    marks = list(_MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    lines = [(mark[1], text[mark.end() : end]) for mark, end in zip(marks, ends, strict=False)]
    return from_pairs(lines) if [label for label, _ in lines] == _letters(len(lines)) else []


def _from_list(values: list[Any]) -> Options:
    if values and all(isinstance(value, dict) for value in values):
        named = [(_first(value, _LABELS), _text_in(value)) for value in values]
        if all(label is not None for label, _ in named):
            return from_pairs(named)
        values = [text for _, text in named]
    labels = _letters(len(values))
    own = [LABELLED.match(value) if isinstance(value, str) else None for value in values]
    given = [str(match[1] or match[2]) if match else "" for match in own]
    if given in (labels, [label.lower() for label in labels], [str(n) for n in range(1, len(values) + 1)]):
        return from_pairs((match[1] or match[2], match.string[match.end() :]) for match in own if match)
    return from_pairs(zip(labels, values, strict=True))


def _text_in(value: Mapping[str, Any]) -> Any:
    """Return the text of a choice: under a usual name, or else its only text."""
    found = _first(value, _TEXTS)
    texts = [text for key, text in value.items() if isinstance(text, str) and key not in _LABELS]
    return texts[0] if found is None and len(texts) == 1 else found


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _letters(count: int) -> list[str]:
    return list(string.ascii_uppercase[:count]) if count <= 26 else [str(n) for n in range(1, count + 1)]


def from_pairs(pairs: Iterable[tuple[Any, Any]]) -> Options:
    """Return options from labels and texts.

    Empty where something is no text, fewer than two choices say something, or there are too many for a question."""
    pairs = list(pairs)
    if len(pairs) > MOST or not all(isinstance(part, str | int | float | None) for pair in pairs for part in pair):
        return []
    found = [Option(str(label), "" if text is None else str(text).strip()) for label, text in pairs]
    return found if sum(bool(option.text) for option in found) > 1 else []
