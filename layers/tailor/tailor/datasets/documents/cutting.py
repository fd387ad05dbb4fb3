"""Cut long documents into training examples where the text itself pauses, within the model's limit.

Nothing is lost: the pieces of a text, put together, are the text.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Final

from tailor.catalog import Model
from tailor.tokens import Estimator

_TITLE: Final = (
    r"#{1,6} |(?:Điều|Chương|Mục|Phần|Phụ lục|Article|Chapter|Section|Part|Annex|Appendix|Schedule|"
    r"ĐIỀU|CHƯƠNG|MỤC|PHẦN|PHỤ LỤC|ARTICLE|CHAPTER|SECTION|PART|ANNEX|APPENDIX|SCHEDULE)\s(?:\d|[IVXLC]+\b)"
)
_HEADINGS: Final = re.compile(rf"\n(?={_TITLE})")
_IS_HEADING: Final = re.compile(_TITLE)
_LONGEST_HEADING: Final = 250
# From the best place to cut to the last resort; a piece keeps what is before the boundary and the white space of it.
_BOUNDARIES: Final = (
    _HEADINGS,
    re.compile(r"\n[^\S\n]*\n\s*"),  # a paragraph ends
    re.compile(r"[.!?…。！？][\"'”’»)\]]*(?:\s+|(?<=[。！？]))"),  # a sentence ends
    re.compile(r"\n"),
    re.compile(r"\s+"),
)
_LONGEST_BOUNDARY: Final = 64
_FEWEST: Final = 64
_SYMBOLS: Final = 0.1  # share of the characters: more than prose has
_JOINERS: Final = frozenset("\u200c\u200d\ufe0e\ufe0f")


def most_characters(model: Model) -> int:
    """Return how many characters of prose surely fit into one example for continued pre-training, with its end token.
    The highest estimate counts: each symbol may be a token."""
    limits = model.method("continued-pre-training").limits
    return int((limits.context_tokens - 2) / (1 / model.tokens.characters_high + _SYMBOLS))


def fitting(text: str, model: Model) -> Iterator[str]:
    """Yield the text in pieces that fit into one example by the highest estimate; pieces with many symbols are
    shorter."""
    room = model.method("continued-pre-training").limits.context_tokens - 1
    yield from _fitting(text, most_characters(model), room, Estimator(model.tokens, None))


def _fitting(text: str, most: int, room: int, estimator: Estimator) -> Iterator[str]:
    for piece in pieces(text, most):
        tokens = estimator.text(len(piece), piece.encode("utf-8", "replace")).high
        if tokens <= room or most <= _FEWEST:
            yield piece
        else:
            yield from _fitting(piece, max(_FEWEST, int(0.9 * len(piece) * room / tokens)), room, estimator)


def pieces(text: str, most: int) -> Iterator[str]:
    """Yield the text in pieces of at most ``most`` characters; each but the last has at least half of that.

    Cuts before the last heading in the second half of a piece; where there is none, at the last paragraph, sentence,
    line, word, and only then in the middle of a word, but never inside a letter and its accents. A heading stays with
    what it is about, unless that alone is longer than half a piece.
    """
    if most < 2:
        raise ValueError("a piece needs at least two characters")
    start = 0
    while len(text) - start > most:
        end = last_boundary(text, most, start)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def last_boundary(text: str, most: int, start: int = 0) -> int:
    """Return a place to cut in the second half of the piece that begins at ``start``; boundaries may begin before
    it."""
    least, end = start + most // 2, start + most
    for boundary in _BOUNDARIES:
        found = boundary.finditer(text, max(start, least - _LONGEST_BOUNDARY), end)
        ends = [each.end() for each in found if each.end() > least]
        good = (place for place in reversed(ends) if not _is_below_heading(text, place, start))
        if (place := next(good, None)) is not None:
            return place
    for place in range(end, least, -1):
        if not _belongs_to_the_letter_before(text[place]) and text[place - 1] not in _JOINERS:
            return place
    return end


def _is_below_heading(text: str, place: int, start: int) -> bool:
    """Return whether a cut here would leave a heading at the end of a piece."""
    line = text[max(start, place - _LONGEST_HEADING) : place].rstrip().rpartition("\n")[2]
    return _IS_HEADING.match(line) is not None


def _belongs_to_the_letter_before(character: str) -> bool:
    return bool(unicodedata.combining(character)) or character in _JOINERS
