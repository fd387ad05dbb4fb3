"""Translate the sentences that steps write into a run's history and stall to Vietnamese; unknown ones stay English.

A run keeps its reasons in English: that is what programs read. A person's own words and AWS's are never changed. The
table is ``vietnamese_reasons.toml``.
"""

import re
import tomllib
from decimal import Decimal
from functools import cache
from importlib.resources import files

from tailor.notices.vietnamese_facts import usd

_AMOUNT = re.compile(r"\$(\d[\d,]*\.\d\d)")
_HOURS = re.compile(r"(\d)\.(\d+)(?= giờ)")


@cache
def reasons() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the table: patterns of whole sentences, and templates."""
    text = files("tailor.notices").joinpath("vietnamese_reasons.toml").read_text("utf-8")
    return tuple((re.compile(entry["pattern"], re.DOTALL), entry["words"]) for entry in tomllib.loads(text)["reason"])


def in_vietnamese(text: str) -> str:
    """Return the sentence in Vietnamese, or unchanged if it is unknown."""
    for pattern, words in reasons():
        if match := pattern.fullmatch(text):
            said = _AMOUNT.sub(lambda found: usd(Decimal(found[1].replace(",", ""))), match.expand(words))
            return _HOURS.sub(r"\1,\2", said)
    return text
