"""Read typed answers, as Vietnamese and English write them.

Numbers, quantities, money, dates, times, yes and no, choices:

- ``numbers``: one canonical numeral for each number, and number words (``vietnamese_numbers``, ``english_numbers``)
- ``short_forms``: short forms of names, ordinals, Roman numerals
- ``dates``: dates and times of day; ``units``: units and currencies
- ``values``: the value that a text is, and the one that it states
- ``stance``: yes, no, or *cannot tell*; ``choices``: the letter of a choice

A text is first made canonical (:mod:`tailor.normalisers` calls the first three), then read. ``auto``, the metrics and
the rewards all read answers here, so what one of them counts as equal, the others do too.
"""

from tailor.answers.choices import chosen, only_letter
from tailor.answers.stance import NO, UNKNOWN, YES, Stance, bare_stance, stance_of
from tailor.answers.values import Value, compatible, same, stated, values_in, whole

__all__ = [
    "NO",
    "UNKNOWN",
    "YES",
    "Stance",
    "Value",
    "bare_stance",
    "chosen",
    "compatible",
    "only_letter",
    "same",
    "stance_of",
    "stated",
    "values_in",
    "whole",
]
