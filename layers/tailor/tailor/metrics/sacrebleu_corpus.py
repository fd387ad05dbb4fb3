"""Compute sacrebleu's score of a whole test set, with its signature, for BLEU and chrF."""

from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

from tailor.metrics.base import Case, Corpus, Rules


def spelled(case: Case, rules: Rules) -> tuple[str, list[str]]:
    """Return an answer and its references with Unicode and tone marks in one form; a failed call is empty."""
    answer = "" if case.failed else rules.normalise.spelling(case.answer)
    return answer, [*map(rules.normalise.spelling, case.references)] or [""]


def corpus_of(scorer: Any, cases: Sequence[Case], rules: Rules) -> Corpus:
    """Return the score of all rows together. ``scorer``: one of sacrebleu's metrics."""
    answers, references = zip(*(spelled(case, rules) for case in cases), strict=True)
    found = scorer.corpus_score(list(answers), [list(stream) for stream in zip_longest(*references)])
    return Corpus(min(1.0, float(found.score) / 100), str(scorer.get_signature()))
