"""Define a metric. No NumPy here: the reward function scores with the same metrics."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tailor.normalisers.base import Normaliser


@dataclass(frozen=True, slots=True)
class Case:
    """One row as one arm answered it. ``failed``: the call failed for good or the answer is missing.

    ``raw``: the model's text with its reasoning, where it has any.
    """

    answer: str
    references: tuple[str, ...]
    stop_reason: str | None = None
    failed: bool = False
    raw: str | None = None


@dataclass(frozen=True, slots=True)
class Rules:
    """Rules of comparison: the normaliser, and the language expected of answers."""

    normalise: Normaliser
    language: str = "und"


@dataclass(frozen=True, slots=True)
class Evidence:
    """Input for resampling: ``columns`` (rows by k) are summed, ``combine`` turns sums (…, k) into the value.

    A plain mean has the columns (score, 1). ``scores`` are the rows' own scores, for slices, wins and losses.
    """

    scores: list[float]
    columns: list[list[float]]
    combine: Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Score of a whole test set, from 0 to 1, and sacrebleu's signature: what a paper would report."""

    score: float
    signature: str


def mean(sums: Any) -> Any:
    """Return the mean from sums of the columns (score, 1)."""
    return sums[..., 0] / sums[..., 1]


@dataclass(frozen=True, slots=True)
class Metric:
    """``score`` scores one row from 0 (wrong) to 1 (right). ``gather`` is for values that are not a mean of row scores.

    ``corpus``: the score of the whole set, for metrics that are usually reported by it.
    """

    name: str
    title: str
    description: str
    score: Callable[[Case, Rules], float]
    gather: Callable[[Sequence[Case], Rules, list[float]], Evidence] | None = None
    corpus: Callable[[Sequence[Case], Rules], Corpus] | None = None

    def evidence(self, cases: Sequence[Case], rules: Rules) -> Evidence:
        scores = [0.0 if case.failed else self.score(case, rules) for case in cases]
        if self.gather is not None:
            return self.gather(cases, rules, scores)
        return Evidence(scores, [[score, 1.0] for score in scores], mean)


def best(case: Case, compare: Callable[[str, str], float]) -> float:
    """Return the best score over all acceptable answers; 0 if there is none."""
    return max((compare(case.answer, reference) for reference in case.references), default=0.0)
