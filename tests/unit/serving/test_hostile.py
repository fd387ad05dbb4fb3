"""A stranger's request costs an error message: always OpenAI's shape, never a 500, never an echo of content."""

import base64
import io
import json
import random
import re
from types import ModuleType
from typing import Any

import botocore.session
import pytest
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from tailor.serving.aliases import MediaRules, Version
from tailor.serving.chat import to_converse
from tailor.serving.errors import ApiError
from tailor.serving.estimates import prompt_tokens
from tailor.serving.images import decode
from tailor.serving.schema import ChatRequest
from tests.unit.serving.gateway import CONTEXT, CONVERSE, ROOT, ScriptedRuntime, proxy_event
from tests.unit.serving.mutations import answer, mutated, service

VERSION = Version(
    run="r", deployment="arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12", model="m"
)
SERIALIZER = create_serializer("rest-json")
OPERATION = botocore.session.get_session().get_service_model("bedrock-runtime").operation_model("Converse")
CALLER = {"key": "0123456789abcdef", "projects": "colours", "principalId": "x"}

scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
documents = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
texts = st.text(max_size=20)
ids = st.sampled_from(["a", "b", "not an id"])
parts = st.fixed_dictionaries({"type": st.just("text"), "text": texts}) | st.fixed_dictionaries(
    {
        "type": st.just("image_url"),
        "image_url": st.fixed_dictionaries({"url": texts | st.just("data:;base64,R0lGODlh")}),
    }
)
calls = st.fixed_dictionaries(
    {
        "id": ids,
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.just("f"), "arguments": st.sampled_from(["", "{}", "[", '{"a":1}'])}
        ),
    }
)
messages = st.one_of(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "developer", "user", "assistant"]), "content": texts}),
    st.fixed_dictionaries({"role": st.just("user"), "content": st.lists(parts, max_size=3)}),
    st.fixed_dictionaries({"role": st.just("assistant"), "tool_calls": st.lists(calls, max_size=2)}),
    st.fixed_dictionaries({"role": st.just("tool"), "tool_call_id": ids, "content": texts}),
    documents,
)
tools = st.fixed_dictionaries(
    {
        "type": st.just("function"),
        "function": st.fixed_dictionaries(
            {"name": st.sampled_from(["f", "g", "ü"])}, optional={"parameters": documents}
        ),
    }
)
requests = st.fixed_dictionaries(
    {"model": st.just("colours") | documents, "messages": st.lists(messages, max_size=5)},
    optional={
        "temperature": scalars,
        "max_tokens": scalars,
        "stop": texts | st.lists(texts, max_size=5) | documents,
        "tools": st.lists(tools, max_size=2) | documents,
        "tool_choice": st.sampled_from(["none", "auto", "required"]) | documents,
        "response_format": documents,
        "metadata": st.dictionaries(texts, texts, max_size=3) | documents,
        "user": texts,
        "stream": scalars,
    },
)


@given(requests | documents)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_json_is_translated_to_what_bedrock_takes_or_refused_by_name(document: Any) -> None:
    try:
        request = ChatRequest.parse(json.dumps(document).encode())
        converse = to_converse(request, "colours", VERSION)
    except ApiError as error:
        assert error.http_status == 400
        return
    roles = [message["role"] for message in converse["messages"]]
    assert roles == [("user", "assistant")[index % 2] for index in range(len(roles))]
    assert roles[-1] == "user"
    report = ParamValidator().validate(converse, CONVERSE)
    assert not report.has_errors(), report.generate_report()
    SERIALIZER.serialize_to_request(converse, OPERATION)


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-16")))
@settings(max_examples=150, deadline=None)
def test_any_bytes_are_refused_or_parsed(body: bytes) -> None:
    with pytest.raises(ApiError) as caught:
        ChatRequest.parse(body)
    assert caught.value.http_status == 400


def nested(depth: int, opening: str, closing: str) -> str:
    return opening * depth + "1" + closing * depth


HUGE_NUMBER = "9" * 5000
BODIES = {
    "deep list": nested(100_000, "[", "]"),
    "deep object": nested(100_000, '{"a":', "}"),
    "deep messages": '{"model":"colours","messages":' + nested(50_000, "[", "]") + "}",
    "huge number": '{"model":"colours","messages":[],"max_tokens":' + HUGE_NUMBER + "}",
    "huge exponent": '{"model":"colours","messages":[],"temperature":1e999999}',
    "large integer": '{"model":"colours","messages":[{"role":"user","content":"x"}],"temperature":1' + "0" * 400 + "}",
    "lone surrogate": '{"model":"colours","messages":[{"role":"user","content":"\\ud800"}]}',
    "long name": '{"model":"colours","messages":[],"' + "n" * 1_000_000 + '":1}',
    "many names": "{" + ",".join(f'"a{number}":1' for number in range(50_000)) + "}",
    "many messages": '{"model":"colours","messages":[' + ",".join(["7"] * 100_000) + "]}",
    "long model": '{"model":"' + "é" * 1_000_000 + '","messages":[{"role":"user","content":"x"}]}',
    "duplicate names": '{"model":"colours","model":7,"messages":[]}',
    "not base64": '{"model":"colours","messages":[{"role":"user","content":[{"type":"image_url",'
    '"image_url":{"url":"data:image/png;base64,' + "*" * 3_000_000 + '"}}]}]}',
}


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies_are_refused_in_shape(
    name: str, inference: ModuleType, runtime: ScriptedRuntime, logs: io.StringIO
) -> None:
    answer = inference.handler(proxy_event("POST", "/v1/chat/completions", BODIES[name], CALLER), CONTEXT)
    error = json.loads(answer["body"])["error"]
    assert answer["statusCode"] in (400, 404), error
    assert set(error) == {"message", "type", "param", "code"}
    assert len(answer["body"]) < 1000
    assert len(logs.getvalue()) < 3000
    assert not runtime.requests


def documented() -> set[tuple[int, str | None]]:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE)
    return {(200, None), *((int(status), code) for status, code in rows)}


def test_mutated_bodies_get_answers_that_are_documented_and_no_5xx() -> None:
    """``python -m benchmarks.hostile`` measures 20,000 of them."""
    chat = service()
    answers = {answer(chat, path, body) for path, body in mutated(150, seed=random.randrange(10**9))}
    assert answers <= documented()
    assert len(answers) > 5


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize(
    "body", ["many messages", "many letters", "many values", "many arguments", "many names inside", "many members"]
)
def test_what_is_too_much_is_refused_before_it_is_checked(
    body: str, inference: ModuleType, runtime: ScriptedRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": json.dumps({"a": [1] * 31_000})}}
    said = {"role": "assistant", "tool_calls": [call]}
    messages: dict[str, list[Any]] = {
        "many messages": [7] * 100_000,
        "many letters": [{"role": "user", "content": "x"}] * 100_000,
        "many values": [{"role": "user", "content": [{"type": "text", "text": "x"}] * 16_000}],
        "many arguments": [{"role": "user", "content": "x"}, said, {"role": "tool", "tool_call_id": "c"}],
        "many names inside": [{"role": "user", "content": "x"} | {f"n{n}": 1 for n in range(31_000)}],
        "many members": [{"role": "user", "content": "x"} | {f"n{n}": 1 for n in range(2_001)}],
    }
    if body != "many arguments":  # which are looked at once all else is known to be sound
        monkeypatch.setattr(ChatRequest, "model_validate", None)
    text = json.dumps({"model": "colours", "messages": messages[body]})
    answer = inference.handler(proxy_event("POST", "/v1/chat/completions", text, CALLER), CONTEXT)
    error = json.loads(answer["body"])["error"]
    assert (answer["statusCode"], error["code"]) == (400, "invalid_value")
    assert "more than" in error["message"]
    assert not runtime.requests


def test_json_in_a_text_counts_as_text() -> None:
    rows = json.dumps([{"a": number} for number in range(40_000)])
    body = json.dumps({"model": "m", "messages": [{"role": "user", "content": rows}]}).encode()
    assert ChatRequest.parse(body).messages[0].content == rows


def test_only_the_first_of_many_wrong_items_is_described() -> None:
    messages = [{"role": "user", "content": [{"type": "text"}] * 9}] * 900
    with pytest.raises(ValidationError) as caught:
        ChatRequest.model_validate({"model": "m", "messages": messages})
    assert len(caught.value.errors()) == 1


@pytest.mark.parametrize("number", ["1e400", "-1e999", "9" * 400])
def test_numbers_that_no_double_holds_are_refused_wherever_they_are(number: str) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": f'{{"a": {number}}}'}}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}, {"role": "assistant", "tool_calls": [call]}]}
    with pytest.raises(ApiError) as caught:
        to_converse(ChatRequest.parse(json.dumps(body).encode()), "colours", VERSION)
    assert caught.value.param == "messages[1].tool_calls[0].function.arguments"
    schema = f'{{"model": "m", "messages": [], "tools": [{{"parameters": {{"default": {number}}}}}]}}'
    with pytest.raises(ApiError) as caught:
        ChatRequest.parse(schema.encode())
    assert caught.value.code == "invalid_json"


@pytest.mark.usefixtures("live")
def test_a_lone_surrogate_in_the_event_is_refused(inference: ModuleType, runtime: ScriptedRuntime) -> None:
    answer = inference.handler(proxy_event("POST", "/v1/chat/completions", '{"model": "\ud800"}', CALLER), CONTEXT)
    assert answer["statusCode"] == 400


@pytest.mark.usefixtures("live")
def test_deep_tool_schemas_are_passed_on_or_refused(inference: ModuleType, runtime: ScriptedRuntime) -> None:
    for depth in (50, 150, 5000):
        schema = nested(depth, '{"a":', "}")
        body = '{"model":"colours","messages":[{"role":"user","content":"x"}],"tools":[{"type":"function","function":'
        body += '{"name":"f","parameters":' + schema + "}}]}"
        answer = inference.handler(proxy_event("POST", "/v1/chat/completions", body, CALLER), CONTEXT)
        assert answer["statusCode"] in (200, 400)
    for request in runtime.requests:
        SERIALIZER.serialize_to_request(request, OPERATION)


def url(data: bytes, header: str = "data:image/png;base64,") -> str:
    return header + base64.b64encode(data).decode()


IMAGES = {
    "png": b"\x89PNG\r\n\x1a\n" + b"1",
    "jpeg": b"\xff\xd8\xff\xe0",
    "gif": b"GIF89a",
    "webp": b"RIFF\0\0\0\0WEBPVP8 ",
}


@pytest.mark.parametrize("format", IMAGES)
def test_formats_are_told_from_the_bytes_whatever_the_url_says(format: str) -> None:
    for header in ("data:image/png;base64,", "data:;base64,", "DATA:image/svg+xml;charset=utf-8;BASE64,"):
        assert decode(url(IMAGES[format], header), MediaRules(), "p") == (format, IMAGES[format])


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ("https://example.com/a.png", "invalid_image_url"),
        ("http://169.254.169.254/latest/meta-data/", "invalid_image_url"),
        ("file:///etc/passwd", "invalid_image_url"),
        ("s3://bucket/key.png", "invalid_image_url"),
        ("data:image/png,raw", "invalid_image_url"),
        ("data:" + "a" * 100_000 + ";base64,AAAA", "invalid_image_url"),
        ("data:image/png" + ";a=b" * 100_000 + ";base64,AAAA", "invalid_image_url"),
        ("", "invalid_image_url"),
        ("data:image/png;base64,", "invalid_image_format"),
        ("data:image/png;base64,AAA", "invalid_base64"),
        ("data:image/png;base64,đỏ", "invalid_base64"),
        ("data:image/png;base64,iVBORw0KGgo\n", "invalid_base64"),
        ("data:image/png;base64,iVBORw0K-_==", "invalid_base64"),
        (url(b"<svg/>"), "invalid_image_format"),
        (url(b"%PDF-1.7"), "invalid_image_format"),
        (url(IMAGES["png"] + bytes(100)), "image_too_large"),
    ],
)
def test_what_is_no_image_is_refused_by_name(given: str, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        decode(given, MediaRules(image_bytes=64), "messages[0].content[0].image_url.url")
    assert (caught.value.http_status, caught.value.code) == (400, code)
    assert caught.value.param == "messages[0].content[0].image_url.url"
    assert len(caught.value.message) < 300


def test_an_image_of_exactly_the_largest_size_is_taken() -> None:
    for size in range(60, 68):
        data = IMAGES["gif"] + random.Random(size).randbytes(size - 6)
        if size <= 64:
            assert decode(url(data), MediaRules(image_bytes=64), "p")[1] == data
        else:
            with pytest.raises(ApiError):
                decode(url(data), MediaRules(image_bytes=64), "p")


def test_only_the_versions_own_formats_are_taken() -> None:
    with pytest.raises(ApiError, match="png, jpeg"):
        decode(url(IMAGES["webp"]), MediaRules(image_formats=("png", "jpeg")), "p")


VIDEOS = {
    "mp4": b"\0\0\0\x18ftypmp42",
    "mov": b"\0\0\0\x14ftypqt  ",
    "mkv": b"\x1aE\xdf\xa3\x01B\x82\x88matroska",
    "webm": b"\x1aE\xdf\xa3\x01B\x82\x84webm",
}


def video(data: str, count: int = 1) -> bytes:
    part = {"type": "video_url", "video_url": {"url": data}}
    content = [*[part] * count, {"type": "text", "text": "x"}]
    return json.dumps({"model": "colours", "messages": [{"role": "user", "content": content}]}).encode()


@pytest.mark.parametrize("format", VIDEOS)
def test_a_model_that_was_trained_on_video_takes_one(format: str) -> None:
    trained = VERSION.model_copy(update={"media": MediaRules(images=0, videos=1)})
    request = ChatRequest.parse(video(url(VIDEOS[format], "data:video/mp4;base64,")))
    converse = to_converse(request, "colours", trained)
    block = converse["messages"][0]["content"][0]
    assert block == {"video": {"format": format, "source": {"bytes": VIDEOS[format]}}}
    assert not ParamValidator().validate(converse, CONVERSE).has_errors()
    assert prompt_tokens(converse) > 20_000


@pytest.mark.parametrize(
    ("given", "videos", "count", "code"),
    [
        (url(VIDEOS["mp4"]), 0, 1, "too_many_videos"),
        (url(VIDEOS["mp4"]), 1, 2, "too_many_videos"),
        ("https://example.com/a.mp4", 1, 1, "invalid_video_url"),
        ("s3://bucket/a.mp4", 1, 1, "invalid_video_url"),
        (url(IMAGES["png"]), 1, 1, "invalid_video_format"),
        ("data:video/mp4;base64,AAA", 1, 1, "invalid_base64"),
    ],
)
def test_other_videos_are_refused_by_name(given: str, videos: int, count: int, code: str) -> None:
    version = VERSION.model_copy(update={"media": MediaRules(videos=videos)})
    with pytest.raises(ApiError) as caught:
        to_converse(ChatRequest.parse(video(given, count)), "colours", version)
    assert (caught.value.http_status, caught.value.code) == (400, code)
