"""How often the gate errs, by simulation, and how fast it is. Run: python -m benchmarks.evaluation [--trials 2000]

Every trial goes through the same comparison and decision as a run. Prints one line a scenario: the share of trials that
passed, and what it should be.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailor.evaluation.gate import Policy, decide
from tailor.evaluation.scoring import Clusters, Design, compare, minimum_detectable_effect
from tailor.metrics.base import Evidence, mean

Scores = npt.NDArray[np.float64]
BASE = 0.6
DISCORDANT = 0.2


@dataclass(frozen=True)
class Scenario:
    """``effect``: by how much the candidate truly is better. ``together``: share of groups that act as one.

    ``grouped``: whether the analysis is told of the groups.
    """

    name: str
    groups: int
    group_rows: int
    expected: str
    effect: float = 0.0
    margin: float = 0.0
    together: float = 0.0
    grouped: bool = True
    baselines: int = 1


def draw(scenario: Scenario, random: np.random.Generator) -> tuple[Scores, list[Scores]]:
    """Scores of the candidate and of each baseline: pairs that differ in DISCORDANT of the rows."""
    shape = (scenario.groups, scenario.group_rows)
    shared = random.random(scenario.groups) < scenario.together

    def uniform() -> Scores:
        return np.where(shared[:, None], random.random((scenario.groups, 1)), random.random(shape))

    right = uniform() < BASE
    candidate = right.copy()
    kind = uniform()
    # Of the rows that differ, the candidate wins enough more to be better by the effect.
    wins = (DISCORDANT + scenario.effect) / 2 / (1 - BASE)
    losses = (DISCORDANT - scenario.effect) / 2 / BASE
    candidate = np.where(right, kind >= losses, kind < wins)
    baselines = [right.astype(float).ravel()]
    for _ in range(1, scenario.baselines):
        other = uniform()
        swapped = np.where(candidate, other >= losses, other < wins)
        baselines.append(swapped.astype(float).ravel())
    return candidate.astype(float).ravel(), baselines


def pass_rate(scenario: Scenario, trials: int, resamples: int) -> float:
    random = np.random.default_rng(7)
    rows = scenario.groups * scenario.group_rows
    names = [str(place // scenario.group_rows if scenario.grouped else place) for place in range(rows)]
    clusters = Clusters.of(names)
    passed = 0
    for trial in range(trials):
        candidate, baselines = draw(scenario, random)
        evidence = {"candidate": _evidence(candidate)}
        evidence |= {f"base-{place}": _evidence(scores) for place, scores in enumerate(baselines)}
        design = Design(clusters, resamples=resamples, seed=trial)
        arms = [name for name in evidence if name != "candidate"]
        compared = compare(design, {"exact_match": evidence}, "candidate", arms)["exact_match"]
        passed += decide(compared, Policy(margin=scenario.margin)).verdict == "passed"
    return passed / trials


def _evidence(scores: Scores) -> Evidence:
    return Evidence(scores.tolist(), np.stack([scores, np.ones_like(scores)], axis=1).tolist(), mean)


def scenarios() -> list[Scenario]:
    planned = minimum_detectable_effect(400, DISCORDANT)
    return [
        Scenario("no difference, independent rows", 400, 1, "at most 2.5 %"),
        Scenario("no difference, 130 images of 3 questions", 130, 3, "at most 2.5 %", together=0.7),
        Scenario("no difference, 40 documents of 10 questions", 40, 10, "at most 2.5 %", together=0.7),
        Scenario("the same, groups ignored (wrong)", 40, 10, "far above 2.5 %", together=0.7, grouped=False),
        Scenario("exactly at a margin of 5 points", 130, 3, "about 2.5 %", 0.05, 0.05, together=0.5),
        Scenario("no difference to two baselines", 400, 1, "at most 2.5 %", baselines=2),
        Scenario(f"truly {100 * planned:.1f} points better, 400 rows", 400, 1, "about 80 %", planned),
        Scenario("truly 10 points better, 400 rows", 400, 1, "nearly always", 0.1),
        Scenario("truly 10 points worse, 400 rows", 400, 1, "never", -0.1),
    ]


def clock(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed() -> float:
    """Seconds for one comparison of 3,000 graded rows in 3,000 groups with 10,000 resamples."""
    random = np.random.default_rng(1)
    design = Design(Clusters.of([str(place) for place in range(3000)]))
    evidence = {name: _evidence(random.random(3000)) for name in ("a", "b")}
    return clock(lambda: compare(design, {"token_f1": evidence}, "a", ["b"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--only", default="", help="scenarios whose name holds this text")
    chosen = parser.parse_args()
    print(f"{chosen.trials:,} trials a scenario, {chosen.resamples:,} resamples a trial")
    for scenario in (one for one in scenarios() if chosen.only in one.name):
        rate = pass_rate(scenario, chosen.trials, chosen.resamples)
        print(f"{scenario.name:46} passed {100 * rate:6.2f} %   expected: {scenario.expected}")
    print(f"3,000 graded rows, 10,000 resamples: {speed():.2f} s")


if __name__ == "__main__":
    main()
