"""Score ROUGE-L: F-measure of the longest common subsequence of words."""

from rapidfuzz.distance import LCSseq

from tailor.metrics.base import Case, Metric, Rules, best


def rouge(answer: list[str], reference: list[str]) -> float:
    common: int = LCSseq.similarity(answer, reference)
    return 2 * common / (len(answer) + len(reference)) if common else 0.0


def score(case: Case, rules: Rules) -> float:
    return best(
        case, lambda answer, reference: rouge(rules.normalise.tokens(answer), rules.normalise.tokens(reference))
    )


METRIC = Metric("rouge_l", "ROUGE-L", "longest common run of words, gaps allowed, with the nearest reference", score)
