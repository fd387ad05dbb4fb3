"""Score word recall: how much of the nearest reference the answer says, whatever else it says."""

from collections import Counter

from tailor.metrics.base import Case, Metric, Rules, best


def recall(answer: list[str], reference: list[str]) -> float:
    return sum((Counter(answer) & Counter(reference)).values()) / len(reference) if reference else 0.0


def score(case: Case, rules: Rules) -> float:
    return best(
        case, lambda answer, reference: recall(rules.normalise.tokens(answer), rules.normalise.tokens(reference))
    )


METRIC = Metric("word_recall", "Words of the answer", "share of a reference's words that the answer says", score)
