"""The reward of an answer in reinforcement: the recipe's rewards, from 0 to 1, and their weighted mean.

Each training row carries the rewards (:func:`specification`, under the key REWARDS), because Bedrock passes a row's
extra fields to the reward function and nothing else: one function serves all projects and stores nothing.
A sample that can't be graded gets 0 and is reported; it never affects the others.
"""

import re
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError

from tailor.errors import InvalidInputError
from tailor.language import dominant
from tailor.metrics import exact_match, json_fields, numeric, token_f1
from tailor.metrics.base import Case, Rules
from tailor.metrics.json_answers import read_json
from tailor.normalisers import for_language
from tailor.reasoning import answer_of
from tailor.recipe import Recipe, Reward

REWARDS = "tailor_rewards"
REFERENCE = "reference_answer"
SLOW = "slow-pattern"  # the metric of an answer whose match was given up
MATCH_SECONDS = 1.0
BATCH_SECONDS = 30.0  # for all matches of a call that are slow: a batch must not take a function's fifteen minutes
LEAST_SECONDS = 0.02
_ANSWERING = frozenset({"assistant", "nova_assistant"})
_DEFAULT = (Reward(kind="exact-match"),)


class Specification(BaseModel):
    """The rewards of a row. ``language`` is an ISO 639-1 code or ``auto``."""

    model_config = ConfigDict(extra="ignore")

    rewards: tuple[Reward, ...] = _DEFAULT
    language: str = "auto"


def specification(recipe: Recipe) -> dict[str, Any]:
    """Return the value of REWARDS in training rows."""
    spec = Specification(rewards=recipe.reinforcement.rewards, language=recipe.evaluation.language)
    return spec.model_dump(mode="json", exclude_defaults=True)


def grade(samples: Any) -> list[dict[str, Any]]:
    """Grade a list of samples by Bedrock's contract: same ids and order. Raises InvalidInputError for other input."""
    if not isinstance(samples, list):
        raise InvalidInputError("the reward function takes a list of samples", hint="see docs/training.md")
    patience = MatchBudget()
    return [_graded(sample, at, patience) for at, sample in enumerate(samples)]


class MatchBudget:
    """Time limits of matches: about a second each, less after many slow ones in a call. ``slow`` counts them."""

    def __init__(self) -> None:
        self.slow = 0

    def matches(self, pattern: str, text: str) -> bool:
        """Return whether the pattern matches; False if it takes too long."""
        spent = self.slow * MATCH_SECONDS
        try:
            with _at_most(MATCH_SECONDS if spent < BATCH_SECONDS else LEAST_SECONDS):
                return re.fullmatch(pattern, text, re.DOTALL) is not None
        except TimeoutError:
            self.slow += 1
            return False


def _graded(sample: Any, at: int, patience: MatchBudget) -> dict[str, Any]:
    """Grade one sample; ``reference_answer`` and the rewards may be in ``metadata`` or beside it."""
    if not isinstance(sample, Mapping):
        return _result(str(at), 0.0, {"ungradable": 1.0}, kind="Metric")
    id = sample.get("id", str(at))
    metadata = sample.get("metadata")
    fields = {**sample, **(metadata if isinstance(metadata, Mapping) else {})}
    try:
        spec, before = Specification.model_validate(fields.get(REWARDS) or {}), patience.slow
        scores = score(_answer(sample.get("messages")), fields.get(REFERENCE), spec, patience)
    except (ValidationError, InvalidInputError):
        return _result(id, 0.0, {"ungradable": 1.0}, kind="Metric")
    weights = [reward.weight for reward in spec.rewards]
    total = sum(value * weight for value, weight in zip(scores.values(), weights, strict=True)) / sum(weights)
    result = _result(id, total, scores, kind="Reward")
    if patience.slow > before:
        result["metrics_list"].append({"name": SLOW, "value": 1.0, "type": "Metric"})
    return result


def _result(id: Any, total: float, values: Mapping[str, float], *, kind: str) -> dict[str, Any]:
    metrics = [{"name": name, "value": value, "type": kind} for name, value in values.items()]
    return {"id": id, "aggregate_reward_score": total, "metrics_list": metrics}


def score(
    answer: str | None, reference: Any, spec: Specification, patience: MatchBudget | None = None
) -> dict[str, float]:
    """Return each reward by name, in the recipe's order.

    Raises:
        InvalidInputError: the sample has no answer, or no reference for a reward that needs one.
    """
    if answer is None:
        raise InvalidInputError("the sample has no answer of the model in it")
    references = _references(reference)
    language = dominant([*references, answer]) if spec.language == "auto" else spec.language
    rules = Rules(for_language(language), language)
    row = Case(answer_of(answer), tuple(map(answer_of, references)))
    scores: dict[str, float] = {}
    for reward in spec.rewards:
        if reward.kind in ("exact-match", "token-f1", "numeric") and not references:
            raise InvalidInputError(f"the reward {reward.kind} needs a {REFERENCE}")
        name = reward.kind if reward.kind not in scores else f"{reward.kind}-{len(scores) + 1}"
        if reward.kind == "format":  # a pattern may ask for the reasoning's tags
            scores[name] = float((patience or MatchBudget()).matches(reward.pattern or "", answer.strip()))
            continue
        scores[name] = _score(reward, row, rules, reference)
    return scores


def _score(reward: Reward, row: Case, rules: Rules, reference: Any) -> float:
    match reward.kind:
        case "exact-match":
            return exact_match.score(row, rules)
        case "token-f1":
            return token_f1.score(row, rules)
        case "numeric":
            return _numeric(row, rules, reward.tolerance)
        case _:
            return _json(row, rules, reward.keys, has_reference=isinstance(reference, dict | list))


def _numeric(row: Case, rules: Rules, tolerance: float) -> float:
    return float(any(numeric.agrees(row.answer, reference, rules, tolerance) for reference in row.references))


def _json(row: Case, rules: Rules, keys: Sequence[str], *, has_reference: bool) -> float:
    """Return the share of required keys in the object, at most the agreement with a reference object."""
    try:
        value = read_json(row.answer)
    except ValueError:
        return 0.0
    if not isinstance(value, dict | list):
        return 0.0
    share = sum(isinstance(value, dict) and key in value for key in keys) / len(keys) if keys else 1.0
    return min(share, json_fields.score(row, rules)) if has_reference else share


def _references(reference: Any) -> tuple[str, ...]:
    """Return the references: a text, a number, a list of accepted texts, or an object (as JSON)."""
    if reference is None or reference == "":
        return ()
    if isinstance(reference, str):
        return (reference,)
    if isinstance(reference, list) and reference and all(isinstance(item, str) for item in reference):
        return tuple(reference)
    try:
        return (orjson.dumps(reference).decode(),)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"the {REFERENCE} can't be written as JSON") from error


def _answer(messages: Any) -> str | None:
    """Return the text of the last turn, if it is the model's."""
    last = messages[-1] if isinstance(messages, list) and messages else None
    if not isinstance(last, Mapping) or last.get("role") not in _ANSWERING:
        return None
    content = last.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return None
    texts = [block["text"] for block in content if isinstance(block, Mapping) and isinstance(block.get("text"), str)]
    return "\n".join(texts)


@contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Limit the time of a block. Uses signals, which work in the main thread only, as in a Lambda handler."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
