"""A linear model over hashed features that chooses among the answers it has seen: multinomial logistic regression.

Where answers are too many to be classes (free text, each answer once), the model remembers examples and gives the
answer of the nearest one instead. In both, what it reports as its loss is its own error on the data.
"""

import io
import json
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tailor_local.bedrock.learner.features import BUCKETS, Indices, Prompt, dense, indices, words

MOST_CLASSES = 400
BATCH = 32
PASSES = 6  # over the data in one epoch of a job: a real epoch teaches a large model more than this small one
RATE = 0.5  # of the learner, at the learning rate that Bedrock takes by default
USUAL_RATE = 1e-5
SURE = 2.0  # how many times likelier than chance an answer must be to be given
NEAR = 0.35  # likeness to a remembered example that counts
SHARP = 10.0  # how much a unit of score counts in DPO's loss, at a beta of 1
SEED = 7

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Example:
    prompt: Prompt
    answer: str


@dataclass(frozen=True)
class Pair:
    prompt: Prompt
    better: str
    worse: str


@dataclass(frozen=True)
class Step:
    """One line of a loss curve."""

    number: int
    epoch: int
    loss: float


@dataclass
class Classifier:
    """``weights`` is BUCKETS × answers; ``memory`` holds remembered examples where answers are not classes."""

    answers: list[str] = field(default_factory=list)
    weights: Floats = field(default_factory=lambda: np.zeros((BUCKETS, 0), dtype=np.float32))
    memory: list[tuple[Indices, str]] = field(default_factory=list)

    def answer(self, prompt: Prompt) -> str | None:
        """Return the answer, or None if the model has learned nothing about such a question."""
        row = indices(prompt)
        nearest = self._nearest(row)
        if nearest is not None:
            return nearest
        if not self.answers or not self.weights.any():
            return None
        chances = _softmax(dense([row]) @ self.weights)[0]
        best = int(chances.argmax())
        return self.answers[best] if chances[best] * len(self.answers) >= SURE else None

    def _nearest(self, row: Indices) -> str | None:
        likeness = [_likeness(row, other) for other, _ in self.memory]
        if not likeness or max(likeness) < NEAR:
            return None
        return self.memory[int(np.argmax(likeness))][1]

    def loss(self, examples: Sequence[Example]) -> float:
        """Mean cross-entropy on examples, in nats."""
        if not examples:
            return 0.0
        rows = [indices(example.prompt) for example in examples]
        if self.memory or not self.answers:
            return float(np.mean([self._memory_loss(row, e.answer) for row, e in zip(rows, examples, strict=True)]))
        places = {answer: place for place, answer in enumerate(self.answers)}
        unknown = math.log(len(self.answers) + 1) * 2  # an answer that is no class can't be given
        total = 0.0
        for start in range(0, len(rows), BATCH):
            chances = _softmax(dense(rows[start : start + BATCH]) @ self.weights)
            for chance, example in zip(chances, examples[start : start + BATCH], strict=True):
                place = places.get(example.answer)
                total += unknown if place is None else -math.log(max(float(chance[place]), 1e-9))
        return total / len(rows)

    def _memory_loss(self, row: Indices, answer: str) -> float:
        """Minus the logarithm of how much of the wanted answer's words the remembered one shares."""
        said = self._nearest(row)
        return -math.log(max(0.01, _shared_words(said, answer) if said is not None else 0.0))

    def save(self) -> bytes:
        file = io.BytesIO()
        lengths = np.array([len(row) for row, _ in self.memory], dtype=np.int32)
        flat = np.concatenate([row for row, _ in self.memory]) if self.memory else np.zeros(0, dtype=np.int32)
        texts = json.dumps({"answers": self.answers, "remembered": [answer for _, answer in self.memory]})
        np.savez_compressed(
            file,
            texts=np.frombuffer(texts.encode(), dtype=np.uint8),
            weights=self.weights.astype(np.float16),
            lengths=lengths,
            memory=flat,
        )
        return file.getvalue()

    @classmethod
    def load(cls, data: bytes) -> "Classifier":
        with np.load(io.BytesIO(data)) as file:
            texts = json.loads(file["texts"].tobytes())
            rows = np.split(file["memory"], np.cumsum(file["lengths"])[:-1]) if len(file["lengths"]) else []
            memory = list(zip(rows, texts["remembered"], strict=True))
            return cls(texts["answers"], file["weights"].astype(np.float32), memory)


def train(model: Classifier, examples: Sequence[Example], epochs: int, rate: float) -> Iterator[Step]:
    """Teach ``model`` in place; yields the loss on each batch before it is learned from.

    ``rate`` is the learning rate as Bedrock counts it; 0 changes nothing.
    """
    answers = list(dict.fromkeys([*model.answers, *(example.answer for example in examples)]))
    if len(answers) > MOST_CLASSES or model.memory:
        yield from _remember(model, examples, epochs, rate)
        return
    added = len(answers) - len(model.answers)
    model.weights = np.hstack([model.weights, np.zeros((BUCKETS, added), dtype=np.float32)])
    model.answers = answers
    places = {answer: place for place, answer in enumerate(model.answers)}
    goals = np.array([places[example.answer] for example in examples])

    def slope(chosen: list[int], scores: Floats) -> tuple[float, Floats]:
        """Return the cross-entropy."""
        wrong = _softmax(scores)
        right = (np.arange(len(chosen)), goals[chosen])
        loss = float(-np.log(np.maximum(wrong[right], 1e-9)).mean())
        wrong[right] -= 1
        return loss, wrong

    yield from _descend(model, [example.prompt for example in examples], epochs, rate, slope)


Slope = Callable[[list[int], Floats], tuple[float, Floats]]
"""Takes the rows of a batch and the scores of all answers to each; returns the loss and its slope by score."""


def _descend(model: Classifier, prompts: Sequence[Prompt], epochs: int, rate: float, slope: Slope) -> Iterator[Step]:
    """AdaGrad; yields the loss on each batch before it is learned from. ``model`` has learned once all is taken."""
    rows = [indices(prompt) for prompt in prompts]
    used = np.unique(np.concatenate(rows))  # what no prompt has adds to no score and has no slope
    rows = [np.searchsorted(used, row).astype(np.int32) for row in rows]
    weights = model.weights[used]
    squares = np.full_like(weights, 1e-6)
    scale = RATE * math.sqrt(rate / USUAL_RATE)
    order = list(range(len(rows)))
    shuffle = random.Random(SEED).shuffle  # noqa: S311 - the same order every time
    number = 0
    for epoch in range(epochs):
        for turn in range(PASSES):
            shuffle(order)
            for start in range(0, len(order), BATCH):
                chosen = order[start : start + BATCH]
                batch = dense([rows[place] for place in chosen], len(used))
                loss, by_score = slope(chosen, batch @ weights)
                if turn == 0 or (start + BATCH >= len(order)):
                    yield Step(number, epoch, loss)
                number += 1
                if scale:
                    by_weight = batch.T @ by_score
                    squares += by_weight * by_weight
                    weights -= scale * by_weight / np.sqrt(squares)
    model.weights[used] = weights


def _remember(model: Classifier, examples: Sequence[Example], epochs: int, rate: float) -> Iterator[Step]:
    """Examples one batch at a time; the loss is that of the batch before it is remembered."""
    rows = [(indices(example.prompt), example.answer) for example in examples]
    number = 0
    for epoch in range(epochs):
        for start in range(0, len(rows), BATCH):
            batch = rows[start : start + BATCH]
            sample = batch[:4]  # likeness to everything remembered is costly
            yield Step(number, epoch, float(np.mean([model._memory_loss(*row) for row in sample])))
            number += 1
            if epoch == 0 and rate:
                model.memory += batch


def train_pairs(model: Classifier, pairs: Sequence[Pair], epochs: int, rate: float, beta: float) -> Iterator[Step]:
    """Teach ``model``, which has learned nothing yet, to prefer; yields the loss on each batch before it is learned.

    The loss is DPO's, with the untrained model as the reference: minus the logarithm of the chance that the better
    answer wins, by beta times how much further apart the two answers' scores are than before.
    """
    answers = list(dict.fromkeys(answer for pair in pairs for answer in (pair.better, pair.worse)))
    if len(answers) > MOST_CLASSES:
        yield from _remember_pairs(model, pairs, epochs, rate, beta)
        return
    model.answers = answers
    model.weights = np.zeros((BUCKETS, len(answers)), dtype=np.float32)
    places = {answer: place for place, answer in enumerate(answers)}
    sides = np.array([(places[pair.better], places[pair.worse]) for pair in pairs])
    strength = beta * SHARP

    def slope(chosen: list[int], scores: Floats) -> tuple[float, Floats]:
        """Return DPO's loss."""
        (better, worse), each = sides[chosen].T, np.arange(len(chosen))
        doubt = 1 / (1 + np.exp(strength * (scores[each, better] - scores[each, worse])))
        by_score = np.zeros_like(scores)
        by_score[each, better] -= strength * doubt
        by_score[each, worse] += strength * doubt
        return float(-np.log(np.maximum(1 - doubt, 1e-9)).mean()), by_score

    yield from _descend(model, [pair.prompt for pair in pairs], epochs, rate, slope)


def pair_loss(model: Classifier, pairs: Sequence[Pair], beta: float) -> float:
    """Mean loss of DPO on pairs that were not learned; of answers that are no classes, by the words they share."""
    places = {answer: place for place, answer in enumerate(model.answers)}
    total = 0.0
    for pair in pairs:
        if pair.better in places and pair.worse in places:
            scores = (dense([indices(pair.prompt)]) @ model.weights)[0]
            apart = float(scores[places[pair.better]] - scores[places[pair.worse]])
        else:
            apart = _apart(model.answer(pair.prompt), pair)
        total += math.log1p(math.exp(-beta * SHARP * apart))
    return total / len(pairs)


def _remember_pairs(model: Classifier, pairs: Sequence[Pair], epochs: int, rate: float, beta: float) -> Iterator[Step]:
    """Remember the better answers, batch by batch; the loss is that of the batch before it is remembered."""
    number = 0
    for epoch in range(epochs):
        for start in range(0, len(pairs), BATCH):
            batch = pairs[start : start + BATCH]
            sample = batch[:4]  # likeness to everything remembered is costly
            yield Step(number, epoch, pair_loss(model, sample, beta))
            number += 1
            if epoch == 0 and rate:
                model.memory += [(indices(pair.prompt), pair.better) for pair in batch]


def _apart(said: str | None, pair: Pair) -> float:
    """Return how much nearer an answer is to the better one than to the worse one, by the words they share."""
    return 0.0 if said is None else _shared_words(said, pair.better) - _shared_words(said, pair.worse)


def _shared_words(one: str, other: str) -> float:
    """F1 of the words of two answers, 0 to 1."""
    first, second = Counter(words(one)), Counter(words(other))
    both = (first & second).total()
    return 2 * both / max(1, first.total() + second.total())


def _likeness(one: Indices, other: Indices) -> float:
    shared = np.intersect1d(one, other, assume_unique=True).size
    return float(shared / math.sqrt(max(1, one.size) * max(1, other.size)))


def _softmax(scores: Floats) -> Floats:
    shifted = np.exp(scores - scores.max(axis=1, keepdims=True))
    return (shifted / shifted.sum(axis=1, keepdims=True)).astype(np.float32)
