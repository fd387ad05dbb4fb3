"""Compare two arms on the same rows: difference, interval, p-value, and what the sample could have shown."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tailor.evaluation.scoring.statistics import (
    RESAMPLES,
    Clusters,
    bootstrap,
    mcnemar_exact,
    minimum_detectable_effect,
    percentile_interval,
    randomisation_p,
    sample_size,
    spread,
    student_quantile,
)
from tailor.metrics.base import Evidence


@dataclass(frozen=True, slots=True)
class Comparison:
    """``wins`` and ``losses`` are rows where the candidate scored higher and lower. ``decisive_rows``: see gate.

    ``unseen``: how far rows that are wholly lost, so rare that none need be among these, can move a graded metric.
    """

    metric: str
    baseline_arm: str
    candidate: float
    baseline: float
    difference: float
    interval: tuple[float, float]
    p_value: float
    test: str
    wins: int
    losses: int
    rows: int
    groups: int
    minimum_detectable_effect: float
    squares: float
    confidence: float
    unseen: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self) | {"interval": list(self.interval)}

    def cautious_interval(self, looks: int = 1) -> tuple[float, float]:
        """Return a second interval, by Student's t over the groups: the safer one for skewed differences.

        Args:
            looks: how many questions share the risk; each gets its part of it.
        """
        if self.groups < 2:
            return -1.0, 1.0
        error = math.sqrt(max(self.squares - self.difference**2, 0.0) / self.rows)
        reach = student_quantile(1 - (1 - self.confidence) / 2 / looks, self.groups - 1) * error
        return self.difference - reach, self.difference + reach

    def decisive_rows(self, margin: float) -> int | None:
        """Return how many such rows would settle a true effect as large as the one seen; None if no number would."""
        effect = self.difference - margin
        needed = sample_size(effect, max(self.squares, effect**2), self.confidence)
        return None if needed is None else max(needed, self.telling_rows(margin))

    def telling_rows(self, margin: float) -> int:
        """Return how many rows would have shown the effect, as far as the gain depends on answers that are lost
        completely."""
        effect = abs(self.difference - margin)
        return math.ceil(self.unseen * self.rows / effect) if effect else 0


@dataclass(frozen=True, slots=True)
class Design:
    """Parameters of resampling; the report prints all of them."""

    clusters: Clusters
    confidence: float = 0.95
    resamples: int = RESAMPLES
    seed: int = 0


def compare(
    design: Design, metrics: Mapping[str, Mapping[str, Evidence]], candidate: str, baselines: Sequence[str]
) -> dict[str, list[Comparison]]:
    """Return comparisons by metric, one for each baseline in ``baselines``. ``metrics``: evidence by metric and arm.

    All metrics and arms go through one bootstrap, so that they are paired with each other as well.
    """
    arms = [candidate, *baselines]
    sums, columns, places = [], 0, {}
    for metric, by_arm in metrics.items():
        for arm in arms:
            part = design.clusters.sums(by_arm[arm].columns)
            places[metric, arm] = slice(columns, columns + part.shape[1])
            columns += part.shape[1]
            sums.append(part)
    grouped = np.concatenate(sums, axis=1)
    drawn = bootstrap(grouped, design.resamples, design.seed)
    return {
        metric: [_comparison(design, metric, by_arm, candidate, arm, grouped, drawn, places) for arm in baselines]
        for metric, by_arm in metrics.items()
    }


def _comparison(
    design: Design,
    metric: str,
    by_arm: Mapping[str, Evidence],
    candidate: str,
    baseline: str,
    grouped: Any,
    drawn: Any,
    places: Mapping[tuple[str, str], slice],
) -> Comparison:
    combine = by_arm[candidate].combine
    here, there = places[metric, candidate], places[metric, baseline]
    first, second = float(combine(grouped[:, here].sum(axis=0))), float(combine(grouped[:, there].sum(axis=0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        draws = combine(drawn[:, here]) - combine(drawn[:, there])
    draws = draws[np.isfinite(draws)]
    clusters, difference = design.clusters, first - second
    squares = spread(difference, draws, clusters, design.confidence)
    scores = list(zip(by_arm[candidate].scores, by_arm[baseline].scores, strict=True))
    wins, losses = sum(a > b for a, b in scores), sum(a < b for a, b in scores)
    pairs = clusters.single and _is_mean(by_arm[candidate]) and _all_or_nothing(scores)
    p_value = (
        mcnemar_exact(losses, wins)
        if pairs
        else randomisation_p(grouped[:, here], grouped[:, there], combine, design.resamples, design.seed + 1)
    )
    return Comparison(
        metric=metric,
        baseline_arm=baseline,
        candidate=first,
        baseline=second,
        difference=difference,
        interval=percentile_interval(difference, draws, clusters.count, design.confidence),
        p_value=p_value,
        test="McNemar, exact" if pairs else "randomisation of arms by group",
        wins=wins,
        losses=losses,
        rows=clusters.rows,
        groups=clusters.count,
        minimum_detectable_effect=minimum_detectable_effect(clusters.rows, squares, design.confidence),
        squares=squares,
        confidence=design.confidence,
        unseen=0.0 if _all_or_nothing(scores) else _unseen(design) * min(1.0, max(first, second)),
    )


def _all_or_nothing(scores: Sequence[tuple[float, float]]) -> bool:
    return all(a in (0, 1) and b in (0, 1) for a, b in scores)


def _unseen(design: Design) -> float:
    """Return the largest share of rows that may have stayed unseen, at half of the risk."""
    return 1 - float(((1 - design.confidence) / 2) ** (1 / max(design.clusters.rows, 1)))


def _is_mean(evidence: Evidence) -> bool:
    from tailor.metrics.base import mean

    return evidence.combine is mean
