"""Find the columns with the choices of a question, and the one that says which is right."""

import itertools
import re
import string
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tailor.datasets.sources.literals import value_of
from tailor.datasets.sources.names import bare, plain_name
from tailor.datasets.sources.options import EACH, LISTED, Options, from_pairs, is_flagged, options_of

_MOST_NAMES: Final = 1000
_CHOICE: Final = re.compile(
    r"(option|choice|opt|op|sol|candidate|phuongan|luachon|answer|dapan|cautraloi|a|)([a-h]|[0-8])"
)
_AMBIGUOUS: Final = ("", "answer", "dapan", "cautraloi", "a")
"""Prefixes of numbers: ``answer1``, ``answer2`` are all right, unless a column says which one is."""
_SIGNS: Final = ("abcdefgh", "12345678", "01234567")
_LISTS: Final = (
    "choices", "options", "answerchoices", "cacluachon", "luachon", "phuongan", "cacphuongan", "answeroptions",
    "possibleanswers", "alternatives", "candidates", "endings",
)  # fmt: skip
_LISTS_OR_ANSWERS: Final = ("answers", "cacdapan", "dapan", "responses")
_RIGHT: Final = (
    "answer", "answerkey", "correctanswer", "correctoption", "correctchoice", "correct", "correctindex", "answerindex",
    "answeridx", "correctanswerindex", "correctchoiceidx", "correctidx", "dapandung", "cautraloidung", "dapan", "right",
    "rightanswer", "label", "gold", "cop", "solution", "target", "key",
    "correctoptionindex", "correctoptionid", "correctanswerid", "correctid", "answerid",
)  # fmt: skip


def choice_columns(
    names: Sequence[str], rows: Sequence[Mapping[str, Any]], answer: str | None = None
) -> dict[str, str]:
    """Map fields to the columns with choices: one with lists of them, or columns such as A, B, C, D.

    ``answer`` is the column of answers, if it is known. It is among the fields where the choices themselves, or one
    column alone, say which is right."""
    plain = {plain_name(bare(name)): name for name in reversed(names[:_MOST_NAMES])}
    flagged = (
        []
        if answer
        else [name for name in plain.values() if _most(is_flagged(row.get(name)) for row in _having(rows, name))]
    )
    if flagged:
        return {LISTED: flagged[0], "answer": flagged[0]}
    right = [answer] if answer else right_columns(names)
    for name in (plain[likely] for likely in _LISTS if likely in plain):
        if _most(bool(options_of(row[name])) for row in _having(rows, name)):
            return {LISTED: name}
    for name in (plain[likely] for likely in _LISTS_OR_ANSWERS if likely in plain):
        told = [other for other in right if other != name and 2 * fitting(other, {LISTED: name}, rows) > 1]
        if told and _most(_is_list(row[name]) for row in _having(rows, name)):
            return {LISTED: name, "answer": told[0]}
    return _series(plain, rows, right)


def right_columns(names: Sequence[str]) -> list[str]:
    """Return the columns that may say which choice is right, most likely first."""
    plain = {plain_name(bare(name)): name for name in reversed(names[:_MOST_NAMES])}
    return [plain[name] for name in _RIGHT if name in plain]


def _series(plain: Mapping[str, str], rows: Sequence[Mapping[str, Any]], right: Sequence[str]) -> dict[str, str]:
    series: dict[str, dict[str, str]] = {}
    for name, column in plain.items():
        match = _CHOICE.fullmatch(name)
        if match and not (match[1] == "a" and match[2].isalpha()):
            series.setdefault(match[1], {}).setdefault(match[2], column)
    for prefix, found in series.items():
        runs = [list(itertools.takewhile(found.__contains__, signs)) for signs in _SIGNS]
        signs = max(runs, key=len)
        own = [found[sign] for sign in signs]
        if len(own) < 2:
            continue
        fields = choice_fields(own)
        if not signs[0].isdecimal() or prefix not in _AMBIGUOUS:
            return fields
        told = [name for name in right if name not in own and 2 * fitting(name, fields, rows) > 1]
        if prefix and told:
            return {**fields, "answer": told[0]}
    return {}


def choice_fields(columns: Sequence[str]) -> dict[str, str]:
    """Return the fields for one column with lists of choices, or for columns with one choice each."""
    if len(columns) == 1:
        return {LISTED: columns[0]}
    return {f"{EACH}{letter}": name for letter, name in zip(string.ascii_uppercase, columns, strict=False)}


def fitting(name: str, fields: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> float:
    """Return the share of rows in which a column names one of the choices."""
    told = [(row[name], _options(row, fields)) for row in _having(rows, name)]
    told = [(value, options) for value, options in told if options]
    return sum(_means_one(value, options) for value, options in told) / len(told) if told else 0.0


def _options(row: Mapping[str, Any], fields: Mapping[str, str]) -> Options:
    if LISTED in fields:
        return options_of(row.get(fields[LISTED]))
    each = [(field.removeprefix(EACH), row.get(name)) for field, name in fields.items() if field.startswith(EACH)]
    return from_pairs(each)


def _means_one(value: Any, options: Options) -> bool:
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    said = str(value).strip().removesuffix(".0")
    if said.isdecimal() and len(said) < 4:
        return int(said) <= len(options)
    marks = {option.label.casefold() for option in options} | {option.text.casefold() for option in options}
    return said.casefold() in marks or said.strip("()[].: ").casefold() in marks


def _is_list(value: Any) -> bool:
    return isinstance(value_of(value) if isinstance(value, str) else value, list | dict) and bool(options_of(value))


def _having(rows: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return [row for row in rows if row.get(name) not in (None, "", [])]


def _most(told: Any) -> bool:
    found = list(told)
    return bool(found) and 2 * sum(found) > len(found)
