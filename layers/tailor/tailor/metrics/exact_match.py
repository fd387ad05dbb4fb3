"""Normalised exact match: for closed answers, where nearly right is wrong."""

from tailor.metrics.base import Case, Metric, Rules, best


def score(case: Case, rules: Rules) -> float:
    answer = rules.normalise(case.answer)
    return best(case, lambda _, reference: float(bool(answer) and answer == rules.normalise(reference)))


METRIC = Metric(
    "exact_match", "Exact match", "the answer equals a reference, after normalisation; nearly right is wrong", score
)
