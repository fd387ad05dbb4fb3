"""Compare candidate and base on general questions: a score for each answer, a guard for each kind."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tailor import language
from tailor.evaluation.gate.decision import GuardResult
from tailor.evaluation.gate.verdict import Plan
from tailor.evaluation.questions.arms import BASE, CANDIDATE
from tailor.evaluation.questions.general import KINDS, VERSION
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.questions.section import QuestionSet
from tailor.evaluation.scoring.compare import Design, compare
from tailor.evaluation.scoring.statistics import Clusters
from tailor.metrics.base import Case, Evidence, Rules, mean
from tailor.metrics.containment import score as contains
from tailor.metrics.exact_match import score as exact
from tailor.metrics.json_fields import score as json_fields
from tailor.metrics.no_refusal import refuses
from tailor.metrics.numeric import score as numeric
from tailor.normalisers import for_language
from tailor.normalisers.base import compose


def _lines(case: Case, rules: Rules) -> float:
    return float(len([line for line in case.answer.splitlines() if line.strip()]) == int(case.references[0]))


CHECKS: Mapping[str, Callable[[Case, Rules], float]] = {
    "contains": contains,
    "number": numeric,
    "one-word": exact,
    "number-only": exact,
    "json": lambda case, rules: float(json_fields(case, rules) == 1),
    "verbatim": lambda case, rules: float(case.references[0] in compose(case.answer)),
    "lines": _lines,
    "refuses": lambda case, rules: float(refuses(case.answer)),
    "answers": lambda case, rules: float(bool(case.answer.strip()) and not refuses(case.answer)),
    "language": lambda case, rules: float(language.detect(case.answer) == case.references[0]),
}


def check(row: Row, answer: Answer) -> float:
    """Return 1 if the answer is as the question requires. A failed call is wrong."""
    if answer.error is not None:
        return 0.0
    rules = Rules(for_language(row.id.partition("-")[0]))
    return CHECKS[row.extra["check"]](Case(answer.answer, row.references, answer.stop_reason), rules)


def guards_of(
    asked: QuestionSet | None, answers: Mapping[str, Mapping[str, Answer]], margin: float, plan: Plan
) -> list[GuardResult]:
    """Return one guard for each kind of question: the candidate may not fall behind its base by more than
    ``margin``."""
    results = []
    for kind, title in KINDS.items() if asked is not None else ():
        rows = [row for row in asked.rows if row.category == kind] if asked else []
        evidence = {arm: _evidence(rows, answers[arm]) for arm in (CANDIDATE, BASE)}
        clusters = Clusters.of([row.group for row in rows])
        design = Design(clusters, plan.policy.confidence, plan.resamples, plan.seed)
        name = f"regression-{kind}"
        found = compare(design, {name: evidence}, CANDIDATE, [BASE])[name][0]
        results.append(GuardResult(name, title, margin, found, tested=True))
    return results


def details(asked: QuestionSet | None, answers: Mapping[str, Mapping[str, Answer]]) -> dict[str, Any] | None:
    """Return scores by kind, and questions that the base could answer and the candidate no longer can."""
    if asked is None:
        return None
    passed = {arm: {row.id: check(row, answers[arm][row.id]) for row in asked.rows} for arm in (CANDIDATE, BASE)}
    lost = [row for row in asked.rows if passed[BASE][row.id] > passed[CANDIDATE][row.id]]
    return {
        "version": VERSION,
        "kinds": [
            {
                "kind": kind,
                "title": title,
                "questions": len(ids),
                **{arm: sum(passed[arm][identity] for identity in ids) / len(ids) for arm in (CANDIDATE, BASE)},
            }
            for kind, title in KINDS.items()
            for ids in [[row.id for row in asked.rows if row.category == kind]]
        ],
        "forgotten": [
            {
                "id": row.id,
                "question": row.question,
                "candidate": answers[CANDIDATE][row.id].answer,
                "base": answers[BASE][row.id].answer,
            }
            for row in lost
        ],
    }


def _evidence(rows: Sequence[Row], answers: Mapping[str, Answer]) -> Evidence:
    scores = [check(row, answers[row.id]) for row in rows]
    return Evidence(scores, [[score, 1.0] for score in scores], mean)
