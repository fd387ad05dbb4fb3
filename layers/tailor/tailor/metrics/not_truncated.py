"""Score answers that ended before the token limit."""

from tailor.metrics.base import Case, Metric, Rules


def score(case: Case, rules: Rules) -> float:
    return float(case.stop_reason != "max_tokens")


METRIC = Metric("not_truncated", "Not cut off", "the answer ended by itself, not at the token limit", score)
