"""Read multiple choice: a row's choices, and which of them an answer means.

The choices are put below the question as lettered lines. Answers are letters, texts or numbers of choices: the first
rows of a file show which, so that no single row has to be guessed.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tailor.datasets.sources import EACH, LABELLED, LISTED, Options, flagged, from_pairs, options_of
from tailor.findings import Finding, FindingTally, finding
from tailor.recipe import Data


def _fold(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def _by_label(value: Any, options: Options) -> str | None:
    """Read a letter, or several of them."""
    said = str(value).strip()
    labels = {option.label.casefold(): option.label for option in options if option.text}
    one = labels.get(said.strip("()[].: ").casefold())
    if one:
        return one
    several = re.split(r"[\s,;&+/]+", said)
    return said if len(several) > 1 and all(part.casefold() in labels for part in several) else None


def _by_line(value: Any, options: Options) -> str | None:
    match = LABELLED.match(str(value))
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
_SAID_FLAGGED: Final = "the choices that are marked as right are learnt"
_SAID_NONE: Final = "the answers are none of the choices and are learnt as they are"


def _alone(value: Any) -> Any:
    """Return the only item of a list; other values unchanged."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


class Choices:
    """Reads a file's choices. ``readings`` are the readings of answers that fit most of the first rows; empty if the
    answers are not among the choices, and are used as they are. ``flagged``: each choice says whether it is right."""

    def __init__(self, columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], first: int | None) -> None:
        """``columns`` maps fields to columns; ``first`` is the number of the first choice, if known."""
        self._listed, self.answer = columns.get(LISTED), columns.get("answer", "")
        self._each = [(field.removeprefix(EACH), name) for field, name in columns.items() if field.startswith(EACH)]
        known = [name for name in _READINGS if first is None or name not in _NUMBERS or name == f"from {first}"]
        self.flagged = bool(self.answer) and self.answer == self._listed
        self.readings = self._fitting(rows, known) if self.answer and not self.flagged else ()

    def options(self, row: Mapping[str, Any], problems: list[Finding]) -> Options:
        """Return the choices of a row; empty for a question without any."""
        if self._each:
            return from_pairs((label, row.get(column)) for label, column in self._each)
        value = row.get(self._listed) if self._listed else None
        options = options_of(value)
        if not options and value not in (None, "", [], {}):
            problems.append(finding("choices-unreadable", path=self._listed))
        return options

    def learnt(self, value: Any, options: Options, problems: list[Finding]) -> Any:
        """Return the answer that the model learns: the value itself if it means no choice."""
        if self.flagged:
            return self._right(value, problems)
        if isinstance(value, list) and len(value) > 1 and self.readings and len(set(map(str, value))) == len(value):
            each = [self.learnt(item, options, problems) for item in value]
            return ", ".join(map(str, each))
        value = self._meant(_alone(value))
        if not self.readings or value is None or value == "" or isinstance(value, dict):
            return value
        found = {_READINGS[name](value, options) for name in self.readings} - {None}
        rest = (_READINGS[name](value, options) for name in _READINGS if name not in _NUMBERS)
        best = found.pop() if len(found) == 1 else None if found else next(filter(None, rest), None)
        if best is None and found:
            problems.append(finding("choice-ambiguous", path=self.answer, answer=value))
        elif best is None:
            first, last = options[0].label, options[-1].label
            problem = finding(
                "choice-unknown", path=self.answer, answer=value, count=len(options), first=first, last=last
            )
            problems.append(problem)
        return best

    def _meant(self, value: Any) -> Any:
        """Return the letter of a choice that is named by its column, such as ``option3``; other values unchanged."""
        named = value.strip().casefold() if isinstance(value, str) and self._each else None
        return next((label for label, column in self._each if column.casefold() == named), value)

    def _right(self, value: Any, problems: list[Finding]) -> str | None:
        """Return the text of the choice that is marked as right; of several, all."""
        right = [option.text for option, is_right in flagged(value) if is_right]
        if not right:
            problems.append(finding("choice-unmarked", path=self.answer))
        return "; ".join(right) or None

    def _fitting(self, rows: Sequence[Mapping[str, Any]], names: Sequence[str]) -> tuple[str, ...]:
        given = [(row.get(self.answer), self.options(row, [])) for row in rows]
        told = [
            (self._meant(each), options)
            for value, options in given
            for each in (value if isinstance(value, list) else [value])
        ]
        told = [(value, options) for value, options in told if options and value not in (None, "", [])]
        fits = {name: sum(bool(_READINGS[name](value, options)) for value, options in told) for name in names}
        most = max(fits.values(), default=0)
        best = tuple(name for name, count in fits.items() if count == most) if 2 * most > len(told) else ()
        return tuple(name for name in best if name not in _NUMBERS) if "label" in best else best


def take_choices(
    columns: Mapping[str, str], rows: Sequence[Mapping[str, Any]], data: Data, file: str, notes: FindingTally
) -> Choices | None:
    """Return how a file's choices are read, and report it; None if it has none."""
    if not any(field == LISTED or field.startswith(EACH) for field in columns):
        return None
    choices = Choices(columns, rows, data.first_choice)
    said = " or ".join(_SAID[name] for name in choices.readings) or _SAID_NONE
    ways = _SAID_FLAGGED if choices.flagged else said
    notes.add(finding("choices-read/answers" if "answer" in columns else "choices-read", file, ways=ways))
    return choices


def with_lines(question: str, options: Options) -> str:
    """Return the question with its choices below, if they are not in it already."""
    shown = [option for option in options if option.text]
    if all(re.search(rf"{re.escape(one.label)}\s*[.):\]]\s*{re.escape(one.text)}", question) for one in shown):
        return question
    return "\n".join([question, *(option.line for option in shown)])
