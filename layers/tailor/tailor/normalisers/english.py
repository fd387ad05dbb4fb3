"""The English normaliser: articles go, number words up to ninety-nine become digits."""

import re

from tailor.normalisers.base import COMMON, Step, build

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: value for value, word in enumerate(_SMALL)} | {
    word: 20 + 10 * place for place, word in enumerate(_TENS)
}
_ENGLISH_NUMBER = re.compile(
    rf"(?<!\w)(?:({'|'.join(_TENS)})(?:[ -]({'|'.join(_SMALL[1:10])}))?|({'|'.join(_SMALL)}))(?!\w)"
)
_ARTICLE = re.compile(r"(?<!\w)(?:a|an|the) +(?=\S)")


def _english_digits(text: str) -> str:
    return _ENGLISH_NUMBER.sub(lambda match: str(sum(_ENGLISH[word] for word in match.groups() if word)), text)


def _without_articles(text: str) -> str:
    return _ARTICLE.sub("", text)


ENGLISH = build("en-norm:v1", [*COMMON, Step("articles", _without_articles), Step("num", _english_digits)])
