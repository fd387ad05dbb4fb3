"""Streams: the same as the whole answer, errors before and within them, and usage whoever still listens."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import pairwise
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import openai
import pytest
from botocore.exceptions import EventStreamError
from hypothesis import given
from hypothesis import strategies as st
from openai import OpenAI

from tailor.aws.converse import BedrockRuntime
from tailor.aws.serving import ServingTable
from tailor.reasoning import Parting, said
from tailor.serving.completion import CompletionStream, frame_of, to_completion
from tailor.serving.deltas import DeltaTranslator
from tailor.serving.errors import ApiError, ModelCallError
from tailor.serving.estimates import prompt_tokens
from tailor.serving.forms import Form
from tailor.serving.keys import Caller
from tests.unit.serving.gateway import LOOPBACK, Gateway, ScriptedRuntime, converse_answer, converse_events

ASK: list[Any] = [{"role": "user", "content": "Thời tiết?"}]
BROKEN = ModelCallError("ModelStreamErrorException", "it broke off")


PROMPT = prompt_tokens({"system": [{"text": "Trả lời ngắn gọn."}], "messages": [{"content": [{"text": "Thời tiết?"}]}]})
"""The estimate of ASK, with the version's system prompt."""


def requests_counted(store: ServingTable) -> list[tuple[int, int, int, int]]:
    counted = store.usage("colours", date(2026, 1, 1), datetime.now(UTC).date())
    return [(used.requests, used.input_tokens, used.output_tokens, used.estimated) for used in counted]


texts = st.text("<>/`ađ \n", max_size=8)
thoughts = st.sampled_from(
    ["", "<think>Nhìn ảnh.</think>", " <thinking>\nhm `<b>` </x> \n</thinking>\n", "<think>chưa"]
)
answers = st.one_of(st.just("đỏ"), st.just("<answer>đỏ</answer>"), st.just("a < b </b> "), texts)


@given(thoughts, answers, st.lists(st.integers(0, 40), max_size=6))
def test_reasoning_is_parted_from_pieces_as_from_the_whole(thought: str, answer: str, cuts: list[int]) -> None:
    text = thought + answer
    places = [0, *sorted(cuts), len(text)]
    parting = Parting()
    pieces = [parting.feed(text[begin:end]) for begin, end in pairwise(places)]
    parts = [*pieces, parting.end()]
    assert ("".join(part[0] for part in parts), "".join(part[1] for part in parts)) == said(text)


FORM = Form("answer", {"type": "object"})
WRAPPED = Form("answer", {"type": "object"}, wrapped=True)
calls = st.builds(
    lambda number, given: {"toolUse": {"toolUseId": f"t{number}", "name": "weather", "input": given}},
    st.integers(0, 9),
    st.dictionaries(st.sampled_from(["city", "đỏ"]), st.integers(), max_size=2),
)
structured = st.builds(
    lambda value, name: {"toolUse": {"toolUseId": "f", "name": "answer", "input": {name: value}}},
    st.one_of(st.integers(), st.text('đ"\\', max_size=3), st.lists(st.booleans(), max_size=2)),
    st.sampled_from(["value", "other"]),
)
said_blocks = st.lists(st.builds(lambda text: {"text": text}, st.text("ađ ", min_size=1, max_size=4)), max_size=2)


@given(
    said_blocks,
    st.lists(calls, max_size=3),
    st.lists(structured, max_size=1),
    st.sampled_from([None, FORM, WRAPPED]),
    st.booleans(),
    st.sampled_from(["end_turn", "tool_use", "max_tokens", "malformed_tool_use", None]),
)
def test_a_stream_adds_up_to_the_whole_answer(
    text: list[Any], called: list[Any], formed: list[Any], form: Form | None, one_call: bool, stop: str | None
) -> None:
    answer = converse_answer(*text, *formed, *called, stop=stop)
    translation = DeltaTranslator(form, one_call=one_call, has_tools=bool(called) or not form)
    frame = frame_of("colours", "v", 1)
    written = translation.pieces(converse_events(answer), CompletionStream(frame, include_usage=True))
    try:
        whole = to_completion([answer], model="colours", version="v", created=1, form=form, one_call=one_call)
    except ApiError as error:
        with pytest.raises(ApiError, match=error.message):
            list(written)
        return
    events = "".join([*drain(written)])
    message, finish, usage = added_up(events)
    [choice] = whole["choices"]
    expected = choice["message"]
    assert finish == choice["finish_reason"]
    assert usage == whole["usage"]
    assert message["tool_calls"] == expected.get("tool_calls", [])
    if form and not called and expected["content"]:
        assert same_json(message["content"], expected["content"])
    else:
        assert message["content"] == (expected["content"] or "")


def drain(pieces: Any) -> Iterator[str]:
    yield (yield from pieces)


def same_json(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return one == other


def added_up(events: str) -> tuple[dict[str, Any], str | None, Any]:
    """The message as clients put it together, its finish reason and the usage."""
    *lines, last = events.strip().split("\n\n")
    assert last == "data: [DONE]"
    message: dict[str, Any] = {"content": "", "tool_calls": []}
    finish = usage = None
    for chunk in (json.loads(line.removeprefix("data: ")) for line in lines):
        usage = chunk["usage"] or usage
        for choice in chunk["choices"]:
            finish = choice["finish_reason"] or finish
            message["content"] += choice["delta"].get("content") or ""
            for call in choice["delta"].get("tool_calls", []):
                if "id" in call:
                    message["tool_calls"].append({name: call[name] for name in ("id", "type", "function")})
                else:
                    message["tool_calls"][call["index"]]["function"]["arguments"] += call["function"]["arguments"]
    return message, finish, usage


def test_an_error_before_the_first_event_has_its_status(client: OpenAI, runtime: ScriptedRuntime) -> None:
    runtime.answers = [ModelCallError("ThrottlingException", "slow down")] * 2
    for stream in (
        lambda: client.chat.completions.create(model="colours", messages=ASK, stream=True),
        lambda: client.responses.create(model="colours", input="x", stream=True),
    ):
        with pytest.raises(openai.RateLimitError):
            stream()


def test_a_later_error_is_an_event_and_is_counted(
    client: OpenAI, gateway: Gateway, secret: str, runtime: ScriptedRuntime, store: ServingTable, logs: Any
) -> None:
    runtime.answers = [converse_answer({"text": "nửa"}, BROKEN)] * 2
    said: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        for chunk in client.chat.completions.create(model="colours", messages=ASK, stream=True):
            said.append(chunk.choices[0].delta.content or "")
    assert ("".join(said), caught.value.code) == ("nửa", "model_error")

    body = {"model": "colours", "input": ASK[0]["content"], "stream": True}
    raw = httpx.post(
        f"{gateway.url}/responses", headers={"Authorization": f"Bearer {secret}"}, json=body, verify=LOOPBACK
    ).text
    events = [json.loads(line.removeprefix("data: ")) for line in raw.splitlines() if line.startswith("data")]
    assert [event["type"] for event in events[-2:]] == ["error", "response.failed"]
    assert (events[-1]["response"]["status"], events[-2]["code"]) == ("failed", "model_error")
    assert "[DONE]" not in raw
    letters = len("nửa")
    assert requests_counted(store) == [(2, 2 * PROMPT, 2 * letters, 2)]
    assert '"estimated":1' in logs.getvalue()


@pytest.mark.parametrize("at", ["first", "later"])
@pytest.mark.parametrize("stream", [True, False])
def test_an_answer_that_takes_too_long_is_counted(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable, stream: bool, at: str
) -> None:
    late = ModelCallError("ModelTimeoutException", "no answer in time")
    runtime.answers = [late if at == "first" or not stream else converse_answer(late)]
    with pytest.raises(openai.APIError) as caught:
        list(client.chat.completions.create(model="colours", messages=ASK, stream=stream))
    assert caught.value.code == "model_timeout"
    assert requests_counted(store) == [(1, PROMPT, 0, 1)]


def test_usage_is_counted_when_nobody_listens_any_more(
    inference: ModuleType, runtime: ScriptedRuntime, store: ServingTable, live: Any
) -> None:
    caller = Caller(key="k", projects=("colours",), scopes=("chat",))
    body = json.dumps({"model": "colours", "messages": ASK, "stream": True}).encode()
    answer = inference.service.complete(body, caller)
    for _ in answer.pieces:  # as the runtime loop does, whoever is gone
        pass
    answer = inference.service.complete(body, caller)
    next(answer.pieces)
    answer.pieces.close()  # the loop itself ended
    assert requests_counted(store) == [(2, 10 + PROMPT, 3, 1)]


class Events:
    """A stream of botocore: events, then an error, or nothing more for ever."""

    def __init__(self, *events: dict[str, Any] | Exception | None) -> None:
        self._events = events

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for event in self._events:
            if event is None:
                from threading import Event

                Event().wait()
            if isinstance(event, Exception):
                raise event
            assert event
            yield event


@pytest.mark.parametrize(
    ("end", "reason"),
    [
        (
            EventStreamError({"Error": {"Code": "modelStreamErrorException"}}, "ConverseStream"),
            "ModelStreamErrorException",
        ),
        (OSError("reset"), "ServiceUnavailableException"),
        (None, "ModelTimeoutException"),
    ],
)
def test_streams_of_bedrock_fail_as_calls_do(end: Exception | None, reason: str) -> None:
    runtime = BedrockRuntime(0.2)
    stream: Mapping[str, Any] = {"stream": Events({"messageStart": {"role": "assistant"}}, end)}
    runtime._client = SimpleNamespace(converse_stream=lambda **_: stream)
    events = runtime.stream({"modelId": "m"})
    with pytest.raises(ModelCallError) as caught:
        list(events)
    assert caught.value.reason == reason
