from statistics import NormalDist

import numpy as np
import pytest

from tailor.evaluation.scoring.compare import Design, compare
from tailor.evaluation.scoring.statistics import (
    Clusters,
    bootstrap,
    holm,
    mcnemar_exact,
    minimum_detectable_effect,
    percentile_interval,
    randomisation_p,
    sample_size,
    student_quantile,
)
from tailor.metrics.base import Evidence, mean

NORMAL = NormalDist()


def evidence(scores: list[float]) -> Evidence:
    return Evidence(scores, [[score, 1.0] for score in scores], mean)


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [
        (35, 1586, 0.0),
        (50, 1663, 0.0),
        (64, 506, 2.808504657797727e-86),
        (86, 504, 7.119234867718256e-73),
        (153, 129, 0.17069198959921528),
        (254, 192, 0.0038228282207696807),
        (0, 0, 1.0),
    ],
)
def test_mcnemar_reproduces_every_published_value(only_a: int, only_b: int, p: float) -> None:
    assert mcnemar_exact(only_a, only_b) == p == mcnemar_exact(only_b, only_a)


def test_holm_is_monotone_and_at_most_one() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@pytest.mark.parametrize(
    ("effect", "discordant", "rows"),
    [(0.02, 0.2, 3923), (0.03, 0.2, 1742), (0.05, 0.2, 626), (0.1, 0.2, 155), (0.05, 0.3, 940), (0.1, 0.3, 234)],
)
def test_sample_sizes_and_what_follows_from_them(effect: float, discordant: float, rows: int) -> None:
    assert sample_size(effect, discordant) == rows
    power = NORMAL.cdf((effect * rows**0.5 - NORMAL.inv_cdf(0.975) * discordant**0.5) / (discordant - effect**2) ** 0.5)
    assert power == pytest.approx(0.8, abs=0.002)
    assert minimum_detectable_effect(rows, discordant) == pytest.approx(effect, abs=0.0002)


def test_no_effect_needs_endless_rows() -> None:
    assert sample_size(0, 0.2) is None


@pytest.mark.parametrize(("freedom", "quantile"), [(5, 2.5706), (10, 2.2281), (30, 2.0423), (1000, 1.9623)])
def test_student_quantiles(freedom: int, quantile: float) -> None:
    assert student_quantile(0.975, freedom) == pytest.approx(quantile, abs=2e-3)


def test_interval_agrees_with_the_normal_one_where_both_hold() -> None:
    scores = (np.random.default_rng(3).random(2000) < 0.3).astype(float)
    clusters = Clusters.of([str(place) for place in range(2000)])
    drawn = bootstrap(clusters.sums(np.stack([scores, np.ones(2000)], 1)))
    low, high = percentile_interval(float(scores.mean()), drawn[:, 0] / drawn[:, 1], 2000)
    half = 1.96 * (scores.mean() * (1 - scores.mean()) / 2000) ** 0.5
    assert (low, high) == pytest.approx((scores.mean() - half, scores.mean() + half), abs=0.002)


def test_groups_widen_the_interval() -> None:
    ours = [1.0] * 60 + [0.0] * 40
    theirs = [0.0] * 20 + [1.0] * 20 + [0.0] * 60
    arms = {"candidate": evidence(ours), "base": evidence(theirs)}
    rows = Design(Clusters.of([str(place) for place in range(100)]))
    groups = Design(Clusters.of([str(place // 10) for place in range(100)]))
    alone = compare(rows, {"m": arms}, "candidate", ["base"])["m"][0]
    together = compare(groups, {"m": arms}, "candidate", ["base"])["m"][0]
    assert alone.difference == together.difference == pytest.approx(0.4)
    assert together.interval[1] - together.interval[0] > 2 * (alone.interval[1] - alone.interval[0])
    assert together.p_value > 10 * alone.p_value
    assert together.groups == 10


def test_what_was_never_seen_to_differ_still_has_an_interval() -> None:
    arms = {"candidate": evidence([1.0] * 20), "base": evidence([1.0] * 20)}
    found = compare(Design(Clusters.of([str(place) for place in range(20)])), {"m": arms}, "candidate", ["base"])["m"][
        0
    ]
    assert found.difference == 0
    assert found.interval[0] < -0.1 < 0.1 < found.interval[1]
    assert found.p_value == 1
    assert found.minimum_detectable_effect > 0.1


def test_randomisation_is_the_exact_test_where_both_apply() -> None:
    wins, losses, rows = 22, 9, 200
    first = np.array([[1.0, 1.0]] * wins + [[0.0, 1.0]] * losses + [[1.0, 1.0]] * (rows - wins - losses))
    second = np.array([[0.0, 1.0]] * wins + [[1.0, 1.0]] * losses + [[1.0, 1.0]] * (rows - wins - losses))
    assert randomisation_p(first, second, mean, 20_000) == pytest.approx(mcnemar_exact(losses, wins), abs=0.004)


def test_the_same_seed_gives_the_same_figures() -> None:
    sums = np.random.default_rng(1).random((50, 3))
    assert np.array_equal(bootstrap(sums, 100, 4), bootstrap(sums, 100, 4))
    assert not np.array_equal(bootstrap(sums, 100, 4), bootstrap(sums, 100, 5))
