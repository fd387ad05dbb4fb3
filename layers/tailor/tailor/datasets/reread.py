"""Read prepared lines again before they count: each must be a valid record."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import orjson

from tailor.errors import TailorError


class DamagedOutputError(TailorError):
    """Raised if a prepared line does not read back as it should: a bug, never the data's fault."""

    code = "damaged-output"


def verify(path: Path, shape: str) -> tuple[str, int]:
    """Return the SHA-256 (hex) and the number of lines of a prepared file.

    Raises DamagedOutputError for the first line that is not of this shape."""
    check, digest, rows = _SHAPES[shape], hashlib.sha256(), 0
    with path.open("rb") as file:
        for rows, line in enumerate(file, start=1):
            digest.update(line)
            if not _holds_up(check, line):
                raise DamagedOutputError(f"line {rows} of {path.name} is not a sound record")
    return digest.hexdigest(), rows


def _holds_up(check: Callable[[bytes], bool], line: bytes) -> bool:
    try:
        return check(line)
    except (ValueError, msgspec.MsgspecError, KeyError, TypeError, IndexError, AttributeError):
        return False


class _Turn(msgspec.Struct, gc=False):
    role: Literal["user", "assistant"]
    content: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


class _Converse(msgspec.Struct, gc=False):
    schemaVersion: Literal["bedrock-conversation-2024"]  # noqa: N815 the service's own name
    messages: Annotated[list[_Turn], msgspec.Meta(min_length=1)]


_converse = msgspec.json.Decoder(_Converse).decode


def _sound_converse(line: bytes) -> bool:
    role = "user"
    for turn in _converse(line).messages:
        if turn.role != role:
            return False
        role = "assistant" if role == "user" else "user"
    return True


def _sound_pair(line: bytes) -> bool:
    *before, last = orjson.loads(line)["messages"]
    roles = [turn["role"] for turn in (*before, last)]
    labels = [candidate["preferenceLabel"] for candidate in last["candidates"]]
    texts = [block["text"] for candidate in last["candidates"] for block in candidate["content"]]
    ordered = roles == (["user", "assistant"] * len(roles))[: len(roles)] and roles[-1] == "assistant"
    return ordered and labels == ["preferred", "non-preferred"] and len(texts) == len(set(texts)) == 2


def _sound_reinforcement(line: bytes) -> bool:
    messages = orjson.loads(line)["messages"]
    return messages[-1]["role"] == "user" and all(isinstance(message["content"], str) for message in messages)


class _Test(msgspec.Struct, gc=False):
    id: Annotated[str, msgspec.Meta(min_length=1)]
    messages: list[_Turn]


_test = msgspec.json.Decoder(_Test).decode


def _sound_test(line: bytes) -> bool:
    messages = _test(line).messages
    return not messages or messages[-1].role == "user"


def _holds(*keys: str) -> Callable[[bytes], bool]:
    return lambda line: all(map(orjson.loads(line).__getitem__, keys))


_SHAPES: dict[str, Callable[[bytes], bool]] = {
    "converse": _sound_converse,
    "openai-rft": _sound_reinforcement,
    "prompt-completion": _holds("prompt", "completion"),
    "input": _holds("input"),
    "document": _sound_converse,
    "preference-pair": _sound_pair,
    "test": _sound_test,
}
