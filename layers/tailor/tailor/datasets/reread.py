"""Prepared lines are read again before they count: each must be a sound record, or the bytes that were found sound."""

import hashlib
from array import array
from collections.abc import Callable, Iterable
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import orjson

from tailor.datasets import native
from tailor.errors import TailorError

_BLOCK = 1 << 20


class DamagedOutputError(TailorError):
    """A prepared line does not read back as it should: a bug, never the data's fault."""

    code = "damaged-output"


def verify(path: Path, shape: str, seals: Iterable[int]) -> tuple[str, int]:
    """SHA-256 and number of lines; raises DamagedOutputError for the first line that is not of this shape. A line with
    a seal (not 0) must be the bytes that were found sound before."""
    check, digest, rows, known = _SHAPES[shape], hashlib.sha256(), 0, iter(seals)
    with path.open("rb") as file:
        while block := file.read(_BLOCK) + file.readline():
            digest.update(block)
            hashes = native.seals(block)
            some = array("q", islice(known, len(hashes)))
            if hashes != some:
                for at, (line, found, seal) in enumerate(zip(BytesIO(block), hashes, some, strict=True), rows + 1):
                    if not (found == seal if seal else _holds_up(check, line)):
                        raise DamagedOutputError(f"line {at} of {path.name} is not a sound record")
            rows += len(hashes)
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
    "test": _sound_test,
}
