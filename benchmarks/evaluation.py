"""Measure how often the gate errs, by simulation, and its speed: python -m benchmarks.evaluation [--trials 2000]

Every trial goes through the same comparison and decision as a run. Prints one line a scenario: the shares of trials
that passed and that failed, and what they should be.
"""

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tailor.evaluation.gate import GuardResult, Policy, decide, tightened
from tailor.evaluation.scoring import Clusters, Design, compare, minimum_detectable_effect
from tailor.metrics.base import Evidence, mean

Scores = npt.NDArray[np.float64]
DISCORDANT = 0.2


@dataclass(frozen=True)
class Scenario:
    """``effect``: by how much the candidate truly is better. ``together``: share of groups that act as one.

    ``base``: share of right answers, or the mean score; ``discordant``: share of rows that differ; ``grouped``: whether
    the analysis is told of the groups; ``kind``: right or wrong, graded, or graded with rare catastrophes.
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
    base: float = 0.6
    discordant: float = DISCORDANT
    kind: str = "binary"


def draw(scenario: Scenario, random: np.random.Generator) -> tuple[Scores, list[Scores]]:
    """Return scores of the candidate and of each baseline."""
    shape = (scenario.groups, scenario.group_rows)
    shared = random.random(scenario.groups) < scenario.together

    def uniform() -> Scores:
        return np.where(shared[:, None], random.random((scenario.groups, 1)), random.random(shape))

    if scenario.kind != "binary":
        return _graded(scenario, uniform)
    right = uniform() < scenario.base
    candidate = right.copy()
    kind = uniform()
    # Of the rows that differ, the candidate wins enough more to be better by the effect.
    wins = (scenario.discordant + scenario.effect) / 2 / (1 - scenario.base)
    losses = (scenario.discordant - scenario.effect) / 2 / scenario.base
    candidate = np.where(right, kind >= losses, kind < wins)
    baselines = [right.astype(float).ravel()]
    for _ in range(1, scenario.baselines):
        other = uniform()
        swapped = np.where(candidate, other >= losses, other < wins)
        baselines.append(swapped.astype(float).ravel())
    return candidate.astype(float).ravel(), baselines


def _graded(scenario: Scenario, uniform: Callable[[], Scores]) -> tuple[Scores, list[Scores]]:
    """Scores that move a little in every row; in a heavy tail one row in 50 is lost, and the others make up for it.

    Both arms move alike, so that cutting scores off at 0 and 1 makes no difference between them.
    """
    middle = scenario.base + 0.3 * (uniform() - 0.5)
    base, candidate = (middle + 0.2 * (uniform() - 0.5) for _ in range(2))
    candidate += scenario.effect
    if scenario.kind == "heavy":
        base = middle
        lost = uniform() < _RARE
        candidate = np.where(lost, 0.0, base + _RARE / (1 - _RARE) * scenario.base + 0.02 * (uniform() - 0.5))
    return np.clip(candidate, 0, 1).ravel(), [np.clip(base, 0, 1).ravel()]


_RARE = 0.02


def rates(scenario: Scenario, trials: int, resamples: int) -> tuple[float, float]:
    """Return the shares of trials that passed and that failed."""
    random = np.random.default_rng(7)
    rows = scenario.groups * scenario.group_rows
    names = [str(place // scenario.group_rows if scenario.grouped else place) for place in range(rows)]
    clusters = Clusters.of(names)
    counts = {"passed": 0, "failed": 0, "inconclusive": 0}
    for trial in range(trials):
        candidate, baselines = draw(scenario, random)
        evidence = {"candidate": _evidence(candidate)}
        evidence |= {f"base-{place}": _evidence(scores) for place, scores in enumerate(baselines)}
        design = Design(clusters, resamples=resamples, seed=trial)
        arms = [name for name in evidence if name != "candidate"]
        compared = compare(design, {"exact_match": evidence}, "candidate", arms)["exact_match"]
        counts[decide(compared, Policy(margin=scenario.margin)).verdict] += 1
    return counts["passed"] / trials, counts["failed"] / trials


def _evidence(scores: Scores) -> Evidence:
    return Evidence(scores.tolist(), np.stack([scores, np.ones_like(scores)], axis=1).tolist(), mean)


_NONE = "at most 2.5 % each"


def scenarios() -> list[Scenario]:
    planned = minimum_detectable_effect(400, DISCORDANT)
    equal = Scenario("no difference, independent rows", 400, 1, _NONE)
    grouped = replace(equal, name="no difference, 130 images of 3 questions", groups=130, group_rows=3, together=0.7)
    documents = replace(
        equal, name="no difference, 40 documents of 10 questions", groups=40, group_rows=10, together=0.7
    )
    eight = replace(equal, name="no difference, 8 documents of 40 questions", groups=8, group_rows=40, together=0.7)
    return [
        equal,
        replace(equal, name="the same, the base at 3 %", base=0.03, discordant=0.04),
        replace(equal, name="the same, the base at 97 %", base=0.97, discordant=0.04),
        grouped,
        replace(grouped, name="the same, the base at 3 %", base=0.03, discordant=0.04),
        replace(grouped, name="the same, the base at 97 %", base=0.97, discordant=0.04),
        documents,
        replace(documents, name="the same, the base at 3 %", base=0.03, discordant=0.04),
        replace(documents, name="the same, the base at 97 %", base=0.97, discordant=0.04),
        eight,
        replace(eight, name="8 documents, the base at 3 %", base=0.03, discordant=0.04),
        replace(eight, name="the same, the base at 97 %", base=0.97, discordant=0.04),
        replace(equal, name="no difference, graded", kind="graded", base=0.6),
        replace(equal, name="graded, the base at 3 %", kind="graded", base=0.03),
        replace(equal, name="graded, the base at 97 %", kind="graded", base=0.97),
        replace(grouped, name="no difference, graded, 130 images of 3", kind="graded"),
        replace(documents, name="no difference, graded, 40 documents of 10", kind="graded"),
        replace(eight, name="no difference, graded, 8 documents of 40", kind="graded"),
        replace(equal, name="no difference, graded, one row in 50 lost", kind="heavy"),
        replace(equal, name="the same, 100 rows", groups=100, kind="heavy"),
        replace(equal, name="no difference to two baselines", baselines=2),
        Scenario("the documents, groups ignored (wrong)", 40, 10, "far above 2.5 %", together=0.7, grouped=False),
        Scenario("exactly at a margin of 5 points", 130, 3, "about 2.5 % each", 0.05, 0.05, together=0.5),
        Scenario(f"truly {100 * planned:.1f} points better, 400 rows", 400, 1, "passed about 80 %", planned),
        Scenario("truly 10 points better, 400 rows", 400, 1, "passed nearly always", 0.1),
        Scenario("truly 10 points worse, 400 rows", 400, 1, "failed nearly always", -0.1),
        Scenario("truly 2 points better, soft scores, 400 rows", 400, 1, "passed mostly", 0.02, kind="graded"),
    ]


@dataclass(frozen=True)
class Suite:
    """Four kinds of general questions. ``fall``: true loss in the first; ``flips``: share of answers that change."""

    name: str
    questions: int
    expected: str
    fall: float = 0.0
    flips: float = 0.2


def guard_rates(suite: Suite, trials: int, resamples: int, margin: float = 0.15) -> tuple[float, float, float]:
    """Return how often the first kind is held and broken, and how often any of the four keeps a run from passing."""
    random = np.random.default_rng(7)
    held = broken = blocked = 0
    clusters = Clusters.of([str(place) for place in range(suite.questions)])
    for trial in range(trials):
        states = []
        for kind in range(4):
            fall = suite.fall if kind == 0 else 0.0
            right = random.random(suite.questions) < 0.8
            moved = random.random(suite.questions)
            lost, won = (suite.flips + fall) / 2 / 0.8, max(suite.flips - fall, 0) / 2 / 0.2
            after = np.where(right, moved >= lost, moved < won)
            evidence = {"candidate": _evidence(after.astype(float)), "base": _evidence(right.astype(float))}
            design = Design(clusters, resamples=resamples, seed=4 * trial + kind)
            found = compare(design, {"g": evidence}, "candidate", ["base"])["g"][0]
            states.append(GuardResult("g", "g", margin, found, tested=True, looks=4).state)
        held += states[0] == "held"
        broken += states[0] == "broken"
        blocked += any(state != "held" for state in states)
    return held / trials, broken / trials, blocked / trials


def suites() -> list[Suite]:
    nothing, lost = "rarely blocked", "held at most 2.5 %"
    return [
        Suite("no change, 20 % of answers flip", 200, nothing),
        Suite("no change, 10 % of answers flip", 200, nothing, flips=0.1),
        Suite("a fall of 15 points, the margin", 200, lost, 0.15),
        Suite("a fall of 20 points", 200, lost, 0.2),
    ]


def look_rates(
    looks: int, trials: int, resamples: int, rows: int = 200, *, graded: bool = False
) -> tuple[float, float]:
    """Return how often any of so many recipes that equal the base passes on the same rows, with the ledger, without."""
    random = np.random.default_rng(7)
    clusters, fooled = Clusters.of([str(place) for place in range(rows)]), [0, 0]
    for trial in range(trials):
        base = random.random(rows) if graded else (random.random(rows) < 0.6).astype(float)
        passed = [False, False]
        for number in range(1, looks + 1):
            moved = random.random(rows)
            after = np.where(base, moved >= DISCORDANT / 2 / 0.6, moved < DISCORDANT / 2 / 0.4).astype(float)
            if graded:
                after = np.clip(base + 0.4 * (moved - 0.5), 0, 1)
            evidence = {"candidate": _evidence(after), "base": _evidence(base)}
            for place, policy in enumerate((tightened(Policy(), number), Policy())):
                design = Design(clusters, policy.confidence, resamples, trial)
                found = compare(design, {"m": evidence}, "candidate", ["base"])["m"]
                passed[place] |= decide(found, policy).verdict == "passed"
        fooled = [count + one for count, one in zip(fooled, passed, strict=True)]
    return fooled[0] / trials, fooled[1] / trials


def _looks(graded: bool) -> str:
    return f"looks at the same 200 rows, {'graded' if graded else 'right or wrong'}"


def clock(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def speed() -> float:
    """Return seconds for one comparison of 3,000 graded rows in 3,000 groups with 10,000 resamples."""
    random = np.random.default_rng(1)
    design = Design(Clusters.of([str(place) for place in range(3000)]))
    evidence = {name: _evidence(random.random(3000)) for name in ("a", "b")}
    return clock(lambda: compare(design, {"token_f1": evidence}, "a", ["b"]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--resamples", type=int, default=2000)
    parser.add_argument("--only", default="", help="scenarios whose name holds this text")
    parser.add_argument("--processes", type=int, default=2)
    chosen = parser.parse_args()
    print(f"{chosen.trials:,} trials a scenario, {chosen.resamples:,} resamples a trial")
    wanted = [one for one in scenarios() if chosen.only in one.name]
    with ProcessPoolExecutor(chosen.processes) as pool:
        jobs = [pool.submit(rates, one, chosen.trials, chosen.resamples) for one in wanted]
        for scenario, job in zip(wanted, jobs, strict=True):
            passed, failed = (100 * rate for rate in job.result())
            print(f"{scenario.name:46} passed {passed:6.2f} %  failed {failed:6.2f} %   expected: {scenario.expected}")
        tried = [(looks, graded) for graded in (False, True) for looks in (1, 5, 20) if chosen.only in _looks(graded)]
        found = [pool.submit(look_rates, looks, chosen.trials, chosen.resamples, graded=kind) for looks, kind in tried]
        for (looks, graded), job in zip(tried, found, strict=True):
            kept, free = (100 * rate for rate in job.result())
            print(f"{looks} {_looks(graded)}: any passed {kept:.2f} %, without the ledger {free:.2f} %")
        asked = [one for one in suites() if chosen.only in one.name]
        guards = [pool.submit(guard_rates, one, chosen.trials, chosen.resamples) for one in asked]
        for suite, guard in zip(asked, guards, strict=True):
            held, broken, blocked = (100 * rate for rate in guard.result())
            print(f"{suite.name:46} held {held:6.2f} %  broken {broken:6.2f} %  any of four blocks {blocked:6.2f} %")
    print(f"3,000 graded rows, 10,000 resamples: {speed():.2f} s")


if __name__ == "__main__":
    main()
