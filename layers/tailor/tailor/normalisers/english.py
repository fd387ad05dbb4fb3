"""Normalise English: articles are removed; numbers, dates, times and units are written in one form."""

import re

from tailor.answers.dates import english_dates
from tailor.answers.english_numbers import english_words
from tailor.answers.numbers import english_numerals
from tailor.answers.short_forms import english_short_forms
from tailor.answers.units import with_units
from tailor.normalisers.base import Step, build, compose, lower, squeeze, strip_punctuation

_ARTICLE = re.compile(r"(?<!\w)(?:a|an|the) +(?=\S)")


def _without_articles(text: str) -> str:
    return _ARTICLE.sub("", text)


def _typed(text: str) -> str:
    return with_units(english_dates(text), "en")


ENGLISH = build(
    "en-norm:v3",
    [
        Step("nfc", compose),
        Step("space", squeeze),
        Step("lower", lower),
        Step("short", english_short_forms),
        Step("decimal", english_numerals, label="point"),
        Step("num", english_words),
        Step("typed", _typed),
        Step("punct", strip_punctuation, label="keepnum"),
        Step("articles", _without_articles),
    ],
)
