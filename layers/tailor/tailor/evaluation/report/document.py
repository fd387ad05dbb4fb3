"""Compose report.json: everything about one evaluation. docs/evaluation-report.schema.json publishes its shape."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from tailor import __version__, metrics
from tailor.evaluation.curves import Curve, read_in_words
from tailor.evaluation.gate.decision import NOT_SHOWN, points
from tailor.evaluation.gate.verdict import Outcome
from tailor.evaluation.questions.arms import CANDIDATE, Arm, build_request, spoken
from tailor.evaluation.questions.general import VERSION as SUITE_VERSION
from tailor.evaluation.scoring.behaviour import CONDUCT
from tailor.evaluation.scoring.compare import Comparison
from tailor.evaluation.scoring.score import corpus_scores, failed_calls
from tailor.evaluation.scoring.slices import slices
from tailor.evaluation.scoring.statistics import holm
from tailor.recipe import Recipe
from tailor.runs import Run

SCHEMA = 1
_SAMPLES = 6
_LISTED_FAILURES = 200


@dataclass(frozen=True, slots=True)
class Findings:
    """Findings in addition to the outcome, each empty if it was not requested or is unknown."""

    conduct: Mapping[str, Mapping[str, Any]]
    image_sizes: Mapping[str, float] = field(default_factory=dict)
    curves: Sequence[Curve] = ()
    method: Mapping[str, Any] = field(default_factory=dict)
    judge: Mapping[str, Any] | None = None
    regression: Mapping[str, Any] | None = None
    shots: Sequence[Any] = ()
    notes: Sequence[str] = ()
    remark: str = ""
    looks: int = 1


def headline(outcome: Outcome, candidate: str = "The custom model", rows: str = "held-out rows") -> str:
    """Return the verdict in one sentence, for people who read nothing else."""
    decision, primary = outcome.decision, outcome.decision.primary
    low, high = primary.interval
    surely = f"{100 * primary.confidence:g} % interval {points(low)} to {points(high)}"
    scores = (
        f"{_title(outcome).lower()} {100 * primary.candidate:.1f} % against {100 * primary.baseline:.1f} % for "
        f"{spoken(primary.baseline_arm)} on {primary.rows:,} {rows} "
        f"({points(primary.difference)} points, {surely})"
    )
    if decision.verdict == "passed":
        return f"{candidate} is better: {scores}."
    if decision.verdict == "failed" and low <= high <= outcome.plan.policy.margin:
        return f"{candidate} is not better: {scores}."
    if decision.verdict == "failed":
        return f"{candidate} lost something on the way: {decision.reasons[0]}."
    if primary.rows < outcome.plan.policy.minimum_rows:
        return f"Too few rows to decide: {scores}; at least {outcome.plan.policy.minimum_rows} are needed."
    if decision.decisive_rows is not None and decision.decisive_rows > primary.rows:
        return f"Not decided: {scores}; if it is as seen, about {decision.decisive_rows:,} rows would decide."
    others = [reason for reason in decision.reasons if not reason.startswith(NOT_SHOWN)]
    return f"Not decided: {scores}{'; ' + others[0] if others else ''}."


def _title(outcome: Outcome) -> str:
    metric = outcome.plan.own.get(outcome.metric) or metrics.get(outcome.metric)
    return f"{outcome.plan.by} ({metric.title.lower()})".capitalize() if outcome.plan.by else metric.title


def document(
    run: Run,
    recipe: Recipe,
    outcome: Outcome,
    arms: Sequence[Arm],
    findings: Findings,
    started: datetime,
    now: datetime,
    folder: str,
) -> dict[str, Any]:
    """Return report.json. ``folder``: where the evaluation's files lie, rooted at the bucket."""
    sheet, baseline = outcome.sheet, outcome.decision.primary.baseline_arm
    return {
        "schema": SCHEMA,
        "run": run.id,
        "project": run.project,
        "dataset": run.dataset,
        "method": recipe.method,
        "model": recipe.model,
        "started_at": started.isoformat(),
        "finished_at": now.isoformat(),
        "remark": findings.remark,
        "headline": headline(outcome),
        "reasons": outcome.decision.reasons,
        **outcome.headline(),
        "metric_title": _title(outcome),
        "metric_reason": outcome.metric_reason,
        "comparisons": [comparison.as_dict() for comparison in outcome.comparisons[outcome.metric]],
        "others": others(outcome, baseline),
        "guards": [guard.as_dict() for guard in outcome.decision.guards],
        "metrics": {
            name: {arm: sheet.value(name, arm) for arm in sheet.arms} for name in sheet.evidence if name not in CONDUCT
        },
        "corpus": corpus_scores(sheet),
        "conduct": dict(findings.conduct),
        "failed_calls": {arm: len(failed_calls(sheet, arm)) for arm in sheet.arms},
        "failures": [
            {"arm": arm, "id": answer.id, "error": answer.error}
            for arm in sheet.arms
            for answer in failed_calls(sheet, arm)
        ][:_LISTED_FAILURES],
        "slices": slices(sheet, outcome.metric, baseline, outcome.design, findings.image_sizes),
        "wins": examples(outcome, baseline, gain=True),
        "losses": examples(outcome, baseline, gain=False),
        "samples": _mixed(outcome, baseline),
        "training": training(findings.curves, tunable=recipe.method != "distillation"),
        "by_method": dict(findings.method),
        "judge": findings.judge,
        "labels": None,
        "looks": findings.looks,
        "sealed": {"share": recipe.evaluation.sealed, "opened_by": run.evaluation.opened_by},
        "regression": findings.regression,
        "notes": list(findings.notes),
        "reproduce": reproduction(run, recipe, outcome, arms, findings),
        "paths": {"report": f"{folder}report.html", "json": f"{folder}report.json", "answers": f"{folder}answers/"},
    }


def others(outcome: Outcome, baseline: str) -> list[dict[str, Any]]:
    """Return the other metrics' differences, with p-values corrected for their number (Holm). They never decide."""
    found: list[Comparison] = [
        comparison
        for name, comparisons in outcome.comparisons.items()
        if name != outcome.metric and name not in CONDUCT
        for comparison in comparisons
        if comparison.baseline_arm == baseline
    ]
    adjusted = holm([comparison.p_value for comparison in found])
    return [
        {
            "metric": comparison.metric,
            "title": metrics.get(comparison.metric).title,
            "difference": comparison.difference,
            "interval": list(comparison.interval),
            "p_value_holm": p_value,
        }
        for comparison, p_value in zip(found, adjusted, strict=True)
    ]


def examples(outcome: Outcome, baseline: str, *, gain: bool, most: int = _SAMPLES) -> list[dict[str, Any]]:
    """Return rows where the candidate did better (or worse) than the baseline, clearest first, from different
    groups."""
    evidence = outcome.sheet.evidence[outcome.metric]
    gains = [a - b for a, b in zip(evidence[CANDIDATE].scores, evidence[baseline].scores, strict=True)]
    wanted = [place for place, value in enumerate(gains) if (value > 0 if gain else value < 0)]
    picked: dict[str, int] = {}
    for place in sorted(wanted, key=lambda place: (-abs(gains[place]), place)):
        picked.setdefault(outcome.sheet.rows[place].group, place)
    return [_example(outcome, baseline, place, gains[place]) for place in list(picked.values())[:most]]


def _example(outcome: Outcome, baseline: str, place: int, gain: float) -> dict[str, Any]:
    row = outcome.sheet.rows[place]
    candidate, other = outcome.sheet.answer(CANDIDATE, row), outcome.sheet.answer(baseline, row)
    return {
        "id": row.id,
        "question": row.question,
        "references": list(row.references),
        "candidate": candidate.answer,
        "baseline": other.answer,
        "errors": [answer.error for answer in (candidate, other) if answer.error is not None],
        "gain": gain,
        "images": [image["source"]["s3Location"]["uri"] for image in row.images if "s3Location" in image["source"]],
    }


def _mixed(outcome: Outcome, baseline: str) -> list[dict[str, Any]]:
    """Return a few wins and losses for messages and the command line."""
    wins, losses = (examples(outcome, baseline, gain=gain, most=3) for gain in (True, False))
    return [{key: item[key] for key in item if key not in ("images", "errors")} for item in [*wins, *losses]]


def training(curves: Sequence[Curve], *, tunable: bool = True) -> dict[str, Any] | None:
    """Return the curves in words. ``tunable``: the method takes hyperparameters, so that advice on them helps."""
    if not curves:
        return None
    reading = read_in_words(curves)
    return {
        "state": reading.state,
        "sentence": reading.sentence,
        "advice": reading.advice if tunable else "",
        "curves": [curve.as_dict() for curve in curves],
    }


def reproduction(run: Run, recipe: Recipe, outcome: Outcome, arms: Sequence[Arm], findings: Findings) -> dict[str, Any]:
    requests = [build_request(row, recipe.evaluation.max_tokens, findings.shots) for row in outcome.sheet.rows]
    said = [[outcome.sheet.answer(arm, row).answer for row in outcome.sheet.rows] for arm in outcome.sheet.arms]
    return {
        "tailor": __version__,
        "dataset_fingerprint": run.fingerprint,
        "arms": {arm.name: arm.model_id for arm in arms},
        "decoding": {"temperature": 0, "max_tokens": recipe.evaluation.max_tokens},
        "system": sorted({block["text"] for row in outcome.sheet.rows for block in row.system if "text" in block})[:3],
        "worked_examples": [
            {"content": [block for block in shot.content if "text" in block], "answer": shot.answer}
            for shot in findings.shots
        ],
        "prompts_sha256": hashlib.sha256(orjson.dumps(requests)).hexdigest(),
        "answers_sha256": hashlib.sha256(orjson.dumps(said)).hexdigest(),
        "normaliser": outcome.sheet.rules.normalise.signature,
        "regression_suite": SUITE_VERSION if findings.regression else None,
        "seed": outcome.design.seed,
        "resamples": outcome.design.resamples,
    }
