"""Score answers that say something."""

from tailor.metrics.base import Case, Metric, Rules
from tailor.normalisers.base import visible


def score(case: Case, rules: Rules) -> float:
    return float(bool(visible(case.answer).strip()))


METRIC = Metric("not_empty", "Not empty", "the answer holds more than white space", score)
