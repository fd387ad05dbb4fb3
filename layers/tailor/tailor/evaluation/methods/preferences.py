"""Measure preference optimization: how often an answer is nearer to the better of two answers than to the worse one.

Bedrock gives no probabilities of texts, so what a model prefers shows only in what it says. The gate compares answers
with the better ones; this figure tells beside it whether they moved away from the worse ones too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from tailor.evaluation.questions.arms import BASE, CANDIDATE
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.score import ScoreTable
from tailor.metrics import get
from tailor.metrics.base import Case, Rules

LIKENESS = "chrf"


def measure(sheet: ScoreTable) -> dict[str, Any]:
    """Return the share of answers of each arm that are nearer to the better one; empty without pairs."""
    pairs = [row for row in sheet.rows if row.references and row.extra.get("worse")]
    if not pairs:
        return {}
    shares = {arm: _share(pairs, sheet.answers[arm], sheet.rules) for arm in (CANDIDATE, BASE)}
    return {"pairs": len(pairs), "likeness": LIKENESS, "nearer_to_better": shares}


def _share(pairs: Sequence[Row], answers: Mapping[str, Answer], rules: Rules) -> float:
    return sum(_nearer(row, answers.get(row.id), rules) for row in pairs) / len(pairs)


def _nearer(row: Row, answer: Answer | None, rules: Rules) -> float:
    """Return 1 if the better answer is more alike, 0.5 if both are as alike, 0 for a worse answer or none."""
    if answer is None or answer.error is not None or not answer.answer.strip():
        return 0.0
    likeness = get(LIKENESS)
    better, worse = (
        likeness.score(Case(answer.answer, references), rules)
        for references in (row.references, (str(row.extra["worse"]),))
    )
    return float(better > worse) if better != worse else 0.5
