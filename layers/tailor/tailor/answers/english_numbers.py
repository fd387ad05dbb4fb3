"""English number words as numerals: ``twenty-one``, ``two hundred and five``, ``1.5 million``, ``half a million``."""

import re
from fractions import Fraction

from tailor.answers.numbers import Words, replaced

_SMALL_WORDS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen"
)
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL = {word: value for value, word in enumerate(_SMALL_WORDS.split())}
_TENS = {word: 10 * place for place, word in enumerate(_TENS_WORDS.split(), start=2)}
_MAGNITUDES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 10**3, "bn": 10**9}
_HALVED = {**_MAGNITUDES, "dozen": 12}
_FIRST_WORDS = frozenset({"half", "a", "an", *_SMALL, *_TENS})
_PARTS = {"third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_PART = re.compile(rf"(?<![\w.,/-])(\d+)[ -]({'|'.join(_PARTS)})s?(?! (?:past|to)(?!\w))(?!\w)")
_ONE_PART = re.compile(rf"^an? ({'|'.join(_PARTS)})$")
_GLUE = ("", " ", "-")
_MINUS = re.compile(r"(?<!\w)(?:minus|negative) (?=\d)")
_HALF = re.compile(r"(?<!\w)(?:(?:one|1|a) )?half(?! (?:past|a|an)(?!\w))(?!\w)")
_AND_HALF = re.compile(r"(?<![\w.,/-])(\d+) and a half(?!\w)")
_POINT = re.compile(r"(?<![\w.,])(\d+) point ((?:\d)(?: \d)*)(?![\w.,])")


_BOUNDS = (
    (re.compile(r"(?<!by )(?<!\w)(?:more than|greater than|over) (?=\d)"), ">"),
    (re.compile(r"(?<!\w)(?:at least|no (?:less|fewer) than|a minimum of) (?=\d)"), "≥"),
    (re.compile(r"(?<!\w)(?:at most|no more than|up to|a maximum of) (?=\d)"), "≤"),
    (re.compile(r"(?<!by )(?<!\w)(?:(?:less|fewer) than|under|almost|nearly) (?=\d)"), "<"),
)


def english_words(text: str) -> str:
    """Return the text with numbers in words as numerals. It is in lower case, its numerals are canonical."""
    text = replaced(Words(_ONE_PART.sub(r"1 \1", text), _GLUE), _number)
    text = _POINT.sub(lambda match: f"{match[1]}.{match[2].replace(' ', '')}", text)
    text = _AND_HALF.sub(r"\1.5", text)
    if ".5 " in text:
        text = replaced(Words(text, _GLUE), _number)  # one and a half million
    text = _PART.sub(lambda match: f"{match[1]}/{_PARTS[match[2]]}", text)
    text = _MINUS.sub("-", _HALF.sub("1/2", text))
    for pattern, bound in _BOUNDS:
        text = pattern.sub(bound, text)
    return text


def _number(words: Words, place: int) -> tuple[Fraction, int] | None:
    word = words.words[place]
    if word not in _FIRST_WORDS and not word[0].isdecimal():  # like most words
        return None
    total, end, limit = Fraction(0), place, 10**18
    if word == "half" and words.at(place + 1) == "a" and (scale := _HALVED.get(words.at(place + 2))):
        return Fraction(scale, 2), place + 3
    found = False
    while end == place or words.joined(end):
        begin = end + 1 if found and words.words[end] == "and" and words.joined(end + 1) else end
        small = _small(words, begin)
        if small is None:
            break
        value, after = small
        scale = _MAGNITUDES.get(words.at(after), 1)
        if found and (value * scale >= limit or limit == 1):
            break
        total, end, found = total + value * scale, after + (scale > 1), True
        limit = scale
    return (total, end) if found else None


def _small(words: Words, place: int) -> tuple[Fraction, int] | None:
    """Return a number below a thousand, or any numeral; ``a hundred`` and ``a million`` too."""
    if (value := words.value(place)) is not None:
        return _hundreds(words, value, place + 1)
    word = words.words[place]
    if word in ("a", "an"):
        follows = words.at(place + 1)
        known = follows in ("hundred", "dozen") or _MAGNITUDES.get(follows, 0) >= 1000
        return _hundreds(words, Fraction(1), place + 1) if known and follows not in ("k", "bn") else None
    if word in _TENS:
        ones = _SMALL.get(words.at(place + 1), 0)
        taken = 0 < ones < 10
        return _hundreds(words, Fraction(_TENS[word] + ones * taken), place + 1 + taken)
    return _hundreds(words, Fraction(_SMALL[word]), place + 1) if word in _SMALL else None


def _hundreds(words: Words, value: Fraction, place: int) -> tuple[Fraction, int]:
    follows = words.at(place)
    if follows == "dozen":
        return value * 12, place + 1
    if follows != "hundred":
        return value, place
    behind = place + 1 + (words.at(place + 1) == "and" and words.joined(place + 2))
    rest = _small(words, behind) if words.joined(behind) else None
    if rest is None or rest[0] >= 100:
        return value * 100, place + 1
    return value * 100 + rest[0], rest[1]
