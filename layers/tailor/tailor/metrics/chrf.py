"""Score chrF by sacrebleu, row by row: character n-grams, suitable for inflected and unsegmented languages."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from tailor.metrics.base import Case, Corpus, Metric, Rules
from tailor.metrics.sacrebleu_corpus import corpus_of, spelled


@cache
def _chrf() -> Any:
    from sacrebleu.metrics.chrf import CHRF

    return CHRF()


def score(case: Case, rules: Rules) -> float:
    if not case.references or not case.answer.strip():
        return 0.0
    return float(_chrf().sentence_score(*spelled(case, rules)).score) / 100


def corpus(cases: Sequence[Case], rules: Rules) -> Corpus:
    return corpus_of(_chrf(), cases, rules)


_SAID = "overlap of character sequences with the references (sacrebleu, mean of rows)"
METRIC = Metric("chrf", "chrF", _SAID, score, corpus=corpus)
