"""Containment: a reference occurs in the answer as whole words. Shows right answers in too many words."""

from tailor.metrics.base import Case, Metric, Rules, best


def score(case: Case, rules: Rules) -> float:
    answer = f" {' '.join(rules.normalise.tokens(case.answer))} "
    return best(case, lambda _, reference: float(f" {' '.join(rules.normalise.tokens(reference))} " in answer))


METRIC = Metric("containment", "Contains the answer", "a reference occurs in the answer, as whole words", score)
