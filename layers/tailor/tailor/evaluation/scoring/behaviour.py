"""Describe each arm's behaviour, whatever it was asked: failures, refusals, language, length, time, tokens, cost."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailor.evaluation.questions.arms import CANDIDATE, LIVE, TEACHER
from tailor.evaluation.questions.held_out import Answer
from tailor.evaluation.scoring.score import ScoreTable
from tailor.token_prices import TokenPrices

CONDUCT = ("answer_language", "no_refusal", "not_empty", "not_truncated")


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices of calls to the base model, to a custom model of it, and to the teacher; None where unknown."""

    base: TokenPrices | None = None
    custom: TokenPrices | None = None
    teacher: TokenPrices | None = None

    def of(self, arm: str) -> TokenPrices | None:
        return {CANDIDATE: self.custom, LIVE: self.custom, TEACHER: self.teacher}.get(arm, self.base)


def conduct(sheet: ScoreTable, prices: Prices) -> dict[str, dict[str, Any]]:
    """Return figures by arm; shares are of all rows, times in milliseconds over the answered calls."""
    return {arm: _of_arm(sheet, arm, prices) for arm in sheet.arms}


def _of_arm(sheet: ScoreTable, arm: str, prices: Prices) -> dict[str, Any]:
    answers = [sheet.answer(arm, row) for row in sheet.rows]
    answered = [answer for answer in answers if answer.error is None]
    times = sorted(answer.latency_ms for answer in answered if answer.latency_ms is not None)
    read, written = _total(answered, "input_tokens"), _total(answered, "output_tokens")
    rates = prices.of(arm)
    return {
        "rows": len(answers),
        "failed": len(answers) - len(answered),
        **{name: sheet.value(name, arm) for name in CONDUCT},
        "length_ratio": _length_ratio(sheet, arm),
        "latency_ms": {"median": statistics.median(times), "p95": times[int(0.95 * (len(times) - 1))]}
        if times
        else None,
        "input_tokens": read,
        "output_tokens": written,
        "cost_usd": float(rates.cost(read, written)) if rates and read is not None and written is not None else None,
    }


def _total(answers: Sequence[Answer], name: str) -> int | None:
    counts = [getattr(answer, name) for answer in answers]
    return sum(counts) if counts and all(count is not None for count in counts) else None


def _length_ratio(sheet: ScoreTable, arm: str) -> float | None:
    """Return the ratio of words in all answers to words in all (nearest in length) references."""
    tokens = sheet.rules.normalise.tokens
    said = meant = 0
    for row in sheet.rows:
        length = len(tokens(sheet.answer(arm, row).answer))
        said += length
        meant += min((len(tokens(text)) for text in row.references), key=lambda other: abs(other - length), default=0)
    return said / meant if meant else None


def ratio(first: Mapping[str, Any], second: Mapping[str, Any], *path: str) -> float | None:
    """Return the ratio of two arms' figures; None if either is unknown."""
    a: Any = first
    b: Any = second
    for name in path:
        a, b = (a or {}).get(name), (b or {}).get(name)
    return a / b if a is not None and b else None
