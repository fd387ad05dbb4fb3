"""What client libraries send by default is honoured, or ignored and named: requests as they were seen in the field."""

import json
from datetime import UTC, date, datetime
from typing import Any

import openai
import pytest
from openai import OpenAI

from tailor.aws.serving import ServingTable
from tailor.serving import keys
from tailor.serving.aliases import Version
from tailor.serving.errors import ModelCallError
from tailor.serving.schema import IGNORED
from tests.unit.serving.conftest import connect
from tests.unit.serving.gateway import Gateway, ScriptedRuntime, converse_answer

ASK: list[Any] = [{"role": "user", "content": "Thời tiết?"}]
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object"}}}
CALL = {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"city": "Huế"}}}
OBJECT: Any = {"type": "json_object"}


def used(name: str, **given: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "t2", "name": name, "input": given}}


def schema(name: str, top: dict[str, Any]) -> Any:
    return {"type": "json_schema", "json_schema": {"name": name, "schema": top, "strict": True}}


def choice(request: Any) -> Any:
    return request["toolConfig"]["toolChoice"]


def test_json_mode_gives_an_object_or_an_error(client: OpenAI, runtime: ScriptedRuntime) -> None:
    runtime.answers = [converse_answer(used("json_answer", a=1), stop="tool_use"), converse_answer({"text": "a: 1"})]
    answer = client.chat.completions.create(model="colours", messages=ASK, response_format=OBJECT)
    assert json.loads(answer.choices[0].message.content or "") == {"a": 1}
    assert answer.choices[0].finish_reason == "stop"
    assert choice(runtime.requests[0]) == {"tool": {"name": "json_answer"}}
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="colours", messages=ASK, response_format=OBJECT)


@pytest.mark.parametrize(
    ("top", "value"),
    [
        ({"type": "array", "items": {"$ref": "#/$defs/c"}, "$defs": {"c": {"type": "string"}}}, ["đỏ"]),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, None),
        ({"type": "object", "properties": {"value": {"type": "integer"}}}, {"value": 1}),
    ],
)
def test_a_schema_may_have_any_top(client: OpenAI, runtime: ScriptedRuntime, top: dict[str, Any], value: Any) -> None:
    whole = top.get("type") == "object"
    runtime.answers = [converse_answer(used("colour", **(value if whole else {"value": value})), stop="tool_use")]
    answer = client.chat.completions.create(model="colours", messages=ASK, response_format=schema("colour", top))
    assert json.loads(answer.choices[0].message.content or "") == value
    given = runtime.requests[0]["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert given["type"] == "object"
    assert ("#/properties/value/$defs/c" in json.dumps(given)) == ("$defs" in top)
    if not whole:
        runtime.answers = [converse_answer(used("colour", other=1), stop="tool_use")]
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="colours", messages=ASK, response_format=schema("colour", top))


def test_a_form_goes_together_with_tools(client: OpenAI, runtime: ScriptedRuntime) -> None:
    form = schema("weather", {"type": "object"})  # has a tool's name, too
    early = converse_answer(CALL, used("weather_2", city="?"), stop="tool_use")
    runtime.answers = [early, converse_answer(used("weather_2", city="Huế"), stop="tool_use")]
    asked = client.chat.completions.create(model="colours", messages=ASK, tools=[TOOL], response_format=form)
    message = asked.choices[0].message
    assert (message.content, asked.choices[0].finish_reason) == (None, "tool_calls")
    assert [call.id for call in message.tool_calls or []] == ["t1"]
    assert choice(runtime.requests[0]) == {"any": {}}

    history: Any = [*ASK, message, {"role": "tool", "tool_call_id": "t1", "content": None, "name": "weather"}]
    done = client.chat.completions.create(model="colours", messages=history, tools=[TOOL], response_format=form)
    assert (done.choices[0].message.content, done.choices[0].finish_reason) == ('{"city": "Huế"}', "stop")

    for demanded in ("required", {"type": "function", "function": {"name": "weather"}}):
        runtime.answers = [converse_answer(CALL, stop="tool_use")]
        tool_choice: Any = demanded
        client.chat.completions.create(
            model="colours", messages=ASK, tools=[TOOL], tool_choice=tool_choice, response_format=form
        )
        assert [tool["toolSpec"]["name"] for tool in runtime.requests[-1]["toolConfig"]["tools"]] == ["weather"]
    runtime.answers = [converse_answer(used("weather_2", city="Huế"), stop="tool_use")]
    client.chat.completions.create(
        model="colours", messages=history, tools=[TOOL], tool_choice="none", response_format=form
    )
    assert choice(runtime.requests[-1]) == {"tool": {"name": "weather_2"}}


def test_only_the_first_call_is_returned_where_several_are_not_wanted(client: OpenAI, runtime: ScriptedRuntime) -> None:
    second = {"toolUse": {**CALL["toolUse"], "toolUseId": "t3"}}
    for wanted, calls in ((False, ["t1"]), (True, ["t1", "t3"])):
        runtime.answers = [converse_answer(CALL, second, stop="tool_use")]
        answer = client.chat.completions.create(model="colours", messages=ASK, tools=[TOOL], parallel_tool_calls=wanted)
        assert [call.id for call in answer.choices[0].message.tool_calls or []] == calls


def test_several_answers_are_as_many_calls_and_counted_so(
    client: OpenAI, runtime: ScriptedRuntime, store: ServingTable
) -> None:
    runtime.answers = [converse_answer({"text": text}) for text in "abc"]
    answer = client.chat.completions.create(model="colours", messages=ASK, n=3)
    assert sorted(each.message.content or "" for each in answer.choices) == ["a", "b", "c"]
    assert [each.index for each in answer.choices] == [0, 1, 2]
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (30, 9)

    runtime.answers = [converse_answer({"text": text}) for text in "abc"]
    chunks = list(client.chat.completions.create(model="colours", messages=ASK, n=3, stream=True))
    assert {chunk.choices[0].index for chunk in chunks if chunk.choices} == {0, 1, 2}

    runtime.answers = [converse_answer({"text": "a"}), ModelCallError("ModelErrorException", "")]
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="colours", messages=ASK, n=2)
    pages = store.usage("colours", answered_on(answer.created), answered_on(answer.created))
    assert [(each.requests, each.input_tokens) for each in pages] == [(7, 70)], "what was answered is paid for"


def answered_on(created: int) -> date:
    return datetime.fromtimestamp(created, UTC).date()


def test_both_names_of_the_longest_answer_hold(client: OpenAI, runtime: ScriptedRuntime) -> None:
    client.chat.completions.create(model="colours", messages=ASK, max_tokens=5, max_completion_tokens=9)
    assert runtime.requests[0]["inferenceConfig"] == {"maxTokens": 5}


def test_names_are_given_to_the_model_where_several_people_speak(client: OpenAI, runtime: ScriptedRuntime) -> None:
    def texts() -> list[str]:
        return [block["text"] for message in runtime.requests[-1]["messages"] for block in message["content"]]

    alone: Any = [{"role": "user", "content": "a", "name": "user"}]
    client.chat.completions.create(model="colours", messages=[{"role": "system", "content": "s", "name": "x"}, *alone])
    assert texts() == ["a"]
    answer: Any = {"role": "assistant", "content": "b", "name": "writer"}
    client.chat.completions.create(
        model="colours", messages=[*alone, answer, {"role": "user", "content": "c", "name": "Linh"}]
    )
    assert texts() == ["user: a", "b", "Linh: c"]


def test_answers_come_back_with_what_libraries_added(client: OpenAI, runtime: ScriptedRuntime) -> None:
    function = {"name": "weather", "arguments": "{}", "parsed_arguments": {}}
    answer: Any = {
        "role": "assistant",
        "content": [{"type": "text", "text": "b", "cache_control": {"type": "ephemeral"}}],
        "tool_calls": [{"id": "t1", "type": "function", "function": function, "index": 0}],
        "name": "agent",
        "annotations": [{"type": "url_citation"}],
        "reasoning": "hmm",
        "reasoning_details": [{}],
        "thinking_blocks": [{}],
        "provider_specific_fields": {"x": 1},
        "parsed": None,
        "index": 0,
        "id": "msg_1",
    }
    history: Any = [*ASK, answer, {"role": "tool", "tool_call_id": "t1", "content": "nắng", "name": "weather"}]
    client.chat.completions.create(model="colours", messages=history, tools=[TOOL])
    [_, said, _] = runtime.requests[0]["messages"]
    assert said["content"] == [{"text": "b"}, {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {}}}]


def test_an_image_may_have_lines_and_a_plain_url(client: OpenAI, runtime: ScriptedRuntime) -> None:
    image: Any = {"type": "image_url", "image_url": "data:image/gif;base64,R0lG\r\nODlh\n"}
    client.chat.completions.create(model="colours", messages=[{"role": "user", "content": [image]}])
    assert runtime.requests[0]["messages"][0]["content"] == [
        {"image": {"format": "gif", "source": {"bytes": b"GIF89a"}}}
    ]


def test_what_has_no_effect_is_named(client: OpenAI, runtime: ScriptedRuntime) -> None:
    without: dict[str, Any] = {
        "seed": 7,
        "frequency_penalty": 0.2,
        "presence_penalty": -0.2,
        "top_k": 40,
        "reasoning_effort": "low",
        "verbosity": "low",
        "service_tier": "flex",
        "prompt_cache_key": "k",
        "prediction": {"type": "content", "content": "x"},
        "store": True,
    }
    assert without.keys() == IGNORED.keys()
    raw = client.chat.completions.with_raw_response.create(
        model="colours", messages=ASK, extra_body=without, safety_identifier="linh"
    )
    assert raw.headers["x-tailor-ignored"].split(", ") == list(IGNORED)
    plain = client.chat.completions.with_raw_response.create(model="colours", messages=ASK, user="linh")
    assert "x-tailor-ignored" not in plain.headers
    first, second = runtime.requests
    assert first == second, "who asks is hashed the same, and the rest is not there"


def test_a_strict_key_refuses_what_would_be_ignored(
    gateway: Gateway, store: ServingTable, live: Version, runtime: ScriptedRuntime
) -> None:
    secret, key = keys.create(store, "strict", ["colours"], strict=True)
    kept = store.key(key.digest)
    assert kept is not None and kept.strict
    with connect(gateway, secret) as client:
        for act in (
            lambda: client.chat.completions.create(model="colours", messages=ASK, seed=1, stream=True),
            lambda: client.responses.create(model="colours", input="?", store=True),
        ):
            with pytest.raises(openai.BadRequestError) as refused:
                act()
            assert refused.value.code == "unknown_parameter"
            assert refused.value.param in ("seed", "store")
        assert not runtime.requests
        assert client.chat.completions.create(model="colours", messages=ASK, presence_penalty=0).choices
