"""The gate: passed, failed or inconclusive.

- *Passed* needs the whole interval of the primary metric's difference above the margin against **every** baseline (by
  the bootstrap and by Student's t), a p-value below what the confidence leaves, enough rows, and every guard held.
  Asking for all of them at once keeps the risk of passing a candidate that is no better at half of what the confidence
  leaves, however many baselines there are.
- *Failed* needs the whole interval at or below the margin against some baseline, or a guard that is broken: worse by
  more than its margin, and not by chance.
- *Inconclusive* is everything else: it says what is missing and how many rows would decide.

Anything that is missing closes the gate.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from tailor.evaluation.questions.arms import spoken
from tailor.evaluation.scoring.compare import Comparison
from tailor.evaluation.scoring.statistics import holm

Verdict = Literal["passed", "failed", "inconclusive"]
GuardState = Literal["held", "broken", "unclear", "missing"]
_SENSIBLE_LIMIT = 1_000_000
NOT_SHOWN = "not shown to be"


@dataclass(frozen=True, slots=True)
class Policy:
    margin: float = 0.0
    minimum_rows: int = 30
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class GuardResult:
    """``comparison`` is None where the guard's metric could not be computed.

    ``p_value`` is corrected (Holm) once several guards are looked at together.
    """

    name: str
    title: str
    margin: float
    comparison: Comparison | None
    p_value: float | None = None

    @property
    def state(self) -> GuardState:
        if self.comparison is None:
            return "missing"
        if self.comparison.difference >= -self.margin - 1e-12:
            return "held"
        p_value = self.comparison.p_value if self.p_value is None else self.p_value
        surely_worse = self.comparison.interval[1] < 0 and p_value < 1 - self.comparison.confidence
        return "broken" if surely_worse else "unclear"

    def as_dict(self) -> dict[str, Any]:
        comparison = self.comparison.as_dict() if self.comparison else None
        return {
            "name": self.name,
            "title": self.title,
            "margin": self.margin,
            "state": self.state,
            "comparison": comparison,
        }


@dataclass(frozen=True, slots=True)
class Decision:
    """``reasons`` are sentences for people, the weightiest first. ``decisive_rows``: how many rows would decide."""

    verdict: Verdict
    reasons: list[str]
    primary: Comparison
    decisive_rows: int | None = None
    guards: list[GuardResult] = field(default_factory=list)


def decide(
    comparisons: Sequence[Comparison],
    policy: Policy,
    guards: Sequence[GuardResult] = (),
    doubts: Sequence[str] = (),
) -> Decision:
    """``comparisons``: the primary metric against each baseline, at least one. ``doubts`` are reasons not to pass."""
    comparisons = sorted(comparisons, key=lambda comparison: -comparison.baseline)
    primary = comparisons[0]
    guards = _corrected(guards)
    broken = [guard for guard in guards if guard.state == "broken"]
    open_guards = [guard for guard in guards if guard.state in ("unclear", "missing")]
    few = primary.rows < policy.minimum_rows
    worse = [comparison for comparison in comparisons if comparison.interval[1] <= policy.margin]
    unproven = [comparison for comparison in comparisons if not _proven(comparison, policy)]

    if few:
        reasons = [f"{primary.rows} held-out rows are fewer than the {policy.minimum_rows} that a verdict needs"]
        return _open(primary, policy, [*reasons, *map(_guard_sentence, broken + open_guards), *doubts], guards)
    if worse or broken:
        reasons = [_worse_sentence(comparison, policy) for comparison in worse] + [_guard_sentence(g) for g in broken]
        return Decision("failed", reasons, worse[0] if worse else primary, None, list(guards))
    if unproven or open_guards or doubts:
        reasons = [_unproven_sentence(comparison, policy) for comparison in unproven]
        reasons += [*map(_guard_sentence, open_guards), *(() if unproven else doubts)]
        return _open(unproven[0] if unproven else primary, policy, reasons, guards)
    proven = [_proven_sentence(comparison, policy) for comparison in comparisons]
    return Decision("passed", proven, primary, None, list(guards))


def _corrected(guards: Sequence[GuardResult]) -> list[GuardResult]:
    measured = [guard.comparison.p_value for guard in guards if guard.comparison is not None]
    adjusted = iter(holm(measured))
    return [guard if guard.comparison is None else replace(guard, p_value=next(adjusted)) for guard in guards]


def _proven(comparison: Comparison, policy: Policy) -> bool:
    lower = min(comparison.interval[0], comparison.cautious_bound)
    return lower > policy.margin and comparison.p_value < 1 - policy.confidence


def _open(comparison: Comparison, policy: Policy, reasons: list[str], guards: Sequence[GuardResult]) -> Decision:
    needed = comparison.decisive_rows(policy.margin)
    if needed is not None:
        needed = max(needed, policy.minimum_rows)
        if needed > _SENSIBLE_LIMIT:
            needed = None
        elif needed > comparison.rows:
            reasons = [*reasons, f"if the difference really is as seen, about {needed:,} held-out rows would decide"]
    return Decision("inconclusive", reasons, comparison, needed, list(guards))


def points(value: float) -> str:
    """A share as percentage points, with its sign."""
    return f"{100 * value:+.1f}"


def interval_text(comparison: Comparison) -> str:
    low, high = comparison.interval
    return f"{100 * comparison.confidence:g} % interval {points(low)} to {points(high)}"


def _better_than(comparison: Comparison, policy: Policy) -> str:
    asked = f" by the {100 * policy.margin:g} points asked for" if policy.margin else ""
    return f"better than {spoken(comparison.baseline_arm)}{asked}"


def _measured(comparison: Comparison) -> str:
    return f"{points(comparison.difference)} points ({interval_text(comparison)})"


def _worse_sentence(comparison: Comparison, policy: Policy) -> str:
    return f"not {_better_than(comparison, policy)}: {_measured(comparison)}"


def _unproven_sentence(comparison: Comparison, policy: Policy) -> str:
    return f"{NOT_SHOWN} {_better_than(comparison, policy)}: {_measured(comparison)}"


def _proven_sentence(comparison: Comparison, policy: Policy) -> str:
    return f"{_better_than(comparison, policy)}: {_measured(comparison)}"


def _guard_sentence(guard: GuardResult) -> str:
    comparison = guard.comparison
    if comparison is None:
        return f"the guard '{guard.title}' could not be measured"
    chance = "not by chance" if guard.state == "broken" else "perhaps by chance"
    return (
        f"the guard '{guard.title}' fell by {-100 * comparison.difference:.1f} points, "
        f"more than the {100 * guard.margin:g} allowed, {chance}"
    )
