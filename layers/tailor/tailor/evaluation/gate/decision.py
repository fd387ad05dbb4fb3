"""Apply the gate's rules: passed, failed or inconclusive.

- *Passed* needs the whole interval of the primary metric's difference above the margin against **every** baseline (by
  the bootstrap and by Student's t), a p-value below what the confidence leaves, enough rows, and every guard held.
  Asking for all of them at once keeps the risk of passing a candidate that is no better at half of what the confidence
  leaves, however many baselines there are.
- *Failed* needs the same evidence the other way round, against some baseline (the risk is shared among them): both
  intervals at or below the margin, and p. Or a guard is broken: worse by more than its margin, and not by chance.
- *Content*: where a metric weighs the form of an answer, a gain in form alone does not pass: the candidate must say the
  right answer more often too, in whatever words (closed answers), or at least no less of it (longer ones).
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
_TRUSTED_GROUPS = 6  # with fewer no randomisation gets below p = 0.05
NOT_SHOWN = "not shown to be"


@dataclass(frozen=True, slots=True)
class Policy:
    margin: float = 0.0
    minimum_rows: int = 30
    confidence: float = 0.95


@dataclass(frozen=True, slots=True)
class GuardResult:
    """``comparison`` is None if the guard's metric could not be computed.

    ``p_value`` is corrected (Holm) once several guards are looked at together; ``looks`` is how many there are.
    ``tested``: held only where a fall beyond the margin is ruled out, broken only where it is shown, each by intervals;
    that takes many questions. A recipe's own guards hold as long as no more than the margin is lost.
    """

    name: str
    title: str
    margin: float
    comparison: Comparison | None
    p_value: float | None = None
    tested: bool = False
    looks: int = 1

    @property
    def state(self) -> GuardState:
        if self.comparison is None:
            return "missing"
        if self.tested:
            return self._tested(self.comparison)
        if self.comparison.difference >= -self.margin - 1e-12:
            return "held"
        p_value = self.comparison.p_value if self.p_value is None else self.p_value
        surely_worse = self.comparison.interval[1] < 0 and p_value < 1 - self.comparison.confidence
        return "broken" if surely_worse else "unclear"

    def _tested(self, found: Comparison) -> GuardState:
        if min(found.interval[0], found.cautious_interval()[0]) >= -self.margin:
            return "held"
        surely_worse = max(found.interval[1], found.cautious_interval(self.looks)[1]) < -self.margin
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
    """``reasons`` are sentences for people, most important first. ``decisive_rows``: how many rows would decide."""

    verdict: Verdict
    reasons: list[str]
    primary: Comparison
    decisive_rows: int | None = None
    guards: list[GuardResult] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Content:
    """Share of answers that contain the right answer at all, against each baseline. ``required``: it must rise."""

    comparisons: Sequence[Comparison]
    required: bool


def decide(
    comparisons: Sequence[Comparison],
    policy: Policy,
    guards: Sequence[GuardResult] = (),
    doubts: Sequence[str] = (),
    content: Content | None = None,
) -> Decision:
    """Return the decision. ``comparisons``: the primary metric against each baseline, at least one.

    Args:
        doubts: reasons not to pass.
        content: whether the right answer is said at all; None where the metric tells that itself.
    """
    comparisons = sorted(comparisons, key=lambda comparison: -comparison.baseline)
    primary = comparisons[0]
    guards = _corrected(guards)
    broken = [guard for guard in guards if guard.state == "broken"]
    open_guards = [guard for guard in guards if guard.state in ("unclear", "missing")]
    few = primary.rows < policy.minimum_rows
    worse = [comparison for comparison in comparisons if _disproven(comparison, policy, len(comparisons))]
    emptier, formal = _of_content(content, replace(policy, margin=0.0))
    unproven = [comparison for comparison in comparisons if not _proven(comparison, policy)]

    if few:
        reasons = [f"{primary.rows} held-out rows are fewer than the {policy.minimum_rows} that a verdict needs"]
        return _open(primary, policy, [*reasons, *map(_guard_sentence, broken + open_guards), *doubts], guards)
    if worse or broken or (emptier and formal):
        reasons = [_worse_sentence(comparison, policy) for comparison in worse]
        reasons += [*map(_emptier_sentence, emptier), *map(_guard_sentence, broken)]
        return Decision("failed", reasons, worse[0] if worse else primary, None, list(guards))
    if unproven or open_guards or doubts or formal or emptier:
        reasons = [_unproven_sentence(comparison, policy) for comparison in unproven]
        reasons += [] if unproven else [*map(_formal_sentence, formal or emptier)]
        reasons += [*map(_guard_sentence, open_guards), *(() if unproven else doubts)]
        return _open(unproven[0] if unproven else primary, policy, reasons, guards)
    proven = [_proven_sentence(comparison, policy) for comparison in comparisons]
    return Decision("passed", proven, primary, None, list(guards))


def _corrected(guards: Sequence[GuardResult]) -> list[GuardResult]:
    measured = [guard.comparison.p_value for guard in guards if guard.comparison is not None]
    adjusted = iter(holm(measured))
    looks = len(measured)
    return [
        guard if guard.comparison is None else replace(guard, p_value=next(adjusted), looks=looks) for guard in guards
    ]


def _proven(comparison: Comparison, policy: Policy) -> bool:
    lower = min(comparison.interval[0], comparison.cautious_interval()[0]) - comparison.unseen
    return lower > policy.margin and comparison.p_value < 1 - policy.confidence


def _disproven(comparison: Comparison, policy: Policy, looks: int) -> bool:
    """Return whether a candidate is certainly not better by the margin. The p-value tests for no difference at all.

    Against a margin the intervals alone decide, where enough groups make them trustworthy.
    """
    upper = max(comparison.interval[1], comparison.cautious_interval(looks)[1]) + comparison.unseen
    trusted = policy.margin > 0 and comparison.groups >= _TRUSTED_GROUPS
    worse = comparison.difference < 0 and looks * comparison.p_value < 1 - policy.confidence
    return upper <= policy.margin and (trusted or worse)


def _of_content(content: Content | None, policy: Policy) -> tuple[list[Comparison], list[Comparison]]:
    """Return where content certainly falls, and where it is required to rise and does not certainly do so."""
    if content is None:
        return [], []
    found = content.comparisons
    emptier = [comparison for comparison in found if _disproven(comparison, policy, len(found))]
    return emptier, [comparison for comparison in found if content.required and not _proven(comparison, policy)]


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
    """Return a share as percentage points, with its sign."""
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
    said = f"{NOT_SHOWN} {_better_than(comparison, policy)}: {_measured(comparison)}"
    if comparison.interval[0] > policy.margin and comparison.interval[0] - comparison.unseen <= policy.margin:
        lost = 100 * comparison.unseen
        said += f"; answers that are wholly lost, too rare for {comparison.rows} rows, may cost {lost:.1f} points"
    return said


def _proven_sentence(comparison: Comparison, policy: Policy) -> str:
    return f"{_better_than(comparison, policy)}: {_measured(comparison)}"


def _emptier_sentence(comparison: Comparison) -> str:
    return f"says the right answer less often than {spoken(comparison.baseline_arm)}: {_measured(comparison)}"


def _formal_sentence(comparison: Comparison) -> str:
    """Return a sentence about a gain in form only: what both say in some words, and what remains."""
    return (
        f"the gain over {spoken(comparison.baseline_arm)} may be one of form alone: in whatever words, it says the "
        f"right answer in {100 * comparison.baseline:.1f} % of the rows and the candidate in "
        f"{100 * comparison.candidate:.1f} % ({_measured(comparison)})"
    )


def _guard_sentence(guard: GuardResult) -> str:
    comparison = guard.comparison
    if comparison is None:
        return f"the guard '{guard.title}' could not be measured"
    if guard.tested and guard.state == "unclear":
        return (
            f"the guard '{guard.title}' is not shown to have lost less than {100 * guard.margin:g} points: "
            f"{_measured(comparison)}"
        )
    chance = "not by chance" if guard.state == "broken" else "perhaps by chance"
    return (
        f"the guard '{guard.title}' fell by {-100 * comparison.difference:.1f} points, "
        f"more than the {100 * guard.margin:g} allowed, {chance}"
    )
