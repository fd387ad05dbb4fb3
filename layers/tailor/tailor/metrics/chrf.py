"""chrF by sacrebleu, row by row: character n-grams, good for inflected and unsegmented languages."""

from functools import cache
from typing import Any

from tailor.metrics.base import Case, Metric, Rules
from tailor.normalisers.base import compose


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def score(case: Case, rules: Rules) -> float:
    if not case.references or not case.answer.strip():
        return 0.0
    return float(_chrf().sentence_score(compose(case.answer), [*map(compose, case.references)]).score) / 100


METRIC = Metric("chrf", "chrF", "overlap of character sequences with the references (sacrebleu, mean of rows)", score)
