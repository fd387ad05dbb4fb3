"""Token estimates of a row: a range, because the models' tokenizers are not published."""

import string
from typing import NamedTuple

from tailor.catalog import PixelTokens, TileTokens, Tokens

_WHITE_SPACE = string.whitespace.encode()
_LETTERS = bytes(range(128, 256)) + (string.ascii_letters + string.digits).encode()
_AS_SPACES = bytes.maketrans(_WHITE_SPACE, b" " * len(_WHITE_SPACE))
_RUN = b" " * 8


class Estimate(NamedTuple):
    """Tokens: fewest, likely, most."""

    low: int
    expected: int
    high: int

    def plus(self, other: "Estimate") -> "Estimate":
        return Estimate(self.low + other.low, self.expected + other.expected, self.high + other.high)


NOTHING = Estimate(0, 0, 0)


class Estimator:
    """``video_seconds``: how long a video may be, for those that don't say."""

    def __init__(self, facts: Tokens, video_seconds: float | None) -> None:
        self._facts, self._video_seconds = facts, video_seconds or 0

    def text(self, characters: int, text: bytes) -> Estimate:
        """Estimate the tokens of ``characters`` characters; ``text`` is the same text as UTF-8.

        For the low end white space counts as one character where there are long runs of it, for the high end each
        symbol as a token more.
        """
        others = text.translate(None, _LETTERS)
        dense = self.dense(characters, text) if _RUN in text.translate(_AS_SPACES) else characters
        return self.of(characters, dense, len(others.translate(None, _WHITE_SPACE)))

    def of(self, characters: int, dense: int, symbols: int) -> Estimate:
        """``dense``: characters when each run of white space is one; ``symbols``: ASCII that is no letter, digit or
        space."""
        facts = self._facts
        low = max(0, int(dense / facts.characters_low))
        high = int((characters + 1) / facts.characters_high) + symbols + 1
        return Estimate(low, min(max(low, int(characters / facts.characters_expected)), high), high)

    @staticmethod
    def dense(characters: int, text: bytes) -> int:
        return characters - len(text) + len(b" ".join(text.split()))

    def least(self, characters: int) -> int:
        """Return the low end without looking at the text, one more where it was rounded."""
        return int(characters / self._facts.characters_low) + 1

    def image(self, width: int, height: int) -> Estimate:
        """Estimate the tokens of an image, from its size in pixels; 0 if the size is unknown."""
        if rule := self._facts.pixels:
            low, high = _by_area(width, height, rule)
        elif tiles := self._facts.tiles:
            low, high = _by_tiles(width, height, tiles)
        else:
            return NOTHING
        return Estimate(low, (low + high) // 2, high)

    def video(self, seconds: float | None) -> Estimate:
        a_second = self._facts.video_second or 0
        if seconds is None:
            low, high = a_second, int(self._video_seconds * a_second)
            return Estimate(low, (low + high) // 2, high)
        count = int(seconds * a_second)
        return Estimate(count, count, count)


def _by_area(width: int, height: int, rule: PixelTokens) -> tuple[int, int]:
    least = int(rule.side * rule.side / rule.ratio / rule.pixels_low)
    if not width or not height:
        return least, rule.most
    longer = max(width, height, rule.side)
    shorter = min(width, height) * longer / max(width, height)
    pixels = longer * max(shorter, longer / rule.ratio)
    return min(int(pixels / rule.pixels_low), rule.most), max(int(pixels / rule.pixels_high) + 1, rule.least)


def _by_tiles(width: int, height: int, rule: TileTokens) -> tuple[int, int]:
    """Return the fewest and most tokens; how many tiles an image needs depends on its shape, at least two if scaled."""
    most = rule.tokens * rule.tiles
    if not width or not height:
        return rule.tokens, most
    if max(width, height) <= rule.tile:
        return rule.tokens, rule.tokens
    return 2 * rule.tokens, most
