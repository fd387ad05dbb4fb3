"""A model as judge: which of two answers is better. Off unless the recipe names a judge; it never decides the verdict.

Each pair is shown twice with the answers swapped, because judges favour a place. Only a preference that survives the
swap counts; all else is a tie. How often the judge agrees with the exact metric is reported beside its opinion.
"""

import re
from collections.abc import Mapping
from typing import Any

from tailor.evaluation import sizes
from tailor.evaluation.asking.runner import Interview
from tailor.evaluation.gate.verdict import Outcome
from tailor.evaluation.questions.arms import CANDIDATE, Arm
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.questions.section import Section
from tailor.evaluation.scoring.compare import compare
from tailor.evaluation.scoring.score import Sheet
from tailor.metrics.base import Evidence, mean

FORWARD, SWAPPED = "judge", "judge-swapped"
_ASK = """Compare two answers to the same question. Which one is better: first correct, then clear and to the point?
A reference answer may be given; answers may word it differently.

Question: {question}
{reference}
Answer A: {first}

Answer B: {second}

Reply with one word: A, B, or TIE."""
_REPLY = re.compile(r"\b(A|B|TIE)\b", re.IGNORECASE)


def section(sheet: Sheet, baseline: str, model_id: str, most: int) -> Section:
    """The questions to the judge; two 'arms', one for each order. Rows where both said the same need no judge."""
    rows = [
        row
        for row in sheet.rows
        if sheet.answer(CANDIDATE, row).answer.strip() != sheet.answer(baseline, row).answer.strip()
    ][:most]

    def build(row: Row, arm: Arm) -> dict[str, Any]:
        said = [sheet.answer(CANDIDATE, row).answer, sheet.answer(baseline, row).answer]
        first, second = said if arm.name == FORWARD else said[::-1]
        reference = f"Reference answer: {row.references[0]}\n" if row.references else ""
        text = _ASK.format(question=row.question, reference=reference, first=first, second=second)
        images = [{"image": image} for image in row.images]
        return {
            "messages": [{"role": "user", "content": [*images, {"text": text}]}],
            "inferenceConfig": {"maxTokens": sizes.JUDGE_ANSWER, "temperature": 0.0},
        }

    return Section("judge", rows, [Arm(FORWARD, model_id), Arm(SWAPPED, model_id)], build)


def opinion(asked: Section, interview: Interview, outcome: Outcome) -> dict[str, Any]:
    """Wins, losses, ties, how often the place decided, preference with its interval, agreement with the metric."""
    rows, sheet, baseline = asked.rows, outcome.sheet, outcome.decision.primary.baseline_arm
    replies = {order: interview.answers(asked, order) for order in (FORWARD, SWAPPED)}
    verdicts = {row.id: _preference(replies[FORWARD][row.id], replies[SWAPPED][row.id]) for row in rows}
    moved = sum(_swayed(replies[FORWARD][row.id], replies[SWAPPED][row.id]) for row in rows)
    ours = [[0.5 + verdicts.get(row.id, 0) / 2, 1.0] for row in sheet.rows]
    theirs = [[1 - score, 1.0] for score, _ in ours]
    evidence = {
        CANDIDATE: Evidence([score for score, _ in ours], ours, mean),
        baseline: Evidence([score for score, _ in theirs], theirs, mean),
    }
    comparison = compare(outcome.design, {"judge": evidence}, CANDIDATE, [baseline])["judge"][0]
    counts = list(verdicts.values())
    return {
        "rows": len(rows),
        "wins": counts.count(1),
        "losses": counts.count(-1),
        "ties": counts.count(0),
        "swayed_by_place": moved,
        "preference": comparison.difference,
        "interval": list(comparison.interval),
        "agreement_with_metric": _agreement(sheet, outcome.metric, baseline, verdicts),
    }


def _choice(reply: Answer) -> str:
    found = _REPLY.search(reply.answer)
    return found[1].upper() if found else "TIE"


def _preference(forward: Answer, swapped: Answer) -> int:
    """1: the candidate in both orders; -1: the baseline in both; else 0."""
    return {("A", "B"): 1, ("B", "A"): -1}.get((_choice(forward), _choice(swapped)), 0)


def _swayed(forward: Answer, swapped: Answer) -> bool:
    return _choice(forward) == _choice(swapped) != "TIE"


def _agreement(sheet: Sheet, metric: str, baseline: str, verdicts: Mapping[str, int]) -> float | None:
    """Among rows that both tell apart, the share where they prefer the same arm; None where there are none."""
    ours, theirs = (sheet.evidence[metric][arm].scores for arm in (CANDIDATE, baseline))
    told = [
        (a > b) == (verdicts[row.id] > 0)
        for row, a, b in zip(sheet.rows, ours, theirs, strict=True)
        if a != b and verdicts.get(row.id)
    ]
    return sum(told) / len(told) if told else None
