"""Turn answers into evidence: every metric for every arm, on the same rows in the same order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tailor import metrics
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.metrics.base import Case, Evidence, Metric, Rules

MISSING = "missing"
Evidences = Mapping[str, Mapping[str, Evidence]]


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """``evidence`` by metric and arm; all sequences are in the order of ``rows``."""

    rows: Sequence[Row]
    answers: Mapping[str, Mapping[str, Answer]]
    evidence: dict[str, dict[str, Evidence]]
    rules: Rules

    @property
    def arms(self) -> list[str]:
        return list(self.answers)

    def value(self, metric: str, arm: str) -> float:
        return value_of(self.evidence[metric][arm])

    def cases(self, arm: str) -> list[Case]:
        """Return what an arm answered, in the order of the rows."""
        return [_case(self.answer(arm, row), row) for row in self.rows]

    def answer(self, arm: str, row: Row) -> Answer:
        """Return an arm's answer; a missing one is a failed call."""
        return self.answers[arm].get(row.id) or Answer(row.id, "", error=MISSING)


def corpus_scores(sheet: ScoreTable) -> dict[str, dict[str, Any]]:
    """Return sacrebleu's signature by metric, and by arm its score of the whole set beside the mean of rows."""
    found: dict[str, dict[str, Any]] = {}
    for name, by_arm in sheet.evidence.items():
        if name not in metrics.names() or (corpus := metrics.get(name).corpus) is None:
            continue
        whole = {arm: corpus(sheet.cases(arm), sheet.rules) for arm in by_arm}
        found[name] = {
            "signature": next(iter(whole.values())).signature,
            "corpus": {arm: one.score for arm, one in whole.items()},
            "mean_of_rows": {arm: float(np.mean(evidence.scores)) for arm, evidence in by_arm.items()},
        }
    return found


def value_of(evidence: Evidence, picked: Sequence[int] | None = None) -> float:
    """Return the metric over all rows, or over the rows at the given places."""
    columns = np.asarray(evidence.columns, dtype=np.float64)
    chosen = columns if picked is None else columns[list(picked)]
    return float(evidence.combine(chosen.sum(axis=0)))


def score(
    rows: Sequence[Row], answers: Mapping[str, Mapping[str, Answer]], wanted: Sequence[Metric], rules: Rules
) -> ScoreTable:
    sheet = ScoreTable(rows, answers, {}, rules)
    cases = {arm: sheet.cases(arm) for arm in answers}
    for metric in wanted:
        sheet.evidence[metric.name] = {arm: metric.evidence(arm_cases, rules) for arm, arm_cases in cases.items()}
    return sheet


def _case(answer: Answer, row: Row) -> Case:
    return Case(answer.answer, row.references, answer.stop_reason, answer.error is not None, answer.raw)


def failed_calls(sheet: ScoreTable, arm: str) -> list[Answer]:
    return [answer for row in sheet.rows if (answer := sheet.answer(arm, row)).error is not None]


def forgiven(sheet: ScoreTable, metric: Metric, arm: str) -> Evidence:
    """Return the evidence as if every failed call of ``arm`` had been answered correctly, its best possible result."""
    cases = [
        Case(row.references[0] if row.references else "", row.references)
        if answer.error is not None
        else _case(answer, row)
        for row in sheet.rows
        for answer in [sheet.answer(arm, row)]
    ]
    return metric.evidence(cases, sheet.rules)
