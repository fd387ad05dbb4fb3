"""Multiple choice: what the choices of a row are, and which of them an answer means.

The choices are put below the question as lettered lines. Answers are letters, texts or numbers of choices: the first
rows of a file show which, so that no single row has to be guessed.
"""

import re
import string
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.notes import Notes, Trouble
from tailor.datasets.printed import value_of
from tailor.recipe import Data

LISTED: Final = "choices"
"""The part that one column with lists of choices has; columns with a choice each are :data:`EACH` and a letter."""
EACH: Final = "choice "

_TEXTS: Final = ("text", "value", "content", "option", "answer")
_LABELS: Final = ("label", "key", "id", "letter")
MOST: Final = 200
_LONGEST: Final = 1 << 20
_LABELLED: Final = re.compile(r"\s*\(?(?:([A-Za-z])\s*[.):]\s*|(\d{1,2})(?:\)\s*|[.:]\s+))(?=\S)")
_MARK: Final = re.compile(r"(?<!\S)\(?([A-H])[.):]\s*+")


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    text: str

    @property
    def line(self) -> str:
        return f"{self.label}. {self.text}"


Options = list[Option]


def options_of(value: Any) -> Options:
    """The choices in a list, an object (of letters, or Hugging Face's ``text`` and ``label``) or text of such, or
    lettered lines; empty where it is none of them."""
    if isinstance(value, str):
        return _from_text(value) if len(value) <= _LONGEST else []
    if isinstance(value, list):
        return _from_list(value)
    if isinstance(value, dict):
        texts, labels = value.get("text"), value.get("label")
        if isinstance(texts, list) and isinstance(labels, list) and len(texts) == len(labels):
            return _options(zip(labels, texts, strict=True))
        named = [str(key).upper() for key in value]
        signs = (_letters(len(value)), *([str(n + first) for n in range(len(value))] for first in (0, 1)))
        return _options(value.items()) if named in signs else []
    return []


def _from_text(text: str) -> Options:
    value = value_of(text)
    if value is not text:
        return options_of(value)
    marks = list(_MARK.finditer(text))
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    lines = [(mark[1], text[mark.end() : end]) for mark, end in zip(marks, ends, strict=False)]
    return _options(lines) if [label for label, _ in lines] == _letters(len(lines)) else []


def _from_list(values: list[Any]) -> Options:
    if values and all(isinstance(value, dict) for value in values):
        named = [(_first(value, _LABELS), _first(value, _TEXTS)) for value in values]
        if all(label is not None for label, _ in named):
            return _options(named)
        values = [text for _, text in named]
    labels = _letters(len(values))
    own = [_LABELLED.match(value) if isinstance(value, str) else None for value in values]
    given = [str(match[1] or match[2]) if match else "" for match in own]
    if given in (labels, [label.lower() for label in labels], [str(n) for n in range(1, len(values) + 1)]):
        return _options((match[1] or match[2], match.string[match.end() :]) for match in own if match)
    return _options(zip(labels, values, strict=True))


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if name in value), None)


def _letters(count: int) -> list[str]:
    return list(string.ascii_uppercase[:count]) if count <= 26 else [str(n) for n in range(1, count + 1)]


def _options(pairs: Iterable[tuple[Any, Any]]) -> Options:
    """Empty where something is no text, fewer than two choices say something, or there are too many for a question."""
    pairs = list(pairs)
    if len(pairs) > MOST or not all(isinstance(part, str | int | float | None) for pair in pairs for part in pair):
        return []
    found = [Option(str(label), "" if text is None else str(text).strip()) for label, text in pairs]
    return found if sum(bool(option.text) for option in found) > 1 else []


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _by_label(value: Any, options: Options) -> str | None:
    """A letter, or several of them."""
    said = str(value).strip()
    labels = {option.label.casefold(): option.label for option in options if option.text}
    one = labels.get(said.strip("()[].: ").casefold())
    if one:
        return one
    several = re.split(r"[\s,;&+/]+", said)
    return said if len(several) > 1 and all(part.casefold() in labels for part in several) else None


def _by_line(value: Any, options: Options) -> str | None:
    match = _LABELLED.match(str(value))
    if not match:
        return None
    label, text = (match[1] or match[2]).casefold(), _fold(match.string[match.end() :])
    fits = any(option.label.casefold() == label and _fold(option.text) == text for option in options)
    return str(value).strip() if fits else None


def _by_text(value: Any, options: Options) -> str | None:
    said = _fold(str(value))
    return str(value).strip() if any(_fold(option.text) == said for option in options if option.text) else None


def _by_number(first: int) -> Callable[[Any, Options], str | None]:
    def read(value: Any, options: Options) -> str | None:
        if isinstance(value, bool):
            return None
        number = re.fullmatch(r"\s*(\d{1,4})(?:\.0)?\s*", str(value))
        place = int(number[1]) - first if number else -1
        return options[place].label if 0 <= place < len(options) and options[place].text else None

    return read


_READINGS: Final = {
    "label": _by_label,
    "line": _by_line,
    "text": _by_text,
    "from 0": _by_number(0),
    "from 1": _by_number(1),
}
_NUMBERS: Final = ("from 0", "from 1")
_SAID: Final = {
    "label": "the answers are letters of choices",
    "line": "the answers are letters and texts of choices",
    "text": "the answers are texts of choices",
    "from 0": "the answers are numbers of choices, counted from 0, and are learnt as letters",
    "from 1": "the answers are numbers of choices, counted from 1, and are learnt as letters",
}


class Choices:
    """How the choices of a file are read. ``readings`` are the ways to read its answers that fit the most of the first
    rows; empty where the answers are none of the choices, and are taken as they are."""

    def __init__(self, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], first: int | None) -> None:
        """``columns`` maps parts to columns; ``first`` is the number of the first choice, if it is known."""
        self._listed, self.answer = columns.get(LISTED), columns.get("answer", "")
        self._each = [(part.removeprefix(EACH), name) for part, name in columns.items() if part.startswith(EACH)]
        known = [name for name in _READINGS if first is None or name not in _NUMBERS or name == f"from {first}"]
        self.readings = self._fitting(rows, known) if self.answer else ()

    def options(self, row: Mapping[str, Any], troubles: list[Trouble]) -> Options:
        """The choices of a row; empty for a question without."""
        if self._each:
            return _options((label, row.get(column)) for label, column in self._each)
        value = row.get(self._listed) if self._listed else None
        options = options_of(value)
        if not options and value not in (None, "", [], {}):
            fix = 'write a list of two or more texts, such as ["red", "blue"]'
            troubles.append(Trouble("choices-unreadable", "the choices can't be told apart", fix, self._listed))
        return options

    def learnt(self, value: Any, options: Options, troubles: list[Trouble]) -> Any:
        """What the model learns to answer: the value itself where it means no choice."""
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
        if not self.readings or value is None or value == "" or isinstance(value, dict):
            return value
        found = {_READINGS[name](value, options) for name in self.readings} - {None}
        rest = (_READINGS[name](value, options) for name in _READINGS if name not in _NUMBERS)
        best = found.pop() if len(found) == 1 else None if found else next(filter(None, rest), None)
        if best is None and found:
            said = f"the answer {value!r:.80} could be two of the choices: numbers may be counted from 0 or from 1"
            fix = "say in tailor.yaml which number the first choice has: data: {first_choice: 0} (or 1)"
            troubles.append(Trouble("choice-ambiguous", said, fix, self.answer))
        elif best is None:
            said = f"the answer {value!r:.80} is none of the {len(options)} choices"
            fix = f"write the letter of the right choice, {options[0].label} to {options[-1].label}, or its text"
            troubles.append(Trouble("choice-unknown", said, fix, self.answer))
        return best

    def _fitting(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[str, ...]:
        told = [(row.get(self.answer), self.options(row, [])) for row in rows]
        told = [(value, options) for value, options in told if options and value not in (None, "", [])]
        fits = {name: sum(bool(_READINGS[name](value, options)) for value, options in told) for name in names}
        most = max(fits.values(), default=0)
        best = tuple(name for name, count in fits.items() if count == most) if 2 * most > len(told) else ()
        return tuple(name for name in best if name not in _NUMBERS) if "label" in best else best


def take_choices(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], data: Data, file: str, notes: Notes
) -> Choices | None:
    """Says how a file's choices are read; None where it has none."""
    if not any(part == LISTED or part.startswith(EACH) for part in columns):
        return None
    choices = Choices(columns, rows, data.first_choice)
    message = "the choices are put below the question as lettered lines"
    fix = "look at some rows in the report; data.columns.choices names other columns"
    if "answer" in columns:
        ways = [_SAID[name] for name in choices.readings]
        message += f"; {' or '.join(ways) or 'the answers are none of the choices and are learnt as they are'}"
    notes.add("choices-read", "info", file, message, fix)
    return choices


def with_lines(question: str, options: Options) -> str:
    """The question with its choices below, if they are not in it already."""
    shown = [option for option in options if option.text]
    if all(re.search(rf"{re.escape(one.label)}\s*[.):\]]\s*{re.escape(one.text)}", question) for one in shown):
        return question
    return "\n".join([question, *(option.line for option in shown)])
