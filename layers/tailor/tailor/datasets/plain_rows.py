"""The usual row, many at a time: plain texts in the shape in which they will be written. Most rows of most datasets are
such, so this is where time goes; whatever is not quite so is left to :mod:`tailor.datasets.rows`.
"""

import json
from collections.abc import Iterable
from functools import cache
from itertools import cycle
from typing import Any, Final, NamedTuple

import msgspec
import orjson

from tailor.catalog import Model
from tailor.datasets import language
from tailor.datasets.examine import Examiner
from tailor.datasets.read import Unread
from tailor.datasets.records import SCHEMA
from tailor.datasets.screen import Passed, Screen
from tailor.datasets.split import group_hash
from tailor.recipe import Recipe

SHORT_ANSWER: Final = 200
_LONG_ENOUGH: Final = 40
_YES_NO: Final = frozenset({"yes", "no", "true", "false", "có", "không", "đúng", "sai", "phải", "không phải"})
_USUAL_TURNS: Final = 2
_ROLES: Final = ("user", "assistant")


class Noted(msgspec.Struct, gc=False):
    """A row that is ready: ``line`` is its record, with the line break; ``text`` its answer; the others are those of
    :class:`tailor.datasets.ledger.Row`, but that ``kind`` is a name."""

    line: bytes
    text: str
    input: int
    question: int
    answer: int
    kind: str
    language: int
    words: int
    asked: int
    low: int
    expected: int
    high: int
    seal: int = 0


class PlainRows:
    """Takes rows of text for one model and method."""

    def __init__(self, recipe: Recipe, model: Model, screen: Screen, examiner: Examiner) -> None:
        self._screen, self._examiner = screen, examiner
        self._system, self._answered = recipe.data.system or "", recipe.method == "fine-tuning"
        self._usable = model.method(recipe.method).record == "converse"

    def take(self, rows: list[Unread]) -> list[Noted | None]:
        """Each row as it is noted; None for those that need a closer look."""
        found: list[Noted | None] = [None] * len(rows)
        kept: list[tuple[int, list[str]]] = []
        pairs: list[tuple[str, str]] = []
        for at, texts in enumerate(_texts(rows)) if self._usable else ():
            if texts and self._is_sound(texts):
                kept.append((at, texts))
                answer = texts[-1] if _is_answered(texts) else ""
                pairs.append(("\n".join(texts[:-1] if answer else texts), answer))
        for (at, texts), (question, answer), passed in zip(kept, pairs, self._screen.look(pairs), strict=True):
            if passed:
                found[at] = self._noted(rows[at], texts, question, answer, passed)
        return found

    def _is_sound(self, texts: list[str]) -> bool:
        """Nothing is empty, or has white space around it. A row without a system text gets that of the recipe."""
        texts[0] = texts[0] or self._system
        if len(texts) == 1 or (self._answered and not _is_answered(texts)) or "" in texts[1:]:
            return False
        for text in texts:  # noqa: SIM110 (a generator takes twice as long)
            if text.strip() is not text:
                return False
        return True

    def _noted(self, row: Unread, texts: list[str], question: str, answer: str, passed: Passed) -> Noted | None:
        tokens = self._examiner.tokens(len(question) + len(answer), passed, ())
        line, seal = self._line(row.raw, texts, passed)
        if self._examiner.size(row, len(line) - 1, tokens):
            return None
        asked = self._examiner.asked(tokens, len(answer))
        input, same = hashes_of(passed.question, len(texts) - 1)
        return Noted(line, answer, input, same, *said(question, answer, passed), asked, *tokens, seal)

    def _line(self, raw: bytes, texts: list[str], passed: Passed) -> tuple[bytes, int]:
        """The record and its seal. A line that holds nothing but the texts, as short as can be or as Python writes it,
        stays as it is: without escapes its length tells, and the number of its quotation marks."""
        if b"\\" not in raw and not self._system:
            line = raw if raw.endswith(b"}\n") else raw.strip() + b"\n"
            frame, breaks = _frame(len(texts) - 1, bool(texts[0])), len(texts) - 1 - _is_answered(texts)
            around = len(line) - 1 - len(passed.question) - len(passed.answer) + breaks
            if around == frame.least or (around == frame.spaced and line.count(b'"') == frame.quotes):
                return line, group_hash(line)
        return orjson.dumps(record_of(texts), option=orjson.OPT_APPEND_NEWLINE), 0


def _texts(rows: list[Unread]) -> list[list[str] | None]:
    """Of rows of formats that have a short cut for plain texts."""
    if len({id(row.source) for row in rows}) > 1:
        return [texts for row in rows for texts in _texts([row])]
    plain = rows[0].source.plain if rows else None
    return plain([row.raw for row in rows]) if plain else [None] * len(rows)


def _is_answered(texts: list[str]) -> bool:
    """The last turn is the model's."""
    return len(texts) % 2 == 1


def record_of(texts: list[str]) -> dict[str, Any]:
    """Of a system text ("" for none) and the texts of turns, the user's first, as Converse takes them."""
    system, *turns = texts
    messages = [{"role": role, "content": [{"text": text}]} for role, text in zip(cycle(_ROLES), turns)]
    if system:
        return {"schemaVersion": SCHEMA, "system": [{"text": system}], "messages": messages}
    return {"schemaVersion": SCHEMA, "messages": messages}


class _Frame(NamedTuple):
    """Bytes of a record besides its texts: written without spaces, and as Python writes it."""

    least: int
    spaced: int
    quotes: int


@cache
def _frame(turns: int, has_system: bool) -> _Frame:
    record, texts = record_of(["s" if has_system else "", *["t"] * turns]), turns + has_system
    line = orjson.dumps(record)
    return _Frame(len(line) - texts, len(json.dumps(record)) - texts, line.count(b'"'))


def hashes_of(question: bytes, turns: int, digests: Iterable[str] = ()) -> tuple[int, int]:
    """Of the whole input and of the question alone, the texts before the last answer. ``digests``: of the media."""
    same, shown = group_hash(question), [digest.encode() for digest in digests]
    if not shown and turns <= _USUAL_TURNS:
        return same, same
    return group_hash(question, turns.to_bytes(4), *shown), same


def said(question: str, answer: str, passed: Passed) -> tuple[int, str, int, int]:
    """Of an answer: the hash that equal ones share, its kind, its language (index into LANGUAGES), its words."""
    spoken = language.LANGUAGES.index(language.language_of(answer if len(answer) >= _LONG_ENOUGH else question))
    if len(answer) >= SHORT_ANSWER:
        return group_hash(passed.answer), "long", spoken, passed.answer.count(b" ") + 1
    same = group_hash(answer.strip(" .!\n").casefold().encode())
    return same, _kind_of(answer), spoken, answer.count(" ") + 1 if answer else 0


def _kind_of(answer: str) -> str:
    """What kind of answer it is, for tables and for the share of each kind that is held out."""
    plain = answer.strip(" .!").casefold()
    if plain in _YES_NO:
        return "yes/no"
    if plain and plain.replace(",", "").replace(".", "").isdecimal():
        return "number"
    return "short" if plain.count(" ") < 5 else "long"
