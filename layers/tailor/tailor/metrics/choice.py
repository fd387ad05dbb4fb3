"""Score choices: the answer chooses the reference's letter, alone, in a sentence or before its text."""

from tailor.answers import chosen, only_letter
from tailor.metrics.base import Case, Metric, Rules, best


def score(case: Case, rules: Rules) -> float:
    said = chosen(case.answer)
    return best(case, lambda _, reference: float(said is not None and said == only_letter(reference)))


METRIC = Metric("choice", "Choice", "the answer chooses the reference's letter and no other", score)
