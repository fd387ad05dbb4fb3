"""Score token F1 over multisets: a repeated word counts as often as both texts have it."""

from collections import Counter

from tailor.metrics.base import Case, Metric, Rules, best


def f1(answer: list[str], reference: list[str]) -> float:
    shared = sum((Counter(answer) & Counter(reference)).values())
    return 2 * shared / (len(answer) + len(reference)) if shared else 0.0


def score(case: Case, rules: Rules) -> float:
    return best(case, lambda answer, reference: f1(rules.normalise.tokens(answer), rules.normalise.tokens(reference)))


METRIC = Metric("token_f1", "Token F1", "overlap of words (Vietnamese: syllables) with the nearest reference", score)
