"""OpenAI requests to Converse and back, through the official client: conversations, tools, formats, streams."""

import json
from collections.abc import Callable
from typing import Any

import openai
import pytest
from openai import OpenAI

from tailor.aws.serving import ServingTable
from tailor.serving import aliases
from tailor.serving.aliases import MediaRules, Version
from tailor.serving.completion import FINISH_REASONS, MALFORMED
from tests.unit.serving.gateway import BEDROCK, ScriptedRuntime, converse_answer

ASK: list[Any] = [{"role": "user", "content": "Thời tiết?"}]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Looks at the sky",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}
CALL = {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"city": "Huế"}}}


def refusal(client: OpenAI, **fields: Any) -> tuple[str | None, str | None]:
    with pytest.raises(openai.BadRequestError) as caught:
        client.chat.completions.create(**{"model": "colours", "messages": ASK, **fields})
    return caught.value.code, caught.value.param


def test_system_and_developer_messages_are_lifted_and_blank_ones_dropped(
    client: OpenAI, runtime: ScriptedRuntime
) -> None:
    messages: Any = [
        {"role": "system", "content": [{"type": "text", "text": "one"}, {"type": "text", "text": " "}]},
        {"role": "user", "content": "a"},
        {"role": "developer", "content": "two"},
        {"role": "assistant", "content": ""},
        {"role": "user", "content": [{"type": "text", "text": "b"}, {"type": "text", "text": "\n"}]},
    ]
    client.chat.completions.create(model="colours", messages=messages)
    [request] = runtime.requests
    assert request["system"] == [{"text": "one"}, {"text": "two"}]
    assert request["messages"] == [{"role": "user", "content": [{"text": "a"}, {"text": "b"}]}]


def test_blank_system_messages_leave_the_trained_prompt(client: OpenAI, runtime: ScriptedRuntime) -> None:
    client.chat.completions.create(model="colours", messages=[{"role": "system", "content": ""}, *ASK])
    assert runtime.requests[0]["system"] == [{"text": "Trả lời ngắn gọn."}]


def test_a_tool_conversation_goes_round(client: OpenAI, runtime: ScriptedRuntime) -> None:
    runtime.answers = [converse_answer({"text": "I look."}, CALL, stop="tool_use")]
    asked = client.chat.completions.create(model="colours", messages=ASK, tools=[TOOL], tool_choice="auto")
    message = asked.choices[0].message
    assert asked.choices[0].finish_reason == "tool_calls"
    assert message.content == "I look."
    assert message.tool_calls is not None
    [call] = message.tool_calls
    assert call.type == "function"
    assert (call.id, call.function.name, json.loads(call.function.arguments)) == (
        "tooluse_1",
        "weather",
        {"city": "Huế"},
    )

    history: Any = [*ASK, message, {"role": "tool", "tool_call_id": call.id, "content": "nắng"}]
    client.chat.completions.create(model="colours", messages=history, tools=[TOOL], tool_choice="required")

    first, second = runtime.requests
    assert first["toolConfig"] == {
        "tools": [
            {
                "toolSpec": {
                    "name": "weather",
                    "description": "Looks at the sky",
                    "inputSchema": {"json": TOOL["function"]["parameters"]},
                }
            }
        ],
        "toolChoice": {"auto": {}},
    }
    assert second["toolConfig"]["toolChoice"] == {"any": {}}
    assert second["messages"][1:] == [
        {"role": "assistant", "content": [{"text": "I look."}, CALL]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "tooluse_1", "content": [{"text": "nắng"}]}}]},
    ]


def test_one_tool_can_be_demanded_and_all_switched_off(client: OpenAI, runtime: ScriptedRuntime) -> None:
    one: Any = {"type": "function", "function": {"name": "weather"}}
    client.chat.completions.create(model="colours", messages=ASK, tools=[TOOL], tool_choice=one)
    client.chat.completions.create(model="colours", messages=ASK, tools=[TOOL], tool_choice="none")
    assert runtime.requests[0]["toolConfig"]["toolChoice"] == {"tool": {"name": "weather"}}
    assert "toolConfig" not in runtime.requests[1]


def test_tool_conversations_that_bedrock_would_refuse_are_explained(client: OpenAI) -> None:
    def assistant(*ids: str, arguments: str = "{}") -> Any:
        function = {"name": "weather", "arguments": arguments}
        return {"role": "assistant", "tool_calls": [{"id": id, "type": "function", "function": function} for id in ids]}

    def answer(id: str) -> Any:
        return {"role": "tool", "tool_call_id": id, "content": ""}

    unknown: Any = {"type": "function", "function": {"name": "other"}}
    assert refusal(client, tool_choice="auto")[1] == "tool_choice"
    assert refusal(client, tools=[TOOL], tool_choice=unknown)[1] == "tool_choice"
    assert refusal(client, tools=[TOOL, TOOL])[1] == "tools"
    assert refusal(client, messages=[*ASK, assistant("a"), *ASK], tools=[TOOL])[1] == "messages[2]"
    assert refusal(client, messages=[*ASK, assistant("a", "b"), answer("a")], tools=[TOOL])[1] == "messages"
    assert refusal(client, messages=[*ASK, answer("a")], tools=[TOOL])[1] == "messages[1].tool_call_id"
    assert refusal(client, messages=[*ASK, assistant("a", "a")], tools=[TOOL])[1] == "messages[1].tool_calls"
    for arguments in ("[]", "{", "null", '{"a": NaN}', "[" * 9999):
        where = "messages[1].tool_calls[0].function.arguments"
        assert refusal(client, messages=[*ASK, assistant("a", arguments=arguments)], tools=[TOOL])[1] == where


def test_earlier_calls_are_told_as_text_where_no_tool_may_be_called(client: OpenAI, runtime: ScriptedRuntime) -> None:
    call = {"id": "a", "type": "function", "function": {"name": "weather", "arguments": '{"of": "Huế"}'}}
    history: list[Any] = [
        *ASK,
        {"role": "assistant", "content": "Để xem.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "mưa"},
    ]
    client.chat.completions.create(model="colours", messages=history)
    client.chat.completions.create(model="colours", messages=history, tools=[TOOL], tool_choice="none")
    for request in runtime.requests:
        assert "toolConfig" not in request
        assert request["messages"][1:] == [
            {
                "role": "assistant",
                "content": [{"text": "Để xem."}, {"text": '[weather was called with {"of": "Huế"}]'}],
            },
            {"role": "user", "content": [{"text": "[weather answered: mưa]"}]},
        ]


def test_a_schema_for_the_answer_is_kept(client: OpenAI, runtime: ScriptedRuntime) -> None:
    schema = {"type": "object", "properties": {"colour": {"type": "string"}}, "required": ["colour"]}
    format: Any = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema, "strict": True}}
    used = {"toolUse": {"toolUseId": "t", "name": "answer", "input": {"colour": "đỏ"}}}
    for stream in (False, True):
        runtime.answers = [converse_answer(used, stop="tool_use")]
        result: Any = client.chat.completions.create(
            model="colours", messages=ASK, response_format=format, stream=stream
        )
        if stream:
            chunks = list(result)
            text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
            finish = chunks[-1].choices[0].finish_reason
        else:
            text, finish = result.choices[0].message.content, result.choices[0].finish_reason
        assert (json.loads(text), finish) == ({"colour": "đỏ"}, "stop")
    config = runtime.requests[0]["toolConfig"]
    assert config["toolChoice"] == {"tool": {"name": "answer"}}
    assert config["tools"][0]["toolSpec"]["inputSchema"] == {"json": schema}

    runtime.answers = [converse_answer({"text": "đỏ"})]
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="colours", messages=ASK, response_format=format)


@pytest.mark.parametrize("include_usage", [True, False])
def test_a_stream_says_the_same_as_the_whole_answer(
    client: OpenAI, runtime: ScriptedRuntime, include_usage: bool
) -> None:
    blocks = ({"text": "Tôi "}, {"text": "xem."}, CALL, {"toolUse": {**CALL["toolUse"], "toolUseId": "tooluse_2"}})
    runtime.answers = [converse_answer(*blocks, stop="tool_use", cacheReadInputTokens=5)]
    raw = client.chat.completions.with_raw_response.create(
        model="colours", messages=ASK, tools=[TOOL], stream=True, stream_options={"include_usage": include_usage}
    )
    assert raw.headers["content-type"].startswith("text/event-stream")
    assert raw.headers["x-tailor-version"] == "colours-scenes-1"
    chunks = list(raw.parse())
    usage = [chunk.usage for chunk in chunks if chunk.usage]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.delta.content or "" for choice in choices) == "Tôi xem."
    calls = [call for choice in choices for call in choice.delta.tool_calls or []]
    assert [(call.index, call.id) for call in calls if call.id] == [(0, "tooluse_1"), (1, "tooluse_2")]
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["tool_calls"]
    assert len({chunk.id for chunk in chunks}) == 1
    assert [(used.prompt_tokens, used.total_tokens) for used in usage] == ([(15, 18)] if include_usage else [])


def test_every_stop_reason_of_bedrock_has_a_meaning(client: OpenAI, runtime: ScriptedRuntime) -> None:
    documented = set(BEDROCK.shape_for("StopReason").metadata["enum"])
    assert documented == set(FINISH_REASONS) | MALFORMED
    for reason in documented:
        runtime.answers = [converse_answer({"text": "x"}, stop=reason)]
        if reason in MALFORMED:
            with pytest.raises(openai.InternalServerError):
                client.chat.completions.create(model="colours", messages=ASK)
        else:
            answer = client.chat.completions.create(model="colours", messages=ASK)
            expected = "stop" if reason == "tool_use" else FINISH_REASONS[reason]  # there is no call in the answer
            assert answer.choices[0].finish_reason == expected


def test_an_answer_with_reasoning_or_without_text_is_whole(client: OpenAI, runtime: ScriptedRuntime) -> None:
    thought = {"reasoningContent": {"reasoningText": {"text": "hmm"}}}
    hidden = {"reasoningContent": {"redactedContent": b"x"}}
    runtime.answers = [converse_answer(thought, hidden, {"text": "đỏ"}), converse_answer()]
    first, second = (client.chat.completions.create(model="colours", messages=ASK) for _ in range(2))
    assert first.choices[0].message.content == "đỏ"
    assert first.choices[0].message.to_dict()["reasoning_content"] == "hmm"
    assert second.choices[0].message.content == ""


def test_history_is_taken_as_the_client_gives_it_back(client: OpenAI, runtime: ScriptedRuntime) -> None:
    answer = client.chat.completions.create(model="colours", messages=ASK).choices[0].message
    for given in (answer, answer.model_dump(), answer.to_dict()):
        history: Any = [*ASK, given, *ASK]
        client.chat.completions.create(model="colours", messages=history)
        assert runtime.requests[-1]["messages"][1] == {"role": "assistant", "content": [{"text": "đỏ"}]}


def test_metadata_goes_into_bedrocks_log(client: OpenAI, runtime: ScriptedRuntime) -> None:
    client.chat.completions.create(model="colours", messages=ASK, metadata={"team": "a/b 1"}, user="nguyễn")
    metadata = runtime.requests[0]["requestMetadata"]
    assert metadata["team"] == "a/b 1"
    assert set(metadata) == {"team", "tailor-project", "tailor-version", "tailor-user"}
    assert refusal(client, metadata={"tailor-version": "other"})[1] == "metadata"
    assert refusal(client, metadata={"team": "Huế"}) == ("invalid_value", "metadata.team")
    assert refusal(client, metadata={str(number): "" for number in range(14)})[1] == "metadata"


def test_what_cant_be_honoured_is_named(client: OpenAI, runtime: ScriptedRuntime) -> None:
    for name, value in {
        "n": 9,
        "temperature": 1.5,
        "top_p": -1,
        "max_tokens": 0,
        "stop": ["a"] * 5,
        "frequency_penalty": 1.5,
        "logprobs": True,
        "top_logprobs": 3,
        "logit_bias": {"1": 1},
        "reasoning_effort": "extreme",
    }.items():
        assert refusal(client, **{name: value}) == ("invalid_value", name)
    assert refusal(client, modalities=["text", "audio"])[1] == "modalities"
    assert refusal(client, modalities=["audio"])[1] == "modalities[0]"
    assert refusal(client, audio={"voice": "alloy", "format": "mp3"}) == ("unknown_parameter", "audio")
    assert refusal(client, extra_body={"temprature": 0}) == ("unknown_parameter", "temprature")
    assert refusal(client, stream_options={"include_usage": True}) == ("invalid_value", "stream_options")
    assert refusal(client, messages=[]) == ("invalid_value", "messages")
    assert refusal(client, messages=[{"role": "user", "content": " "}]) == ("invalid_value", "messages[0].content")
    assert refusal(client, messages=[{"role": "system", "content": "x"}]) == ("invalid_value", "messages")
    assert refusal(client, messages=[*ASK, {"role": "assistant", "content": "x"}]) == ("invalid_value", "messages")
    assert refusal(client, messages=[{"role": "critic", "content": "x"}]) == ("invalid_value", "messages[0]")
    assert refusal(client, messages=[{"role": "user"}]) == ("missing_required_parameter", "messages[0].content")
    parts = [{"type": "text", "text": "x"}, {"type": "input_audio", "input_audio": {}}]
    assert refusal(client, messages=[{"role": "user", "content": parts}]) == ("invalid_value", "messages[0].content[1]")
    assert not runtime.requests


def test_neutral_values_are_taken(client: OpenAI, runtime: ScriptedRuntime) -> None:
    client.chat.completions.create(
        model="colours",
        messages=ASK,
        n=1,
        frequency_penalty=0,
        presence_penalty=0.0,
        logprobs=False,
        top_logprobs=0,
        logit_bias={},
        store=False,
        stop=[],
        tools=[],
        modalities=["text"],
        service_tier="auto",
        reasoning_effort="none",
        response_format={"type": "text"},
        stream=False,
    )
    assert set(runtime.requests[0]) == {"modelId", "messages", "system", "requestMetadata"}


def test_a_text_model_takes_no_images(
    client: OpenAI, store: ServingTable, version: Callable[..., Version], runtime: ScriptedRuntime
) -> None:
    aliases.promote(store, "colours", version("text-1", media=MediaRules(images=0)), "colours-scenes-1", "test")
    image = {"type": "image_url", "image_url": {"url": "data:image/gif;base64,R0lGODlh", "detail": "auto"}}
    assert refusal(client, messages=[{"role": "user", "content": [image]}]) == ("too_many_images", "messages")
    assert not runtime.requests
