"""Learn which ways of answering are rewarded, by trying them.

The ways are a few things that can be done with a prompt: calculate with its numbers, repeat one of them, say what the
base says. Which way suits which prompt is not known beforehand; it is learned from rewards alone.
"""

import io
import json
import random
import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from tailor_local.bedrock.learner import base
from tailor_local.bedrock.learner.features import BUCKETS, Prompt, dense, indices

MARK = b"policy"
NUMBER = re.compile(r"\d+(?:\.\d+)?")
RATE = 0.3  # of the learner, at the learning rate that Bedrock takes by default
USUAL_RATE = 1e-5
CURIOUS = 0.15  # share of samples that go a way at random
SEED = 11

Floats = NDArray[np.float32]
Way = Callable[[list[float]], float | None]


def _of_two(calculate: Callable[[float, float], float]) -> Way:
    def way(numbers: list[float]) -> float | None:
        return calculate(numbers[0], numbers[1]) if len(numbers) > 1 else None

    return way


WAYS: tuple[Way, ...] = (
    _of_two(lambda first, second: first + second),
    _of_two(lambda first, second: first - second),
    _of_two(lambda first, second: second - first),
    _of_two(lambda first, second: first * second),
    _of_two(lambda first, second: first / second if second else 0.0),
    _of_two(lambda first, second: second / first if first else 0.0),
    lambda numbers: numbers[0] if numbers else None,
    lambda numbers: numbers[-1] if numbers else None,
    lambda numbers: float(len(numbers)),
)
BASE_WAY = len(WAYS)  # say what the base says


class Policy:
    def __init__(self, model_name: str) -> None:
        self.model_name = model_name
        self.weights: Floats = np.zeros((BUCKETS, len(WAYS) + 1), dtype=np.float32)
        self._squares: Floats = np.full_like(self.weights, 1e-6)
        self._random = random.Random(SEED)  # noqa: S311 - the same samples every time

    def answer(self, prompt: Prompt) -> str | None:
        if not self.weights.any():
            return None
        return self.done(int((dense([indices(prompt)]) @ self.weights)[0].argmax()), prompt)

    def done(self, way: int, prompt: Prompt) -> str:
        """Return the answer by this way of answering; the base's if it is impossible."""
        if way < BASE_WAY:
            value = WAYS[way]([float(number) for number in NUMBER.findall(prompt.question)])
            if value is not None:
                return str(int(value)) if value == int(value) else f"{value:.4g}"
        return base.answer(prompt, self.model_name)

    def sample(self, prompt: Prompt, count: int) -> list[int]:
        """Return ``count`` ways of answering, drawn with about the policy's probabilities."""
        chances = self._chances(prompt) * (1 - CURIOUS) + CURIOUS / (len(WAYS) + 1)
        return self._random.choices(range(len(chances)), weights=[float(chance) for chance in chances], k=count)

    def _chances(self, prompt: Prompt) -> Floats:
        scores = (dense([indices(prompt)]) @ self.weights)[0]
        chances: Floats = np.exp(scores - scores.max())
        return (chances / chances.sum()).astype(np.float32)

    def reinforce(self, tried: Sequence[tuple[Prompt, list[int], list[float]]], rate: float) -> None:
        """Move towards the ways that were rewarded above the mean of their prompt's samples."""
        if not rate:
            return
        slope = np.zeros_like(self.weights)
        for prompt, ways, rewards in tried:
            chances, row = self._chances(prompt), indices(prompt)
            mean = sum(rewards) / len(rewards)
            for way, reward in zip(ways, rewards, strict=True):
                push = -chances * (reward - mean)
                push[way] += reward - mean
                slope[row] += push / np.sqrt(len(row))
        self._squares += slope * slope
        self.weights += RATE * np.sqrt(rate / USUAL_RATE) * slope / np.sqrt(self._squares)

    def save(self) -> bytes:
        file = io.BytesIO()
        name = np.frombuffer(json.dumps(self.model_name).encode(), dtype=np.uint8)
        np.savez_compressed(file, weights=self.weights.astype(np.float16), name=name)
        return MARK + file.getvalue()

    @classmethod
    def load(cls, data: bytes) -> "Policy":
        with np.load(io.BytesIO(data.removeprefix(MARK))) as file:
            policy = cls(json.loads(file["name"].tobytes()))
            policy.weights = file["weights"].astype(np.float32)
            return policy
