"""Score BLEU by sacrebleu's counts over the whole test set; scores of single rows are sentence BLEU."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from tailor.metrics.base import Case, Corpus, Evidence, Metric, Rules
from tailor.metrics.sacrebleu_corpus import corpus_of, spelled

_ORDERS = 4
_UNSPACED_LANGUAGES = frozenset({"zh", "ja", "th"})


@cache
def _bleu(tokenizer: str, *, effective_order: bool = True) -> Any:
    from sacrebleu.metrics.bleu import BLEU

    return BLEU(tokenize=tokenizer, effective_order=effective_order)


def _tokenizer(rules: Rules) -> str:
    return "char" if rules.language in _UNSPACED_LANGUAGES else "13a"


def _sentence(case: Case, rules: Rules) -> Any:
    return _bleu(_tokenizer(rules)).sentence_score(*spelled(case, rules))


def score(case: Case, rules: Rules) -> float:
    return min(1.0, float(_sentence(case, rules).score) / 100)


def gather(cases: Sequence[Case], rules: Rules, scores: list[float]) -> Evidence:
    """Return columns: matches of each order, n-grams of each order, length of the answer, length of the reference."""
    found = [_sentence(case, rules) for case in cases]
    columns = [[*map(float, (*one.counts, *one.totals, one.sys_len, one.ref_len))] for one in found]
    return Evidence(scores, columns, corpus_bleu)


def corpus_bleu(sums: Any) -> Any:
    """Return BLEU with sacrebleu's exponential smoothing: the k-th order without a match counts as one half to the
    k."""
    import numpy as np

    matches, totals = sums[..., :_ORDERS], sums[..., _ORDERS : 2 * _ORDERS]
    said, meant = sums[..., -2], sums[..., -1]
    smoothed = np.where(matches > 0, matches, 0.5 ** np.cumsum(matches == 0, axis=-1))
    precision = np.exp(np.log(smoothed / np.maximum(totals, 1)).mean(axis=-1))
    brevity = np.exp(np.minimum(0.0, 1 - meant / np.maximum(said, 1)))
    possible = (totals > 0).all(axis=-1) & (matches[..., 0] > 0)
    return np.where(possible, precision * brevity, 0.0)


def corpus(cases: Sequence[Case], rules: Rules) -> Corpus:
    return corpus_of(_bleu(_tokenizer(rules), effective_order=False), cases, rules)


METRIC = Metric("bleu", "BLEU", "n-gram precision over the whole test set (sacrebleu)", score, gather, corpus)
