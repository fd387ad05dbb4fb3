"""A run's evaluation from the bucket to the bucket: ask what is missing, score, decide, report."""

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from tailor import __version__
from tailor.errors import EvaluationError, NotFoundError
from tailor.evaluation import gate
from tailor.evaluation.arms import BASE, CANDIDATE, FEW_SHOT, Arm, Shot, build_request, pick_shots, sample_rows
from tailor.evaluation.ask import WORKERS, AnswerStore, Asker, Interview, Section
from tailor.evaluation.rows import Row, read_rows, write_answers
from tailor.evaluation.verdict import SEED, Guard, Outcome, Plan, judge
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.storage import Storage

RESERVE_SECONDS = 75.0
_RESERVE_SHARE = 0.25
_SAMPLES = 6


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Time ran out first. The answers so far are kept; calling again goes on from there."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """``report`` is report.json; see docs/evaluation-report.schema.json."""

    report: dict[str, Any]

    def summary(self) -> dict[str, Any]:
        """The small document that the run keeps."""
        kept = (
            "verdict headline reasons metric candidate baseline baseline_arm difference interval confidence p_value rows groups "
            "minimum_detectable_effect decisive_rows margin normaliser samples failed_calls paths"
        )
        return {name: self.report[name] for name in kept.split()}


def evaluate_run(
    run_files: Storage,
    run: Run,
    recipe: Recipe,
    arms: Sequence[Arm],
    asker: Asker,
    *,
    deadline: Callable[[], float],
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], None] = time.sleep,
    workers: int = WORKERS,
) -> EvaluationResult | Unfinished:
    """Goes on where an earlier call stopped. ``run_files`` is rooted at the bucket; ``deadline`` gives the seconds left.

    Raises EvaluationError where there can be no verdict; NotFoundError and InvalidInputError for files that are missing
    or broken.
    """
    folder = f"{run.files}evaluation/"
    rows, shots, arms = _questions(run_files, run, recipe, arms)
    started = _started(run_files, folder, rows, arms, clock())
    if clock() - started > timedelta(hours=recipe.evaluation.max_hours):
        raise EvaluationError(
            f"the models did not answer everything within {recipe.evaluation.max_hours:g} hours",
            hint="raise evaluation.max_hours, ask for fewer rows (evaluation.max_rows), or look at the model's rate limits",
        )
    held_out = Section("test", rows, arms, _builder(recipe, shots))
    reserve = min(RESERVE_SECONDS, _RESERVE_SHARE * deadline())
    interview = Interview(
        AnswerStore(run_files, f"{folder}chunks/"),
        asker,
        deadline=deadline,
        reserve=reserve,
        workers=workers,
        sleep=sleep,
    )
    progress = interview.ask([held_out])
    if not progress.complete:
        return Unfinished(progress.done, progress.total)
    answers = {arm.name: interview.answers(held_out, arm.name) for arm in arms}
    for arm in arms:
        ordered = [answers[arm.name][row.id] for row in rows]
        run_files.write(f"{folder}answers/{arm.name}.jsonl", write_answers(ordered), "application/jsonl")
    outcome = judge(rows, answers, plan_of(recipe))
    report = _report(run, recipe, outcome, arms, shots, folder)
    run_files.write(f"{folder}report.json", orjson.dumps(report, option=orjson.OPT_INDENT_2), "application/json")
    return EvaluationResult(report)


def plan_of(recipe: Recipe) -> Plan:
    wanted = recipe.evaluation
    return Plan(
        metric=wanted.metric,
        language=wanted.language,
        switches=wanted.normaliser,
        policy=gate.Policy(wanted.margin, wanted.minimum_rows, wanted.confidence),
        guards=[Guard(guard.metric, guard.margin) for guard in wanted.guards],
    )


def _questions(
    files: Storage, run: Run, recipe: Recipe, arms: Sequence[Arm]
) -> tuple[list[Row], list[Shot], list[Arm]]:
    """The sampled rows, the worked examples, and the arms with the few-shot arm beside the base where it makes sense."""
    test, train = f"{run.files}prepared/test.jsonl", f"{run.files}prepared/train.jsonl"
    try:
        rows = read_rows(files.read(test), "test.jsonl")
    except NotFoundError as error:
        hint = "give the split a test share, or upload a test set"
        raise EvaluationError("there are no held-out rows to evaluate with", hint=hint) from error
    rows = sample_rows(rows, recipe.evaluation.max_rows, SEED)
    base = next((arm for arm in arms if arm.name == BASE), None)
    shots: list[Shot] = []
    if base is not None and recipe.evaluation.few_shot:
        shots = pick_shots(files.read(train).split(b"\n"), recipe.evaluation.few_shot, SEED)
    others = [arm for arm in arms if arm.name != FEW_SHOT]
    if base is not None and shots:
        others.insert(others.index(base) + 1, Arm(FEW_SHOT, base.model_id))
    return rows, shots, others


def _builder(recipe: Recipe, shots: Sequence[Shot]) -> Callable[[Row, Arm], dict[str, Any]]:
    def build(row: Row, arm: Arm) -> dict[str, Any]:
        return build_request(row, recipe.evaluation.max_tokens, shots if arm.name == FEW_SHOT else ())

    return build


def _started(files: Storage, folder: str, rows: Sequence[Row], arms: Sequence[Arm], now: datetime) -> datetime:
    """When this evaluation began. A file that says so is written first, so that time is bounded over all visits."""
    key = f"{folder}plan.json"
    try:
        return datetime.fromisoformat(orjson.loads(files.read(key))["started_at"])
    except NotFoundError:
        plan = {
            "started_at": now.isoformat(),
            "rows": len(rows),
            "arms": {arm.name: arm.model_id for arm in arms},
            "calls": len(rows) * len(arms),
        }
        files.write(key, orjson.dumps(plan, option=orjson.OPT_INDENT_2), "application/json")
        return now


def _report(
    run: Run, recipe: Recipe, outcome: Outcome, arms: Sequence[Arm], shots: Sequence[Shot], folder: str
) -> dict[str, Any]:
    sheet = outcome.sheet
    prompts = orjson.dumps([build_request(row, recipe.evaluation.max_tokens, shots) for row in sheet.rows])
    return {
        "schema": 1,
        "run": run.id,
        "project": run.project,
        "dataset": run.dataset,
        "method": recipe.method,
        "model": recipe.model,
        "headline": outcome.decision.reasons[0],
        "reasons": outcome.decision.reasons,
        **outcome.headline(),
        "metric_reason": outcome.metric_reason,
        "comparisons": [comparison.as_dict() for comparison in outcome.comparisons[outcome.metric]],
        "guards": [guard.as_dict() for guard in outcome.decision.guards],
        "metrics": {arm: {name: sheet.value(name, arm) for name in sheet.evidence} for arm in sheet.arms},
        "failed_calls": {
            arm: sum(answer.error is not None for answer in answers.values()) for arm, answers in sheet.answers.items()
        },
        "samples": _samples(outcome),
        "reproduce": {
            "tailor": __version__,
            "dataset_fingerprint": run.fingerprint,
            "arms": {arm.name: arm.model_id for arm in arms},
            "prompts_sha256": hashlib.sha256(prompts).hexdigest(),
            "seed": outcome.design.seed,
            "resamples": outcome.design.resamples,
        },
        "paths": {"report": f"{folder}report.html", "json": f"{folder}report.json", "answers": f"{folder}answers/"},
    }


def _samples(outcome: Outcome) -> list[dict[str, Any]]:
    """A few rows side by side, those where the arms differ first."""
    sheet, baseline = outcome.sheet, outcome.decision.primary.baseline_arm
    evidence = sheet.evidence[outcome.metric]
    gains = [a - b for a, b in zip(evidence[CANDIDATE].scores, evidence[baseline].scores, strict=True)]
    order = sorted(range(len(gains)), key=lambda place: (-abs(gains[place]), place))
    return [
        {
            "id": row.id,
            "question": row.question,
            "references": list(row.references),
            "candidate": sheet.answer(CANDIDATE, row).answer,
            "baseline": sheet.answer(baseline, row).answer,
            "gain": gains[place],
        }
        for place in order[:_SAMPLES]
        for row in [sheet.rows[place]]
    ]
