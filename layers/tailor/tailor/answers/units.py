"""Units and currencies: one name for each, what it measures and how much of it.

A unit is read only behind a number (currency signs also before one). ``m`` is metre, never million; ``g`` gram.
"""

import re
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib.resources import files

from tailor.answers.numbers import NUMERAL, numeral


@dataclass(frozen=True, slots=True)
class Unit:
    """``factor``: how many of the dimension's first unit; ``names``: how it is written in any language."""

    symbol: str
    dimension: str
    factor: Fraction
    names: tuple[str, ...]


_TABLE = tomllib.loads(files("tailor.answers").joinpath("units.toml").read_text("utf-8"))
_SIGNS = {"vnd": "đồng", "$": "usd", "us$": "usd", "€": "eur", "£": "gbp", "¥": "jpy", "₫": "đồng"}


UNITS = {
    symbol: Unit(symbol, dimension, Fraction(factor), (symbol, *names))
    for dimension, units in _TABLE.items()
    for symbol, (factor, *names) in units.items()
}
_BY_NAME = {name: unit.symbol for unit in UNITS.values() for name in unit.names}
_LANGUAGE_WORDS = {"vi": frozenset({"min", "dong", "ton"}), "en": frozenset({"đ", "ha", "phân", "p"})}
_HALVED = ("lít", "cân", "ký", "kí", "tiếng", "giờ", "mét", "ngày", "tuần", "tháng", "năm", "km", "tấn", "tạ")
_LETTERS = re.compile(r"\w")


@cache
def _patterns(language: str) -> tuple[re.Pattern[str], ...]:
    names = sorted(_BY_NAME.keys() - _LANGUAGE_WORDS.get(language, frozenset()), key=len, reverse=True)
    any_name = "|".join(
        re.escape(name).replace("\\ ", "[ -]") + (r"(?!\w)" if _LETTERS.match(name[-1]) else "") for name in names
    )
    number = rf"(?<![\w.,/:])(?P<n>[+-]?(?:\d+/[1-9]\d*|{NUMERAL}))"
    behind = re.compile(rf"{number}[ -]?(?P<u>{any_name})(?P<half> rưỡi(?!\w))?")
    tail = re.compile(
        r"(?<![\w.,/:])(?P<n>\d+) ?(?P<u>m|mét)(?P<t>(?![23](?!\d))\d{1,2}|(?<=mét) \d{1,2})(?!\w|[.,/:-]\d)"
    )
    before = re.compile(rf"(?<!\w)(?:(?P<s>us\$|[$€£¥₫]) ?|(?P<c>usd|eur|gbp|vnd|jpy|cny) ){number}(?!\w)")
    unsaid = re.compile(rf"(?<![\w/])(?<!\d )(?P<u>{'|'.join(_HALVED)}) rưỡi(?!\w)")
    return behind, tail, before, unsaid


_RATE = re.compile(r"(?<=\d )(?:km|cây số|ki[- ]?lô[- ]?mét|kilomet) (?:1|mỗi|trên) giờ(?!\w)")


def with_rates(text: str) -> str:
    """Return the text with ``60 cây số một giờ`` as ``60 km/h``, before its hour is taken for a time of day."""
    return _RATE.sub("km/h", text)


def with_units(text: str, language: str) -> str:
    """Return the text with each unit behind a number under one name, and halves and tails in its numeral."""
    behind, tail, before, unsaid = _patterns(language)
    text = before.sub(lambda match: f"{match['n']} {_SIGNS.get(match['s'] or match['c'], match['c'])}", text)
    if language == "vi":
        text = unsaid.sub(r"1.5 \g<u>", text)
        text = tail.sub(lambda match: f"{numeral(Fraction(f'{match["n"]}.{match["t"].strip()}'))} {match['u']}", text)
    return behind.sub(_named, text)


def _named(match: re.Match[str]) -> str:
    number = match["n"]
    if match["half"] or "/" in number:
        number = numeral(Fraction(number) + Fraction(1 if match["half"] else 0, 2))
    return f"{number} {_BY_NAME[match['u'].replace('-', ' ')]}"
