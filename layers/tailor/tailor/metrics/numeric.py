"""Numeric match: the last number of the answer equals that of a reference, however it is written."""

import re
from fractions import Fraction

from tailor.metrics.base import Case, Metric, Rules, best

_NUMBER = re.compile(r"(?<![\w.])[+-]?\d+(?:\.\d+)?(?:/\d+)?(?!\w)")


def last_number(text: str, rules: Rules) -> Fraction | None:
    """Return the last number in a text, None if it has none. ``1/2`` is a number, a date is not."""
    for found in reversed(_NUMBER.findall(rules.normalise(text))):
        numerator, _, denominator = found.partition("/")
        if denominator and (not int(denominator) or "." in numerator):
            continue
        return Fraction(numerator) / Fraction(denominator or 1)
    return None


def score(case: Case, rules: Rules) -> float:
    said = last_number(case.answer, rules)
    return best(case, lambda _, reference: float(said is not None and said == last_number(reference, rules)))


METRIC = Metric("numeric", "Numeric match", "the answer's last number equals the reference's, words counted too", score)
