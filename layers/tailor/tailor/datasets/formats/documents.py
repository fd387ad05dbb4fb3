"""Long documents become training examples: cut where the text itself pauses, within the model's limit.

Nothing is lost: the pieces of a text, put together, are the text.
"""

import re
import unicodedata
from collections.abc import Iterator

from tailor.catalog import Model

# From the best place to cut to the last resort; a piece keeps what is before the boundary and the white space of it.
_BOUNDARIES = (
    re.compile(r"\n[^\S\n]*\n\s*|\n(?=#{1,6} )"),  # a paragraph ends, a heading begins
    re.compile(r"[.!?…。！？][\"'”’»)\]]*(?:\s+|(?<=[。！？]))"),  # a sentence ends
    re.compile(r"\n"),
    re.compile(r"\s+"),
)
_LONGEST_BOUNDARY = 64
_SYMBOLS = 0.1  # share of the characters: more than prose has
_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")


def most_characters(model: Model) -> int:
    """How many characters of prose are sure to fit into one example for continued pre-training, with a token for its
    end. The highest estimate counts: a symbol is a token of its own."""
    limits = model.method("continued-pre-training").limits
    return int((limits.context_tokens - 2) / (1 / model.tokens.characters_high + _SYMBOLS))


def pieces(text: str, most: int) -> Iterator[str]:
    """The text in pieces of at most ``most`` characters, each but the last at least half as long.

    Cuts at the last paragraph in the second half of a piece; where there is none, at the last sentence, line, word, and
    only then in the middle of a word, but never inside a letter and its accents.
    """
    if most < 2:
        raise ValueError("a piece needs at least two characters")
    start = 0
    while len(text) - start > most:
        end = _cut(text, start, most)
        yield text[start:end]
        start = end
    if start < len(text):
        yield text[start:]


def _cut(text: str, start: int, most: int) -> int:
    """A place in the second half of the piece that begins at ``start``. A boundary may begin a little before it."""
    least, end = start + most // 2, start + most
    for boundary in _BOUNDARIES:
        ends = [found.end() for found in boundary.finditer(text, max(start, least - _LONGEST_BOUNDARY), end)]
        if ends and ends[-1] > least:
            return ends[-1]
    for place in range(end, least, -1):
        if not _belongs_to_the_letter_before(text[place]) and text[place - 1] not in _JOINERS:
            return place
    return end


def _belongs_to_the_letter_before(character: str) -> bool:
    return bool(unicodedata.combining(character)) or character in _JOINERS
