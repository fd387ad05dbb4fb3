"""chrF by sacrebleu, row by row: character n-grams, good for inflected and unsegmented languages."""

from functools import cache
from typing import Any

from tailor.metrics.base import Case, Metric, Rules


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def score(case: Case, rules: Rules) -> float:
    if not case.references or not case.answer.strip():
        return 0.0
    return (
        float(
            _chrf()
            .sentence_score(rules.normalise.spelling(case.answer), [*map(rules.normalise.spelling, case.references)])
            .score
        )
        / 100
    )


METRIC = Metric("chrf", "chrF", "overlap of character sequences with the references (sacrebleu, mean of rows)", score)
