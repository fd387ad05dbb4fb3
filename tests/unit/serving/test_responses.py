"""The Responses API through the official client: what AI SDK, the Agents SDK and n8n call by default."""

import json
from itertools import groupby
from typing import Any

import openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openai import OpenAI

from tailor.serving.chat import to_converse
from tailor.serving.errors import ApiError
from tailor.serving.responses_request import IGNORED, ResponsesRequest
from tailor.serving.schema import read
from tests.unit.serving.gateway import ScriptedRuntime, converse_answer
from tests.unit.serving.test_hostile import VERSION, documents

TOOL: Any = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": True}
CALL = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Huế"}}}
GIF = "data:image/gif;base64,R0lGODlh"


def refusal(client: OpenAI, **fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(**{"model": "colours", "input": "x", **fields})
    return caught.value.code, caught.value.param


def test_a_text_is_answered(client: OpenAI, runtime: ScriptedRuntime) -> None:
    raw = client.responses.with_raw_response.create(
        model="colours", input="Màu gì?", instructions="Ngắn gọn.", max_output_tokens=9, temperature=0, top_p=0.5
    )
    response = raw.parse()
    assert (response.output_text, response.status, response.model) == ("đỏ", "completed", "colours")
    assert response.usage is not None
    assert (response.usage.input_tokens, response.usage.output_tokens, response.usage.total_tokens) == (10, 3, 13)
    assert raw.headers["x-tailor-version"] == "colours-scenes-1"
    [request] = runtime.requests
    assert request["system"] == [{"text": "Ngắn gọn."}]
    assert request["messages"] == [{"role": "user", "content": [{"text": "Màu gì?"}]}]
    assert request["inferenceConfig"] == {"maxTokens": 9, "temperature": 0, "topP": 0.5}

    runtime.answers = [converse_answer({"text": "đ"}, stop="max_tokens")]
    cut = client.responses.create(model="colours", input="x")
    assert cut.status == "incomplete"
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


def test_a_conversation_with_images_and_tools_goes_round(client: OpenAI, runtime: ScriptedRuntime) -> None:
    runtime.answers = [converse_answer({"text": "I look."}, CALL, stop="tool_use")]
    content = [{"type": "input_text", "text": "Thời tiết?"}, {"type": "input_image", "image_url": GIF}]
    asked: list[Any] = [{"role": "user", "content": content}]
    first = client.responses.create(model="colours", input=asked, tools=[TOOL], tool_choice="auto", store=False)
    assert [item.type for item in first.output] == ["message", "function_call"]
    call: Any = first.output[1]
    assert (call.call_id, call.name, json.loads(call.arguments)) == ("t1", "weather", {"city": "Huế"})

    said = [item.model_dump() for item in first.output]
    thought = {"type": "reasoning", "id": "rs_1", "summary": []}
    answered = {"type": "function_call_output", "call_id": "t1", "output": "nắng"}
    history: list[Any] = [*asked, thought, *said, answered]
    client.responses.create(model="colours", input=history, tools=[TOOL])
    messages = runtime.requests[1]["messages"]
    assert messages[0]["content"][1] == {"image": {"format": "gif", "source": {"bytes": b"GIF89a"}}}
    assert messages[1:] == [
        {"role": "assistant", "content": [{"text": "I look."}, CALL]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "t1", "content": [{"text": "nắng"}]}}]},
    ]


def test_a_form_is_kept(client: OpenAI, runtime: ScriptedRuntime) -> None:
    form: Any = {"format": {"type": "json_schema", "name": "colour", "schema": {"type": "object"}, "strict": True}}
    used = {"toolUse": {"toolUseId": "t", "name": "colour", "input": {"colour": "đỏ"}}}
    runtime.answers = [converse_answer(used, stop="tool_use")]
    response = client.responses.create(model="colours", input="x", text=form)
    assert json.loads(response.output_text) == {"colour": "đỏ"}
    assert runtime.requests[0]["toolConfig"]["toolChoice"] == {"tool": {"name": "colour"}}


def test_a_stream_has_openais_events(client: OpenAI, runtime: ScriptedRuntime) -> None:
    runtime.answers = [converse_answer({"text": "I look."}, CALL, stop="tool_use")]
    events = list(client.responses.create(model="colours", input="x", tools=[TOOL], stream=True))
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [kind for kind, _ in groupby(event.type.removeprefix("response.") for event in events)]
    text = ["content_part.added", "output_text.delta", "output_text.done", "content_part.done"]
    arguments = ["function_call_arguments.delta", "function_call_arguments.done"]
    items = [["output_item.added", *parts, "output_item.done"] for parts in (text, arguments)]
    assert kinds == ["created", "in_progress", *items[0], *items[1], "completed"]

    runtime.answers = [converse_answer({"text": "Tôi xem."})]
    with client.responses.stream(model="colours", input="x") as stream:  # the client's own way of adding them up
        assert "".join(event.delta for event in stream if event.type == "response.output_text.delta") == "Tôi xem."
        assert stream.get_final_response().output_text == "Tôi xem."


def test_what_cant_be_honoured_is_named(client: OpenAI, runtime: ScriptedRuntime) -> None:
    refused: dict[str, Any] = {
        "previous_response_id": "resp_1",
        "background": True,
        "truncation": "auto",
        "tools": [{"type": "web_search"}],
        "input": [{"type": "item_reference", "id": "msg_1"}],
    }
    for name, value in refused.items():
        param = refusal(client, **{name: value})[1] or ""
        assert param.startswith(name), param
    picture = [{"role": "assistant", "content": [{"type": "input_image", "image_url": GIF}]}]
    assert refusal(client, input=picture)[0] == "invalid_value"
    assert not runtime.requests

    without: dict[str, Any] = {
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "low"},
        "store": True,
        "service_tier": "flex",
        "prompt_cache_key": "k",
        "max_tool_calls": 3,
        "stream_options": {"include_obfuscation": True},
    }
    assert without.keys() == IGNORED.keys()
    raw = client.responses.with_raw_response.create(
        model="colours", input="x", extra_body=without | {"text": {"verbosity": "low"}}
    )
    assert raw.headers["x-tailor-ignored"].split(", ") == [*IGNORED, "text.verbosity"]
    plain = client.responses.with_raw_response.create(model="colours", input="x", store=False, include=[])
    assert "x-tailor-ignored" not in plain.headers


items = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(["message", "function_call", "function_call_output", "reasoning"]),
        "role": st.sampled_from(["user", "assistant", "system"]),
        "content": st.text(max_size=5)
        | st.lists(
            st.fixed_dictionaries(
                {"type": st.sampled_from(["input_text", "output_text", "refusal", "input_image"])},
                optional={"text": st.text(max_size=3), "refusal": st.text(max_size=3), "image_url": st.just(GIF)},
            ),
            max_size=2,
        ),
        "call_id": st.sampled_from(["a", "b"]),
        "name": st.just("f"),
        "arguments": st.sampled_from(["{}", "["]),
        "output": st.text(max_size=5),
    },
)


@given(st.fixed_dictionaries({"model": st.just("m"), "input": st.lists(items, max_size=4) | documents}))
@settings(max_examples=150)
def test_any_input_is_translated_or_refused_by_name(document: Any) -> None:
    try:
        to_converse(read(ResponsesRequest, json.dumps(document).encode()).to_chat(), "colours", VERSION)
    except ApiError as error:
        assert error.http_status == 400
