"""Define the arms of an evaluation and what each is asked.

All arms get the same rows with the same system text and the same decoding (temperature 0). Only the few-shot arm is
shown worked examples first: it is the best that prompting alone can do, and the candidate must beat that too.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from tailor.evaluation.questions.held_out import Row
from tailor.prepared import decode, document_in

CANDIDATE = "candidate"
BASE = "base"
FEW_SHOT = "base-few-shot"
LIVE = "live"
TEACHER = "teacher"
_LONGEST_SHOT = 2_000
_SPOKEN = {BASE: "the base model", FEW_SHOT: "the base model with examples", LIVE: "the live version"}


def spoken(arm: str) -> str:
    """Return an arm's name within a sentence."""
    return _SPOKEN.get(arm, f"the {arm}")


@dataclass(frozen=True, slots=True)
class Arm:
    """``model_id`` is what Converse takes: a model id, an inference profile, a deployment's ARN."""

    name: str
    model_id: str


@dataclass(frozen=True, slots=True)
class Shot:
    """A worked example: the user's turn (Converse blocks) and the right answer."""

    content: tuple[dict[str, Any], ...]
    answer: str


def rank(seed: int, text: str) -> bytes:
    """Return a rank in an order that is random but the same on every machine."""
    return hashlib.sha256(f"{seed}:{text}".encode("utf-8", "replace")).digest()


def pick_shots(train: Iterable[bytes], count: int, seed: int = 0) -> list[Shot]:
    """Return worked examples from the lines of train.jsonl, in any method's format; with different answers if possible.

    Long examples are passed over: they would crowd out the question. Empty where the format has no answers.
    """
    if count == 0:
        return []
    known = [(rank(seed, line.decode("utf-8", "replace")), line) for line in train if line.strip()]
    picked: list[Shot] = []
    spare: list[Shot] = []
    seen: set[str] = set()
    for _, line in sorted(known):
        if len(picked) == count:
            break
        shot = _shot(orjson.loads(line))
        if shot is None or sum(len(block.get("text", "")) for block in shot.content) + len(shot.answer) > _LONGEST_SHOT:
            continue
        (spare if shot.answer in seen else picked).append(shot)
        seen.add(shot.answer)
    return [*picked, *spare][:count]


def _shot(record: dict[str, Any]) -> Shot | None:
    """Return the user's last turn and the answer; None for a document, or if the reference is not text."""
    if document_in(record) is not None or not isinstance(record.get("reference_answer", ""), str):
        return None
    found = decode(record)
    users = [message for message in found.messages if message["role"] == "user"]
    return Shot(tuple(users[-1]["content"]), found.answer.strip()) if users and found.answer.strip() else None


def build_request(row: Row, max_tokens: int, shots: Sequence[Shot] = ()) -> dict[str, Any]:
    """Return the Converse request (without the model's id) for one row."""
    messages: list[dict[str, Any]] = []
    for shot in shots:
        messages.append({"role": "user", "content": list(shot.content)})
        messages.append({"role": "assistant", "content": [{"text": shot.answer}]})
    request: dict[str, Any] = {
        "messages": [*messages, *row.messages],
        "inferenceConfig": {"maxTokens": max_tokens, "temperature": 0.0},
    }
    if row.system:
        request["system"] = list(row.system)
    return request


def sample_rows(rows: Sequence[Row], most: int, seed: int = 0) -> list[Row]:
    """Return at most ``most`` rows in the given order: whole groups picked at random, those that still fit."""
    sizes = Counter(row.group for row in rows)
    picked: set[str] = set()
    left = most
    for group in sorted(sizes, key=lambda name: rank(seed, name)):
        if sizes[group] <= left:
            picked.add(group)
            left -= sizes[group]
    return [row for row in rows if row.group in picked] or list(rows[:most])
