"""Turn rows and answers into a decision, identically for a run and for answers scored offline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tailor import language, metrics
from tailor.errors import InvalidInputError
from tailor.evaluation.gate.decision import Content, Decision, GuardResult, Policy, decide
from tailor.evaluation.questions.arms import CANDIDATE, TEACHER, spoken
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.behaviour import CONDUCT
from tailor.evaluation.scoring.compare import Comparison, Design, compare
from tailor.evaluation.scoring.gain import CONTENT, REQUIRED, kinds_of_gain
from tailor.evaluation.scoring.score import MISSING, ScoreTable, failed_calls, forgiven, score
from tailor.evaluation.scoring.statistics import RESAMPLES, Clusters
from tailor.evaluation.sizes import SEED
from tailor.metrics.base import Metric, Rules
from tailor.metrics.choose import COMPANIONS, choose_metric
from tailor.normalisers import for_language
from tailor.recipe import Guard

ALWAYS = ("exact_match", "containment", "token_f1")


@dataclass(frozen=True, slots=True)
class Plan:
    """Rules of the verdict, all fixed before any answer is seen.

    ``own``: metrics that only this evaluation has, by name; ``metric_reason``: who chose ``metric``; ``by``: a name for
    what is measured, where it is not correctness.
    """

    metric: str = "auto"
    metric_reason: str = "named in the recipe"
    language: str = "auto"
    switches: Mapping[str, bool] = field(default_factory=dict)
    policy: Policy = field(default_factory=Policy)
    guards: Sequence[Guard] = ()
    own: Mapping[str, Metric] = field(default_factory=dict)
    by: str = ""
    resamples: int = RESAMPLES
    seed: int = SEED


@dataclass(frozen=True, slots=True)
class Outcome:
    """``comparisons`` by metric, each against every baseline arm."""

    decision: Decision
    metric: str
    metric_reason: str
    sheet: ScoreTable
    comparisons: dict[str, list[Comparison]]
    design: Design
    plan: Plan

    def headline(self) -> dict[str, Any]:
        """Return the figures that every output holds."""
        primary = self.decision.primary
        return {
            "verdict": self.decision.verdict,
            "metric": self.metric,
            "candidate": primary.candidate,
            "baseline": primary.baseline,
            "baseline_arm": primary.baseline_arm,
            "difference": primary.difference,
            "interval": list(primary.interval),
            "confidence": primary.confidence,
            "p_value": primary.p_value,
            "test": primary.test,
            "rows": primary.rows,
            "groups": primary.groups,
            "minimum_detectable_effect": primary.minimum_detectable_effect,
            "decisive_rows": self.decision.decisive_rows,
            "margin": self.plan.policy.margin,
            "normaliser": self.sheet.rules.normalise.signature,
            "language": self.sheet.rules.language,
            "gain": kinds_of_gain(self.sheet, self.metric, primary.baseline_arm),
        }


def rules_for(rows: Sequence[Row], plan: Plan) -> Rules:
    spoken = plan.language
    if spoken == "auto":
        spoken = language.dominant(reference for row in rows for reference in row.references)
    return Rules(for_language(spoken, plan.switches), spoken)


def judge(
    rows: Sequence[Row],
    answers: Mapping[str, Mapping[str, Answer]],
    plan: Plan,
    extra_guards: Sequence[GuardResult] = (),
    doubts: Sequence[str] = (),
) -> Outcome:
    """Return the outcome. ``answers`` by arm and row id; needs the candidate and a baseline. Missing answers are
    wrong."""
    baselines = [arm for arm in answers if arm not in (CANDIDATE, TEACHER)]
    if CANDIDATE not in answers or not baselines:
        raise InvalidInputError("an evaluation needs answers of the candidate and of at least one baseline")
    rules = rules_for(rows, plan)
    name, reason = (plan.metric, plan.metric_reason) if plan.metric != "auto" else _chosen(rows, rules)
    primary = plan.own.get(name) or metrics.get(name)
    name = primary.name  # a recipe may write exact-match for exact_match
    guarded = [metrics.get(guard.metric) for guard in plan.guards]
    others = [metrics.get(other) for other in (*ALWAYS, *COMPANIONS.get(name, ()), *CONDUCT)]
    others += [metrics.get(CONTENT[name])] if name in CONTENT else []
    wanted = {metric.name: metric for metric in (primary, *guarded, *others)}
    sheet = score(rows, answers, list(wanted.values()), rules)
    clusters = Clusters.of([row.group for row in rows])
    design = Design(clusters, plan.policy.confidence, plan.resamples, plan.seed)
    comparisons = compare(design, sheet.evidence, CANDIDATE, baselines)
    guards = [
        GuardResult(metric.name, metric.title, guard.margin, _against_best(comparisons[metric.name]))
        for guard, metric in zip(plan.guards, guarded, strict=True)
    ]
    doubts = [*doubts, *_failure_doubts(sheet, primary, design, baselines, plan.policy)]
    content = Content(comparisons[CONTENT[name]], name in REQUIRED) if name in CONTENT else None
    decision = decide(comparisons[name], plan.policy, [*guards, *extra_guards], doubts, content)
    return Outcome(decision, name, reason, sheet, comparisons, design, plan)


def _chosen(rows: Sequence[Row], rules: Rules) -> tuple[str, str]:
    return choose_metric([reference for row in rows for reference in row.references], rules)


def _against_best(comparisons: Sequence[Comparison]) -> Comparison:
    return max(comparisons, key=lambda comparison: comparison.baseline)


def _failure_doubts(
    sheet: ScoreTable, metric: Metric, design: Design, baselines: Sequence[str], policy: Policy
) -> list[str]:
    """Return doubts about failed calls of a baseline: the candidate must win even if all of them had been right."""
    doubts = []
    for arm in baselines:
        failed = failed_calls(sheet, arm)
        failures = len(failed)
        if failures:
            best = {CANDIDATE: sheet.evidence[metric.name][CANDIDATE], arm: forgiven(sheet, metric, arm)}
            if compare(design, {metric.name: best}, CANDIDATE, [arm])[metric.name][0].interval[0] <= policy.margin:
                one, what = f"one call to {spoken(arm)} failed", f"{failures} calls to {spoken(arm)} failed"
                if all(answer.error == MISSING for answer in failed):
                    one = f"one answer of {spoken(arm)} is missing"
                    what = f"{failures} answers of {spoken(arm)} are missing"
                said = f"{one}, and a right answer" if failures == 1 else f"{what}, and right answers"
                doubts.append(f"{said} would have closed the gate")
    return doubts
