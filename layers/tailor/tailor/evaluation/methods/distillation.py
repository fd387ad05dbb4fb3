"""Compare a distilled student with gold answers and with its teacher.

Correctness (against gold) and agreement (with the teacher) are two figures and are never mixed: rows with gold decide
where there are enough of them; else all rows decide by agreement, and what is known of correctness is told beside it.
Agreement alone rewards copied mistakes, so it is told apart: where the teacher is right, and where it is wrong.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tailor.evaluation.questions.arms import BASE, CANDIDATE, TEACHER
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.behaviour import ratio
from tailor.evaluation.scoring.compare import Design
from tailor.evaluation.scoring.score import ScoreTable, score
from tailor.evaluation.scoring.statistics import bootstrap, percentile_interval
from tailor.metrics import get
from tailor.metrics.base import Case

_RIGHT = 0.5


def deciding_rows(rows: Sequence[Row], teacher: Mapping[str, Answer], least: int) -> tuple[list[Row], bool]:
    """Return the rows that decide, and whether they decide by agreement with the teacher.

    Those with gold, where there are ``least`` of them or all have it; else all rows, each with the teacher's answer as
    its only reference.
    """
    gold = [row for row in rows if row.references]
    if gold and (len(gold) >= least or len(gold) == len(rows)):
        return gold, False
    return [replace(row, references=_said(teacher, row)) for row in rows], True


def _said(answers: Mapping[str, Answer], row: Row) -> tuple[str, ...]:
    answer = answers.get(row.id)
    return (answer.answer,) if answer is not None and answer.error is None and answer.answer.strip() else ()


def measure(
    sheet: ScoreTable,
    metric: str,
    design: Design,
    behaviour: Mapping[str, Mapping[str, Any]],
    rows: Sequence[Row],
    silver: bool,
) -> dict[str, Any]:
    """Return the method's figures. ``rows``: all held-out rows with their own references, including those without gold.

    ``silver``: the references that decided are the teacher's own answers.
    """
    gold = [row for row in rows if row.references]
    known = f"{len(gold)} rows with gold are told apart" if gold else "there is no gold"
    result: dict[str, Any] = {
        "references": f"the teacher's answers; {known}" if silver else "gold",
        "correctness": _correctness(sheet, metric, gold),
        "cost_ratio": ratio(behaviour[CANDIDATE], behaviour[TEACHER], "cost_usd"),
        "latency_ratio": ratio(behaviour[CANDIDATE], behaviour[TEACHER], "latency_ms", "median"),
        "agreement": _agreement(sheet, metric),
    }
    if silver:
        return result
    scores = {arm: sheet.value(metric, arm) for arm in (CANDIDATE, BASE, TEACHER)}
    right = [score >= _RIGHT for score in sheet.evidence[metric][TEACHER].scores]
    return result | {
        "scores": scores,
        "gap_closed": _gap_closed(sheet, metric, design),
        "agreement_where_teacher_right": _agreement(sheet, metric, right),
        "agreement_where_teacher_wrong": _agreement(sheet, metric, [not value for value in right]),
    }


def _correctness(sheet: ScoreTable, metric: str, gold: Sequence[Row]) -> dict[str, Any] | None:
    """Return how many rows have gold, and the mean score of each arm against it; None without such rows."""
    if not gold:
        return None
    measured = score(gold, sheet.answers, [get(metric)], sheet.rules)
    return {"rows": len(gold), **{arm: measured.value(metric, arm) for arm in (CANDIDATE, BASE, TEACHER)}}


def _agreement(sheet: ScoreTable, metric: str, picked: Sequence[bool] | None = None) -> float | None:
    """Return the mean score of the student's answers with the teacher's as references; None without rows."""
    agreed = [
        get(metric).score(Case(student.answer, (teacher.answer,)), sheet.rules)
        for place, row in enumerate(sheet.rows)
        if picked is None or picked[place]
        for student, teacher in [(sheet.answer(CANDIDATE, row), sheet.answer(TEACHER, row))]
        if student.error is None and teacher.error is None
    ]
    return sum(agreed) / len(agreed) if agreed else None


def _gap_closed(sheet: ScoreTable, metric: str, design: Design) -> dict[str, Any] | None:
    """Return (student - base) / (teacher - base) with its interval; None if the teacher is not better than the base."""
    sums = [design.clusters.sums(sheet.evidence[metric][arm].columns) for arm in (CANDIDATE, BASE, TEACHER)]
    combine = sheet.evidence[metric][CANDIDATE].combine
    student, base, teacher = (float(combine(part.sum(axis=0))) for part in sums)
    if teacher - base <= 0:
        return None
    drawn = bootstrap(np.concatenate(sums, axis=1), design.resamples, design.seed)
    parts = [combine(part) for part in np.split(drawn, 3, axis=1)]
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = (parts[0] - parts[1]) / (parts[2] - parts[1])
    shares = shares[np.isfinite(shares) & (parts[2] > parts[1])]
    value = (student - base) / (teacher - base)
    return {
        "value": value,
        "interval": list(percentile_interval(value, shares, design.clusters.count, design.confidence)),
    }
