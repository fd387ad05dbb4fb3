"""The Vietnamese normaliser. Tones and accents are part of a word and stay; no word is ever dropped.

Steps: Unicode composition; spaces; case; tone placement (``hoà`` is ``hòa``); i and y (off: ``kỹ`` is ``kĩ``);
Vietnamese numbers (``1.000`` is ``1000``, ``7,5`` is ``7.5``); punctuation; number words up to 999 (``hai mươi mốt`` is
``21``).
"""

import re
from collections.abc import Mapping

from tailor.normalisers.base import Normaliser, Step, build, compose, lower, squeeze, strip_punctuation

_TONED = {"a": "àáảãạ", "e": "èéẻẽẹ", "y": "ỳýỷỹỵ", "o": "òóỏõọ", "u": "ùúủũụ", "i": "ìíỉĩị"}
# The mark moves from the second vowel to the first; only where nothing follows, and never after q (quý, quỳ).
_TONE_PAIRS = {
    first + second: _TONED[first][tone] + plain
    for first, plain in (("o", "a"), ("o", "e"), ("u", "y"))
    for tone, second in enumerate(_TONED[plain])
}
_TONE = re.compile(rf"(?<!q)({'|'.join(_TONE_PAIRS)})(?!\w)")
_Y_SYLLABLE = re.compile(rf"(?<!\w)([hklmst])([y{_TONED['y']}])(?!\w)")
_Y_TO_I = str.maketrans("y" + _TONED["y"], "i" + _TONED["i"])
_ETH = str.maketrans("Ðð", "Đđ")  # Icelandic letters that old code pages leave in place of đ


def _compose(text: str) -> str:
    return compose(text).translate(_ETH)


def _place_tones(text: str) -> str:
    return _TONE.sub(lambda match: _TONE_PAIRS[match.group()], text)


def _y_to_i(text: str) -> str:
    return _Y_SYLLABLE.sub(lambda match: match[1] + match[2].translate(_Y_TO_I), text)


_THOUSANDS = re.compile(r"(?<!\d)(?<!\d[.,])[1-9]\d{0,2}(?:(?:\.\d{3})+(?:,\d+)?|(?:,\d{3})+(?:\.\d+)?)(?![\d]|[.,]\d)")
_COMMA_DECIMAL = re.compile(r"(?<!\d)(?<!\d[.,])(\d+),(\d+)(?![\d]|[.,]\d)")


def _ungrouped(match: re.Match[str]) -> str:
    number = match.group()
    separator = (
        "." if number.find(".") != -1 and (number.find(",") == -1 or number.find(".") < number.find(",")) else ","
    )
    return number.replace(separator, "").replace(",", ".")


def _numbers(text: str) -> str:
    """Points group thousands and a comma is the decimal mark; English grouping (``1,000``) is understood as well."""
    return _COMMA_DECIMAL.sub(r"\1.\2", _THOUSANDS.sub(_ungrouped, text))


_DIGITS: Mapping[str, int] = {
    "một": 1,
    "hai": 2,
    "ba": 3,
    "bốn": 4,
    "năm": 5,
    "sáu": 6,
    "bảy": 7,
    "bẩy": 7,
    "tám": 8,
    "chín": 9,
}
# ``năm`` is also 'year', and 15 is always 'mười lăm': after tens it is left to be the noun.
_AFTER_TENS = {word: value for word, value in _DIGITS.items() if word != "năm"} | {
    "mốt": 1,
    "tư": 4,
    "lăm": 5,
    "nhăm": 5,
}
_AFTER_ODD = {**_DIGITS, "tư": 4}
_UNIT = "|".join(_DIGITS)
_NUMBER = re.compile(
    rf"(?<!\w)(?:(?P<hundreds>{_UNIT}) trăm(?!\w)(?: (?:linh|lẻ) (?P<odd>{'|'.join(_AFTER_ODD)})(?!\w))?)?"
    rf"(?:(?:(?<=trăm) |(?<!\w))(?:(?P<tens>{_UNIT}) mươi|(?P<ten>mười))(?!\w)"
    rf"(?: (?P<ones>{'|'.join(_AFTER_TENS)})(?!\w))?)?"
)
_SINGLE = re.compile(rf"(?<!\w)({_UNIT}|(?<=thứ )tư)(?!\w)")


def _value(match: re.Match[str]) -> str:
    parts = match.groupdict()
    if not any(parts.values()):
        return match.group()
    total = 100 * _DIGITS.get(parts["hundreds"] or "", 0) + _AFTER_ODD.get(parts["odd"] or "", 0)
    total += 10 if parts["ten"] else 10 * _DIGITS.get(parts["tens"] or "", 0)
    return str(total + _AFTER_TENS.get(parts["ones"] or "", 0))


def _number_words(text: str) -> str:
    """0 is left alone: ``không`` is above all 'no'."""
    return _SINGLE.sub(lambda match: str(_AFTER_ODD[match[1]]), _NUMBER.sub(_value, text))


VIETNAMESE: Normaliser = build(
    "vi-norm:v1",
    [
        Step("nfc", _compose),
        Step("space", squeeze),
        Step("lower", lower),
        Step("tone", _place_tones, label="old"),
        Step("iy", _y_to_i, default=False),
        Step("decimal", _numbers, label="comma"),
        Step("punct", strip_punctuation, label="keepnum"),
        Step("num", _number_words),
    ],
)
