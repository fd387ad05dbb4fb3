"""One canonical numeral for each number: digits, a point before decimals, no groups.

A decimal with three digits behind the point gets a zero at its end (``1.2340``), because ``1.234`` is a thousand and
more in Vietnamese: a canonical text that is read again stays as it is.
"""

import re
from collections.abc import Callable
from fractions import Fraction

NUMERAL = r"\d+(?:\.\d+)?"
_POINT_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3})+(?:,\d+)?(?![\d]|[.,]\d)")
_COMMA_GROUPS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?![\d]|[.,]\d)")
_BARE_POINT = re.compile(r"(?:(?<=^)|(?<=\s))\.(?=\d)")
_MANY_POINTS = re.compile(r"(?<![\d.,])[1-9]\d{0,2}(?:\.\d{3}){2,}(?![\d]|[.,]\d)")
_SPACE_GROUPS = re.compile(r"(?<![\d.,/:-])[1-9]\d{0,2}(?:(?: \d{3}){2,}|(?: \d00))(?![\d/:-]|[., ]\d)")
_COMMA_DECIMAL = re.compile(r"(?<![\d.,])(\d+),(\d+)(?![\d]|[.,]\d)")
_POINT_DECIMAL = re.compile(r"(?<![\d.,/:-])(\d+)\.(\d+)(?![\d]|[.,/:-]\d)")
_PADDED = re.compile(r"(?<![\w.,/:-])0([1-9])(?![\d/:-]|[.,]\d)")


def numeral(value: Fraction) -> str:
    """Return the canonical numeral of a number; a fraction that no decimal ends is written ``2/3``."""
    if value.denominator == 1:
        return str(value.numerator)
    rest = value.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = 1
    while value * 10**places % 1:
        places += 1
    whole, part = divmod(abs(int(value * 10**places)), 10**places)
    return f"{'-' if value < 0 else ''}{_decimal(str(whole), f'{part:0{places}}')}"


def _decimal(whole: str, part: str) -> str:
    """Write a decimal without idle zeros, or with one where it would be read as a thousand."""
    part = part.rstrip("0")
    if len(part) == 3 and whole != "0":
        part += "0"
    return f"{whole}.{part}" if part else whole


def vietnamese_numerals(text: str) -> str:
    """Make numerals canonical: points group and a comma is decimal (``1.000,5``).

    English groups are understood where nothing else is meant: two commas (``1,000,000``), or three digits that end in
    zero (``1,500``), since nobody writes that zero behind a decimal comma. ``1,234`` is a decimal.
    """
    text = _POINT_GROUPS.sub(lambda match: match[0].replace(".", "").replace(",", "."), text)
    text = _COMMA_GROUPS.sub(_english_groups, text)
    return _tidied(_COMMA_DECIMAL.sub(r"\1.\2", text))


def _english_groups(match: re.Match[str]) -> str:
    found = match[0]
    meant = found.count(",") > 1 or "." in found or found.endswith("0")
    return found.replace(",", "") if meant else found


def english_numerals(text: str) -> str:
    """Make numerals canonical: commas group and a point is decimal (``1,000.5``); two points can only group."""
    text = _MANY_POINTS.sub(lambda match: match[0].replace(".", ""), _BARE_POINT.sub("0.", text))
    return _tidied(_COMMA_GROUPS.sub(lambda match: match[0].replace(",", ""), text))


def _tidied(text: str) -> str:
    """Close groups with spaces and drop idle zeros: ``1 000 000``, ``100.00`` and ``05``."""
    text = _SPACE_GROUPS.sub(lambda match: match[0].replace(" ", ""), text)
    text = _POINT_DECIMAL.sub(lambda match: _decimal(match[1], match[2]), text)
    return _PADDED.sub(r"\1", text)


_WORD = re.compile(rf"{NUMERAL}|[^\W\d_]+")


class Words:
    """The words and numerals of a text in their order. ``joined(i)``: nothing but a space (or ``glue``) is before i."""

    def __init__(self, text: str, glue: tuple[str, ...] = ("", " ")) -> None:
        found = list(_WORD.finditer(text))
        self.text = text
        self.words = [match[0] for match in found]
        self.spans = [match.span() for match in found]
        ends = [0, *(end for _, end in self.spans)]
        self._gaps = [text[end:start] for end, (start, _) in zip(ends, self.spans, strict=False)]
        self._glue = glue

    def __len__(self) -> int:
        return len(self.words)

    def joined(self, place: int) -> bool:
        return 0 < place < len(self.words) and self._gaps[place] in self._glue

    def at(self, place: int) -> str:
        """Return the word at a place that the word before goes on to, else nothing."""
        return self.words[place] if self.joined(place) else ""

    def value(self, place: int) -> Fraction | None:
        """Return the numeral at a place. Codes (``007``) and parts of dates or words (``10A1``) are no numbers."""
        word = self.words[place]
        start, end = self.spans[place]
        before, after = self.text[max(start - 1, 0) : start], self.text[end : end + 2]
        if not word[0].isdecimal() or (word[0] == "0" and len(word) > 1 and word[1] != "."):
            return None
        if (before and (before.isalnum() or before in "./:-,")) or (after[1:].isdecimal() and after[0] in "./:-,"):
            return None
        return Fraction(word)


def replaced(words: Words, parse: Callable[[Words, int], tuple[Fraction, int] | None]) -> str:
    """Return the text with each number in words as a numeral. ``parse`` gives value and end, or None."""
    parts, last, place = [], 0, 0
    while place < len(words):
        found = parse(words, place)
        if found is None:
            place += 1
            continue
        value, end = found
        if end - place > 1 or not words.words[place][0].isdecimal():
            start, stop = words.spans[place][0], words.spans[end - 1][1]
            apart = " " if words.text[stop : stop + 1].isalnum() else ""
            parts.append(words.text[last:start] + numeral(value) + apart)
            last = stop
        place = end
    return "".join([*parts, words.text[last:]])
