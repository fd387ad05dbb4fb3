"""Score ANLS: edit similarity with the nearest reference, for text read from images. Nothing below one half counts.

Not for closed answers: ``màu đỏ`` and ``màu đen`` are similar as strings and opposite as answers.
"""

from rapidfuzz.distance import Levenshtein

from tailor.metrics.base import Case, Metric, Rules, best

THRESHOLD = 0.5


def score(case: Case, rules: Rules) -> float:
    def similarity(answer: str, reference: str) -> float:
        distance: float = Levenshtein.normalized_distance(rules.normalise(answer), rules.normalise(reference))
        return 1 - distance if distance < THRESHOLD else 0.0

    return best(case, similarity) if case.answer.strip() else 0.0


METRIC = Metric("anls", "ANLS", "edit similarity with the nearest reference; below one half it counts nothing", score)
