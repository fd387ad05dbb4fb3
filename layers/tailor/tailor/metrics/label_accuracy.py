"""Score label accuracy: the answer names the right label, perhaps in a sentence."""

from collections.abc import Sequence

from tailor.metrics.base import Case, Evidence, Metric, Rules, mean
from tailor.metrics.exact_match import score
from tailor.metrics.labels import known_labels, named_label


def gather(cases: Sequence[Case], rules: Rules, _: list[float]) -> Evidence:
    labels = known_labels(cases, rules)
    scores = [
        float(not case.failed and named_label(case.answer, labels, rules) in {*map(rules.normalise, case.references)})
        for case in cases
    ]
    return Evidence(scores, [[value, 1.0] for value in scores], mean)


METRIC = Metric("label_accuracy", "Label accuracy", "the answer names the right label and no other", score, gather)
