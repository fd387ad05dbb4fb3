"""Score macro F1 over labels: rare labels weigh as much as frequent ones."""

from collections.abc import Sequence
from typing import Any

from tailor.metrics.base import Case, Evidence, Metric, Rules
from tailor.metrics.exact_match import score
from tailor.metrics.labels import known_labels, named_label


def gather(cases: Sequence[Case], rules: Rules, _: list[float]) -> Evidence:
    """Return columns: for each label twice the hits, then how often it was expected or answered."""
    labels = known_labels(cases, rules)
    place = {label: index for index, label in enumerate(labels)}
    scores, columns = [], []
    for case in cases:
        said = None if case.failed else named_label(case.answer, labels, rules)
        meant = rules.normalise(case.references[0]) if case.references else None
        row = [0.0] * (2 * len(labels))
        for label in (said, meant):
            if label is not None:
                row[2 * place[label] + 1] += 1
        hit = said is not None and said == meant
        if hit and said is not None:
            row[2 * place[said]] += 2
        scores.append(float(hit))
        columns.append(row)
    return Evidence(scores, columns, macro)


def macro(sums: Any) -> Any:
    """Return the mean over labels that were expected or answered."""
    import numpy as np

    hits, seen = sums[..., 0::2], sums[..., 1::2]
    return np.where(seen > 0, hits / np.maximum(seen, 1), 0).sum(axis=-1) / np.maximum((seen > 0).sum(axis=-1), 1)


METRIC = Metric("macro_f1", "Macro F1", "F1 of each label, averaged: rare labels weigh as much", score, gather)
