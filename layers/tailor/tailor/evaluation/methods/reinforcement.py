"""Reinforcement: the reward on held-out prompts, and a metric that is not in the reward.

A reward that rises while an independent metric does not is a reward that was played, so the reward decides and the
independent metric guards. Longer and longer answers are the usual sign, so length is reported beside them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tailor.evaluation.arms import BASE, CANDIDATE
from tailor.evaluation.metrics import get
from tailor.evaluation.metrics.base import Case, Metric, Rules
from tailor.evaluation.metrics.json_answers import read_json
from tailor.evaluation.metrics.numeric import last_number
from tailor.evaluation.score import Sheet, score
from tailor.recipe import Reward

METRIC = "reward"
_SAME = {"exact-match": "exact_match", "token-f1": "token_f1", "numeric": "numeric", "json": "json_fields"}
_INDEPENDENT = ("exact_match", "token_f1", "containment", "chrf")


def reward_metric(rewards: Sequence[Reward]) -> Metric:
    """The recipe's rewards as one metric: their weighted mean."""
    whole = sum(reward.weight for reward in rewards)

    def mean_reward(case: Case, rules: Rules) -> float:
        return sum(reward.weight * one_reward(reward, case, rules) for reward in rewards) / whole

    return Metric(METRIC, "Reward", "the recipe's reward on held-out prompts", mean_reward)


def one_reward(reward: Reward, case: Case, rules: Rules) -> float:
    """0 to 1."""
    if reward.kind == "format":
        return float(re.fullmatch(reward.pattern or "", case.answer.strip(), re.DOTALL) is not None)
    if reward.kind == "json" and reward.keys:
        try:
            value = read_json(case.answer)
        except ValueError:
            return 0.0
        return float(isinstance(value, dict) and all(key in value for key in reward.keys))
    if reward.kind == "json":
        return get("json_valid").score(case, rules)
    if reward.kind == "numeric" and reward.tolerance:
        said = last_number(case.answer, rules)
        wanted = [number for text in case.references if (number := last_number(text, rules)) is not None]
        return float(said is not None and any(abs(said - number) <= reward.tolerance for number in wanted))
    return get(_SAME[reward.kind]).score(case, rules)


def independent_metric(rewards: Sequence[Reward]) -> str:
    """A metric that no reward pays for."""
    paid = {_SAME.get(reward.kind) for reward in rewards}
    return next(name for name in _INDEPENDENT if name not in paid)


def measure(
    sheet: Sheet, behaviour: Mapping[str, Mapping[str, Any]], metric: Metric, independent: str
) -> dict[str, Any]:
    rewarded = score(sheet.rows, {arm: sheet.answers[arm] for arm in (CANDIDATE, BASE)}, [metric], sheet.rules)
    return {
        "reward": {arm: rewarded.value(metric.name, arm) for arm in (CANDIDATE, BASE)},
        "independent": {arm: sheet.value(independent, arm) for arm in (CANDIDATE, BASE)},
        "independent_metric": independent,
        "length_ratio": {arm: behaviour[arm]["length_ratio"] for arm in (CANDIDATE, BASE)},
    }
