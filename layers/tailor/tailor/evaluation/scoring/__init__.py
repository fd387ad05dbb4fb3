"""Score answers and compare arms.

- ``score``: every metric for every arm, on the same rows
- ``compare``, ``statistics``: paired differences, intervals that respect groups, tests
- ``gain``: what kind of better
- ``slices``: where the candidate is weak; ``behaviour``: failures, refusals, length, time, cost of each arm
"""

from tailor.evaluation.scoring.behaviour import Prices
from tailor.evaluation.scoring.compare import Comparison, Design, compare
from tailor.evaluation.scoring.gain import in_words
from tailor.evaluation.scoring.score import ScoreTable, corpus_scores, score
from tailor.evaluation.scoring.statistics import Clusters, minimum_detectable_effect

__all__ = [
    "Clusters",
    "Comparison",
    "Design",
    "Prices",
    "ScoreTable",
    "compare",
    "corpus_scores",
    "in_words",
    "minimum_detectable_effect",
    "score",
]
