"""Score yes or no: balanced accuracy, so that always saying 'yes' scores one half however skewed the questions are.

*Cannot tell* (a refusal, a doubt, a hedge) is neither: it is right only where the reference says so too.
"""

from collections.abc import Sequence
from typing import Any

from tailor.answers import NO, UNKNOWN, YES, Stance, bare_stance, stance_of
from tailor.metrics.base import Case, Evidence, Metric, Rules, best


def score(case: Case, rules: Rules) -> float:
    said = stance_of(case.answer)
    return best(case, lambda _, reference: float(said is not None and said == _wanted(reference)))


def _wanted(reference: str) -> Stance | None:
    return bare_stance(reference) or stance_of(reference)


def gather(cases: Sequence[Case], rules: Rules, scores: list[float]) -> Evidence:
    """Return columns: right and total for 'yes', 'no' and 'cannot tell'. Rows with another reference are not
    counted."""
    columns = []
    for case, value in zip(cases, scores, strict=True):
        wanted = _wanted(case.references[0]) if case.references else None
        columns.append([cell for one in (YES, NO, UNKNOWN) for cell in (value * (wanted == one), wanted == one)])
    return Evidence(scores, [[float(cell) for cell in row] for row in columns], balanced)


def balanced(sums: Any) -> Any:
    """Return the mean over the answers that occur."""
    import numpy as np

    right, rows = sums[..., 0::2], sums[..., 1::2]
    shares = np.where(rows > 0, right / np.maximum(rows, 1), 0)
    return shares.sum(axis=-1) / np.maximum((rows > 0).sum(axis=-1), 1)


METRIC = Metric(
    "yes_no",
    "Yes/no, balanced",
    "accuracy for 'yes' and for 'no', averaged: a skewed test can't flatter",
    score,
    gather,
)
