"""Bodies that no client sends: sound ones, changed at random until hardly anything is left that can be relied on."""

import copy
import json
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

from tailor.serving.aliases import Alias, Version
from tailor.serving.budgets import BudgetOwner
from tailor.serving.errors import render, to_api_error
from tailor.serving.keys import Caller
from tailor.serving.service import ChatService
from tests.unit.serving.gateway import BEDROCK, CONVERSE, converse_events

_OPERATION = BEDROCK.operation_model("Converse")
_SERIALIZER = create_serializer("rest-json")
VERSION = Version(
    run="colours-scenes-1",
    deployment="arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12",
    model="nova-lite",
)
CALLER = Caller(key="0123456789abcdef", projects=("colours",))
LARGEST = 3_000_000  # bytes
RAW = "\0raw:"  # a string that begins with it stands for JSON that Python would not write

PNG = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
_SCHEMA = {"type": "object", "properties": {"n": {"type": "integer"}, "of": {"enum": ["a", "b"]}}, "required": ["n"]}
_CALL = {"id": "call_1", "type": "function", "function": {"name": "count", "arguments": '{"n": [1, 2]}'}}
CHAT: dict[str, Any] = {
    "model": "colours",
    "messages": [
        {"role": "system", "content": "Trả lời ngắn gọn."},
        {
            "role": "user",
            "name": "linh",
            "content": [
                {"type": "text", "text": "Màu gì?"},
                {"type": "image_url", "image_url": {"url": PNG, "detail": "auto"}},
            ],
        },
        {"role": "assistant", "content": None, "tool_calls": [_CALL]},
        {"role": "tool", "tool_call_id": "call_1", "content": "3"},
        {"role": "user", "content": "Và đây?"},
    ],
    "tools": [{"type": "function", "function": {"name": "count", "description": "d", "parameters": _SCHEMA}}],
    "tool_choice": "auto",
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "schema": _SCHEMA, "strict": True}},
    "max_tokens": 100,
    "temperature": 0.5,
    "top_p": 0.9,
    "stop": ["\n\n"],
    "metadata": {"team": "search"},
    "user": "u1",
    "n": 1,
    "seed": 7,
}
RESPONSES: dict[str, Any] = {
    "model": "colours",
    "instructions": "Trả lời ngắn gọn.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "x"}, {"type": "input_image", "image_url": PNG}]},
        {"type": "function_call", "call_id": "call_1", "name": "count", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "3"},
    ],
    "tools": [{"type": "function", "name": "count", "parameters": _SCHEMA}],
    "text": {"format": {"type": "json_schema", "name": "answer", "schema": _SCHEMA}},
    "max_output_tokens": 100,
}


class _Memory:
    """One project with a live version; counts nothing."""

    def alias(self, project: str) -> Alias:
        return Alias(project=project, live=VERSION if project == "colours" else None)

    def standing(self, project: str, *_: str) -> tuple[Alias, dict[BudgetOwner, Decimal]]:
        return self.alias(project), {}

    def __getattr__(self, name: str) -> Callable[..., int]:
        return lambda *_: 0

    def converse(self, request: Any) -> dict[str, Any]:
        """Do with a request what botocore does before it sends it."""
        report = ParamValidator().validate(request, CONVERSE)
        assert not report.has_errors(), report.generate_report()
        _SERIALIZER.serialize_to_request(request, _OPERATION)
        usage = {"inputTokens": 10, "outputTokens": 3, "totalTokens": 13}
        tools = request.get("toolConfig", {"tools": [None]})["tools"]
        form = tools[-1] and {"toolUseId": "t1", "name": tools[-1]["toolSpec"]["name"], "input": {"value": 1}}
        content = [{"toolUse": form} if form else {"text": "đỏ"}]
        stop = "tool_use" if form else "end_turn"
        metrics = {"latencyMs": 5}
        return {"output": {"message": {"content": content}}, "stopReason": stop, "usage": usage, "metrics": metrics}

    def stream(self, request: Any) -> Iterator[Any]:
        return converse_events(self.converse(request))


def service() -> ChatService:
    memory: Any = _Memory()
    return ChatService(memory, memory, memory)


def answer(chat: ChatService, path: str, body: bytes) -> tuple[int, str | None]:
    """Return the status and the error's code of the answer to a body."""
    try:
        made = (chat.complete if path == "chat" else chat.respond)(body, CALLER)
        for _ in made.body:
            pass
    except Exception as error:
        refused = to_api_error(error)
        if refused.http_status >= 500:
            raise  # the test shows the fault itself
        document, _ = render(refused)
        assert len(json.dumps(document)) < 1500
        return refused.http_status, refused.code
    return 200, None


def mutated(
    count: int, seed: int, shapes: list[tuple[str, dict[str, Any]]] | None = None
) -> Iterator[tuple[str, bytes]]:
    """Yield paths and bodies: each is a shape after one to four changes, some of them a thousandfold."""
    chance = random.Random(seed)
    known = shapes or [("chat", CHAT), ("responses", RESPONSES)]
    for _ in range(count):
        path, shape = chance.choice(known)
        document = {key: value for key, value in copy.deepcopy(shape).items() if chance.random() < 0.9}
        for _ in range(chance.randint(1, 4)):
            if len(_written(document)) < LARGEST // 10:
                _change(document, chance)
        yield path, _damaged(_written(document), chance)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    found = [value]
    while found:
        here = found.pop()
        for key in here if isinstance(here, dict) else range(min(len(here), 20)):
            yield here, key
            if isinstance(here[key], dict | list):
                found.append(here[key])


def _change(document: dict[str, Any], chance: random.Random) -> None:
    places = list(_places(document))
    if not places:
        return
    here, key = chance.choice(places)
    match chance.randrange(7):
        case 0:
            del here[key]
        case 1 if isinstance(here, dict):
            here[_junk(chance) if chance.random() < 0.3 else f"{key}s"] = here.pop(key)
        case 2 if isinstance(here, list):
            here[key:key] = [here[key]] * _times(here[key], _size(chance, [1, 3, 30], 3000))
        case 3:
            here[key] = [here[key]] * _times(here[key], _size(chance, [1, 2, 100], 50_000))
        case 4 if isinstance(here, dict):
            copies = _times(here[key], _size(chance, [1, 5, 200], 40_000))
            here |= {f"{key}{number}": here[key] for number in range(copies)}
        case 5:
            other, place = chance.choice(places)
            here[key] = copy.deepcopy(other[place]) if _has(other, place) else None
        case _:
            here[key] = _value(chance)


def _times(value: Any, wanted: int) -> int:
    """Return how many copies are made, so that a body stays about as large as Lambda takes it."""
    return min(wanted, LARGEST // (1 + len(json.dumps(value))))


def _size(chance: random.Random, usual: list[int], huge: int) -> int:
    return huge if chance.random() < 0.05 else chance.choice(usual)


def _has(holder: Any, key: Any) -> bool:
    return key in holder if isinstance(holder, dict) else key < len(holder)


def _junk(chance: random.Random) -> str:
    return chance.choice(["", "x" * 5000, "__proto__", "đỏ", "\u0000", "a.b[0]", "\ud800", "~text", "role"])


def _value(chance: random.Random) -> Any:
    number = chance.choice(["1e400", "-1e999", "NaN", "9" * 400, "1" + "0" * 30, "0.1e-9"])
    depth = chance.choice([3, 90, 130, 1100])
    return chance.choice(
        [
            None, True, -1, 0, 2**31, 10**18, 1.5, [], {}, "user", "tool", "text", "image_url", "https://example.com/a.png",
            "data:image/png;base64," + "A" * _size(chance, [1, 4], 400_000), "[" * 1000,
            '{"a":' * 200 + "1" + "}" * 200,
            "{" + ",".join(f'"{n}":1' for n in range(_size(chance, [3], 40_000))) + "}", " ", _junk(chance),
            "x" * _size(chance, [70], 300_000), f"{RAW}{number}", RAW + '{"a":' * depth + "1" + "}" * depth,
        ]
    )  # fmt: skip


def _written(document: Any) -> bytes:
    text = json.dumps(document)
    for _ in range(text.count('"\\u0000raw:')):
        start = text.index('"\\u0000raw:')
        raw, length = json.JSONDecoder().raw_decode(text[start:])
        text = text[:start] + raw.removeprefix(RAW) + text[start + length :]
    return text.encode()


def _damaged(body: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(body) + 1)
    match chance.randrange(12):
        case 0:
            return body[:place]
        case 1:
            return body[:place] + chance.randbytes(chance.choice([1, 3])) + body[place:]
        case 2:
            return body[:place] + body[place + 1 :]
    return body
