"""The usual row, many at a time: plain texts in the shape in which they will be written. Most rows of most datasets are
such, so this is where time goes; whatever is not quite so is left to :mod:`tailor.datasets.rows`.
"""

from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Final

import orjson

from tailor.catalog import Model
from tailor.datasets import language, native
from tailor.datasets.ledger import Columns
from tailor.datasets.native import Noted, Origin, Stretch
from tailor.datasets.screen import Screen, is_apart
from tailor.datasets.split import group_hash
from tailor.recipe import Recipe

SHORT_ANSWER: Final = 200
LONG: Final = "long"
_LONG_ENOUGH: Final = 40
_YES_NO: Final = frozenset({"yes", "no", "true", "false", "có", "không", "đúng", "sai", "phải", "không phải"})
_USUAL_TURNS: Final = 2
_MOST_BYTES: Final = 8 << 20  # of lines taken at once: they are in memory several times


class PlainRows:
    """Takes rows of text for one model and method. ``long``: the index of the kind LONG."""

    def __init__(self, recipe: Recipe, model: Model, screen: Screen, long: int) -> None:
        self._screen = screen
        facts, system = model.method(recipe.method), recipe.data.system or ""
        is_usual = system == system.strip() and system == system.encode(errors="ignore").decode()
        usable = facts.record == "converse" and is_usual and native.is_there()
        self._rows = native.Rows(_settings(recipe, model, system, long)) if usable else None

    def take(self, lines: Stretch, origin: Origin, first: int, columns: Columns, at: int) -> Noted | None:
        """What became of lines, which are noted in the columns from place ``at`` on; None where all need a closer look.
        ``first``: number of the first row in reading order."""
        if self._rows is None or origin.format not in native.SHAPES or lines.size > _MOST_BYTES:
            return None
        noted = self._rows.take(lines, origin, first, columns, at)
        stopped = self._screen.stopped(noted.texts, noted.text_ends)
        for row, doubtful in enumerate(noted.doubtful):
            if doubtful and any(is_apart(text.decode()) for text in noted.row(row)):
                stopped.add(row)
        for row in stopped:
            noted.states[row] = native.UNREAD
        noted.unread += len(stopped)
        return noted


def _settings(recipe: Recipe, model: Model, system: str, long: int) -> native.Settings:
    limits = model.method(recipe.method).limits
    return native.Settings(
        system=system.encode(),
        system_json=orjson.dumps(system)[1:-1],
        answered=recipe.method == "fine-tuning",
        line_bytes=limits.line_bytes or 0,
        context_tokens=limits.context_tokens,
        characters_low=model.tokens.characters_low,
        characters_expected=model.tokens.characters_expected,
        characters_high=model.tokens.characters_high,
        long_enough=_LONG_ENOUGH,
        short_answer=SHORT_ANSWER,
        unknown=language.LANGUAGES.index("unknown"),
        english=language.LANGUAGES.index("en"),
        vietnamese=language.LANGUAGES.index("vi"),
        least_letters=language.LEAST_LETTERS,
        enough=language.ENOUGH,
        letters=_bits(language.VIETNAMESE_LETTERS),
        long_kind=long,
    )


@cache
def _bits(letters: str) -> bytes:
    """A bit for each code point up to the last of the letters."""
    found = bytearray(ord(max(letters)) // 8 + 1)
    for code in map(ord, letters):
        found[code // 8] |= 1 << code % 8
    return bytes(found)


def hashes_of(question: bytes, turns: int, digests: Iterable[str] = ()) -> tuple[int, int]:
    """Of the whole input and of the question alone, the texts before the last answer. ``digests``: of the media."""
    same, shown = group_hash(question), [digest.encode() for digest in digests]
    if not shown and turns <= _USUAL_TURNS:
        return same, same
    return group_hash(question, turns.to_bytes(4), *shown), same


def said(question: bytes, answer: bytes) -> tuple[int, str, int, int]:
    """Of an answer (UTF-8): the hash that equal ones share, its kind, its language (index into LANGUAGES), its
    words."""
    if len(answer) >= 4 * SHORT_ANSWER or len(text := answer.decode()) >= SHORT_ANSWER:
        return group_hash(answer), LONG, _spoken(answer.decode()), answer.count(b" ") + 1
    same, kind, words = _said_briefly(text)
    return same, kind, _spoken(text if len(text) >= _LONG_ENOUGH else question.decode()), words


def _spoken(text: str) -> int:
    return language.LANGUAGES.index(language.language_of(text))


@lru_cache(1 << 12)
def _said_briefly(answer: str) -> tuple[int, str, int]:
    """Short answers come again and again."""
    same = group_hash(answer.strip(" .!\n").casefold().encode())
    return same, _kind_of(answer), answer.count(" ") + 1 if answer else 0


def _kind_of(answer: str) -> str:
    """What kind of answer it is, for tables and for the share of each kind that is held out."""
    plain = answer.strip(" .!").casefold()
    if plain in _YES_NO:
        return "yes/no"
    if plain and plain.replace(",", "").replace(".", "").isdecimal():
        return "number"
    return "short" if plain.count(" ") < 5 else LONG
