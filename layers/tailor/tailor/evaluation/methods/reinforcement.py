"""Measure reinforcement: the reward on held-out prompts, and a metric outside of the reward.

A reward that rises while an independent metric does not is a reward that was played, so the reward decides and the
independent metric guards. Longer and longer answers are the usual sign, so length is reported beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tailor.errors import InvalidInputError
from tailor.evaluation.questions.arms import BASE, CANDIDATE
from tailor.evaluation.scoring.score import ScoreTable, score
from tailor.metrics.base import Case, Metric, Rules
from tailor.recipe import Reward
from tailor.rewards import Specification
from tailor.rewards import score as grade

METRIC = "reward"
_SAME = {"exact-match": "exact_match", "token-f1": "token_f1", "numeric": "numeric", "json": "json_fields"}
_INDEPENDENT = ("exact_match", "token_f1", "containment", "chrf")


def reward_metric(rewards: Sequence[Reward]) -> Metric:
    """Return the reward as a metric: answers are scored with the code that graded the training."""
    whole = sum(reward.weight for reward in rewards)

    def paid(case: Case, rules: Rules) -> float:
        specification = Specification(rewards=tuple(rewards), language=rules.language)
        try:
            scores = grade(case.raw or case.answer, _reference(case), specification)
        except InvalidInputError:
            return 0.0
        return sum(value * reward.weight for value, reward in zip(scores.values(), rewards, strict=True)) / whole

    return Metric(METRIC, "Reward", "the recipe's reward on held-out prompts", paid)


def _reference(case: Case) -> Any:
    """Return an object again if the row's reference was one."""
    try:
        value = orjson.loads(case.references[0]) if len(case.references) == 1 else None
    except orjson.JSONDecodeError:
        value = None
    return value if isinstance(value, dict | list) else list(case.references)


def independent_metric(rewards: Sequence[Reward]) -> str:
    """Return a metric that no reward pays for."""
    paid = {_SAME.get(reward.kind) for reward in rewards}
    return next(name for name in _INDEPENDENT if name not in paid)


def measure(
    sheet: ScoreTable, behaviour: Mapping[str, Mapping[str, Any]], metric: Metric, independent: str
) -> dict[str, Any]:
    rewarded = score(sheet.rows, {arm: sheet.answers[arm] for arm in (CANDIDATE, BASE)}, [metric], sheet.rules)
    return {
        "reward": {arm: rewarded.value(metric.name, arm) for arm in (CANDIDATE, BASE)},
        "independent": {arm: sheet.value(independent, arm) for arm in (CANDIDATE, BASE)},
        "independent_metric": independent,
        "length_ratio": {arm: behaviour[arm]["length_ratio"] for arm in (CANDIDATE, BASE)},
    }
