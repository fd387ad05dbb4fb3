"""Adapt an evaluation to the customization method: rows, metric, guards, its own figures."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tailor.evaluation.asking.runner import Interview
from tailor.evaluation.curves import Curve
from tailor.evaluation.gate import decision as gate
from tailor.evaluation.gate.verdict import Outcome, Plan
from tailor.evaluation.methods import distillation, preferences, pretraining, reinforcement
from tailor.evaluation.questions.arms import TEACHER
from tailor.evaluation.questions.cloze import SYSTEM as CLOZE_SYSTEM
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.questions.plan import Questions
from tailor.evaluation.questions.section import QuestionSet
from tailor.recipe import Guard, Recipe

Behaviour = Mapping[str, Mapping[str, Any]]
Answers = Mapping[str, Mapping[str, Answer]]


@dataclass(frozen=True, slots=True)
class Task:
    rows: Sequence[Row]
    plan: Plan
    measure: Callable[[Outcome, Behaviour, Sequence[Curve], Interview], dict[str, Any]]
    notes: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    """Reasons not to pass."""


def plan_of(recipe: Recipe, spoken: str) -> Plan:
    wanted = recipe.evaluation
    return Plan(
        metric=wanted.metric,
        language=spoken,
        switches=wanted.normaliser,
        policy=gate.Policy(wanted.margin, wanted.minimum_rows, wanted.confidence),
        guards=wanted.guards,
    )


def task_of(recipe: Recipe, questions: Questions, answers: Answers) -> Task:
    plan = plan_of(recipe, questions.spoken)
    if recipe.method == "distillation" and TEACHER in answers:
        return _distillation(recipe, questions, answers, plan)
    if recipe.method == "reinforcement":
        return _reinforcement(recipe, questions, plan)
    if recipe.method == "continued-pre-training":
        return _pretraining(questions, plan)
    if recipe.method == "preference-optimization":
        return Task(questions.rows, plan, lambda outcome, *_: preferences.measure(outcome.sheet))
    return Task(questions.rows, plan, lambda *_: {})


def _distillation(recipe: Recipe, questions: Questions, answers: Answers, plan: Plan) -> Task:
    rows, silver = distillation.deciding_rows(questions.rows, answers[TEACHER], plan.policy.minimum_rows)

    def measure(outcome: Outcome, behaviour: Behaviour, _: Sequence[Curve], __: Interview) -> dict[str, Any]:
        return distillation.measure(outcome.sheet, outcome.metric, outcome.design, behaviour, questions.rows, silver)

    left = len(questions.rows) - len(rows)
    notes = [f"{left} rows without a right answer of the dataset do not decide"] if left else []
    if silver:
        notes = ["all rows were measured against the teacher's answers: agreement, not correctness"]
        plan = replace(plan, by="agreement with the teacher")
    told, doubts = _of_logs(recipe, questions)
    return Task(rows, plan, measure, [*notes, *told], doubts)


def _of_logs(recipe: Recipe, questions: Questions) -> tuple[list[str], list[str]]:
    """Return notes and doubts about logs that the student learnt from, which must not contain held-out questions."""
    if recipe.distillation.logs is None:
        return [], []
    logs = questions.manifest.get("logs") or {"problem": "the dataset was prepared by an earlier version"}
    if logs["problem"]:
        return [], [f"whether the logs that taught the student ask held-out questions is unknown: {logs['problem']}"]
    if not logs["left_out"]:
        return [], []
    return [f"{logs['left_out']} held-out rows were left out: the logs that taught the student ask them too"], []


def _reinforcement(recipe: Recipe, questions: Questions, plan: Plan) -> Task:
    """Return the task of a reinforcement: the reward decides unless the recipe names a metric; another one is a
    guard."""
    rewards = recipe.reinforcement.rewards
    independent = reinforcement.independent_metric(rewards)
    metric = reinforcement.reward_metric(rewards)
    if plan.metric == "auto":
        plan = replace(plan, metric=metric.name, metric_reason="what the training was rewarded for")
    guards = [*plan.guards, Guard(metric=independent, margin=0.0)]
    plan = replace(plan, own={metric.name: metric}, guards=guards)

    def measure(outcome: Outcome, behaviour: Behaviour, _: Sequence[Curve], __: Interview) -> dict[str, Any]:
        return reinforcement.measure(outcome.sheet, behaviour, metric, independent)

    return Task(questions.rows, plan, measure)


def _pretraining(questions: Questions, plan: Plan) -> Task:
    cloze = any(row.system == CLOZE_SYSTEM for row in questions.rows)
    if plan.metric == "auto" and cloze:
        plan = replace(plan, metric="next_word", metric_reason="what documents can be asked about")

    def answers(section: QuestionSet, interview: Interview) -> dict[str, dict[str, Answer]]:
        return {arm.name: interview.answers(section, arm.name) for arm in section.arms}

    def measure(_: Outcome, __: Behaviour, curves: Sequence[Curve], interview: Interview) -> dict[str, Any]:
        probes, asked = questions.probes, questions.cloze
        return {
            "losses": pretraining.losses(curves, questions.manifest),
            "memorisation": pretraining.memorisation(probes.rows, answers(probes, interview)) if probes else None,
            "next_word": pretraining.next_word(asked.rows, answers(asked, interview), plan) if asked else None,
        }

    return Task(questions.rows, plan, measure)
