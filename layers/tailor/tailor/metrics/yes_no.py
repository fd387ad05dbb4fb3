"""Yes or no: balanced accuracy, so that always saying 'yes' is worth one half however the questions are skewed."""

from collections.abc import Sequence
from typing import Any

from tailor.metrics.base import Case, Evidence, Metric, Rules, best

_YES = frozenset({"có", "đúng", "phải", "vâng", "ừ", "rồi", "được", "yes", "yeah", "yep", "true", "correct"})
_NO = frozenset({"không", "chưa", "sai", "chẳng", "no", "nope", "not", "false", "incorrect"})
_FILLERS = frozenset({"dạ", "thưa", "ạ", "vâng", "well", "oh", "à"})


def stance(text: str, rules: Rules) -> str | None:
    """``yes``, ``no``, or None: told by the first word that is no filler."""
    words = rules.normalise.tokens(text)
    told = next((word for word in words if word not in _FILLERS), words[0] if words else "")
    if told in _NO:
        return "no"
    return "yes" if told in _YES or (words and words[0] == "vâng") else None


def score(case: Case, rules: Rules) -> float:
    said = stance(case.answer, rules)
    return best(case, lambda _, reference: float(said is not None and said == stance(reference, rules)))


def gather(cases: Sequence[Case], rules: Rules, scores: list[float]) -> Evidence:
    """Columns: right and all, for 'yes' and for 'no'. A row whose references take no stance counts for neither."""
    columns = []
    for case, value in zip(cases, scores, strict=True):
        wanted = stance(case.references[0], rules) if case.references else None
        columns.append([value * (wanted == "yes"), wanted == "yes", value * (wanted == "no"), wanted == "no"])
    return Evidence(scores, [[float(cell) for cell in row] for row in columns], balanced)


def balanced(sums: Any) -> Any:
    """The mean over those answers that occur."""
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
