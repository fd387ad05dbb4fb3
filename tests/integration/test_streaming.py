"""Streams through the deployed API: the first byte is read before the last token is made, whoever reads."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tailor.serving import keys
from tailor.serving.aliases import Guardrail, Version, promote
from tailor.serving.keys import RateLimits
from tailor_local.bedrock.faults import Faults, Refusal
from tests.integration.pipeline import Pipeline
from tests.integration.standin import picture
from tests.waiting import PATIENCE, until

SetFaults = Callable[[Faults], None]
ASK: list[Any] = [{"role": "user", "content": "Màu gì?"}]


@pytest.fixture
def secret(pipeline: Pipeline, deployment: str) -> str:
    version = Version(run="streams-scenes-1", deployment=deployment, model="nova-lite")
    if not pipeline.serving.alias("streams").live:
        promote(pipeline.serving, "streams", version, None, "test")
    return keys.create(pipeline.serving, "test", ["streams"])[0]


@pytest.fixture
def api(pipeline: Pipeline, secret: str) -> Iterator[OpenAI]:
    with OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0, timeout=PATIENCE) as client:
        yield client


def counted(pipeline: Pipeline) -> tuple[int, int, int]:
    today = datetime.now(UTC).date()
    found = pipeline.serving.usage("streams", today - timedelta(days=1), today)
    used = [(one.requests, one.input_tokens, one.output_tokens) for one in found]
    return tuple(map(sum, zip(*used, strict=True))) if used else (0, 0, 0)  # type: ignore[return-value]


def test_the_official_client_reads_before_the_last_token_is_made(
    api: OpenAI, pipeline: Pipeline, faults: SetFaults
) -> None:
    whole = api.chat.completions.create(model="streams", messages=ASK)
    before = counted(pipeline)
    faults(Faults(hold_streams=True))
    stream = api.chat.completions.create(
        model="streams", messages=ASK, stream=True, stream_options={"include_usage": True}
    )
    first = next(stream)
    assert first.choices[0].delta.role == "assistant"
    faults(Faults())  # only now the last token is made
    *rest, last = stream
    assert "".join(chunk.choices[0].delta.content or "" for chunk in rest) == whole.choices[0].message.content
    assert last.usage == whole.usage
    assert last.usage
    after = counted(pipeline)
    assert tuple(now - then for now, then in zip(after, before, strict=True)) == (
        1,
        last.usage.prompt_tokens,
        last.usage.completion_tokens,
    )

    faults(Faults(hold_streams=True))
    events = api.responses.create(model="streams", input="Màu gì?", stream=True)
    assert next(events).type == "response.created"
    faults(Faults())
    *_, done = events
    assert done.type == "response.completed"
    assert done.response.output_text == whole.choices[0].message.content


def test_raw_bytes_come_in_pieces_and_plain_answers_of_the_path_stay(
    pipeline: Pipeline, secret: str, faults: SetFaults
) -> None:
    headers = {"Authorization": f"Bearer {secret}"}
    body: dict[str, Any] = {"model": "streams", "messages": ASK, "seed": 1}
    url = f"{pipeline.api}/chat/completions"
    faults(Faults(hold_streams=True))
    with httpx.stream("POST", url, headers=headers, json={**body, "stream": True}, timeout=PATIENCE) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert (answer.headers["x-tailor-version"], answer.headers["x-tailor-ignored"]) == ("streams-scenes-1", "seed")
        pieces = answer.iter_raw()
        assert next(pieces).startswith(b"data: {")
        faults(Faults())
        assert b"".join(pieces).endswith(b"data: [DONE]\n\n")
    plain = httpx.post(url, headers=headers, json=body, timeout=PATIENCE)
    assert (plain.status_code, plain.headers["content-type"]) == (200, "application/json")
    assert plain.json()["usage"]["completion_tokens"] > 0
    assert httpx.post(url, headers=headers, json={}, timeout=PATIENCE).status_code == 400
    assert httpx.get(f"{pipeline.api}/models/streams", headers=headers, timeout=PATIENCE).json()["id"] == "streams"
    assert httpx.get(f"{pipeline.api}/models/gone", headers=headers, timeout=PATIENCE).status_code == 404


def test_an_early_error_is_a_status_and_a_late_one_an_event(api: OpenAI, pipeline: Pipeline, faults: SetFaults) -> None:
    faults(Faults(refusals=(Refusal(operation="ConverseStream"),)))
    with pytest.raises(openai.RateLimitError):
        api.chat.completions.create(model="streams", messages=ASK, stream=True)
    faults(Faults(stream_failure="modelStreamErrorException"))
    before = counted(pipeline)
    stream = api.chat.completions.create(model="streams", messages=ASK, stream=True)
    assert next(stream).choices[0].delta.role == "assistant"
    with pytest.raises(openai.APIError) as caught:
        list(stream)
    assert caught.value.code == "model_error"
    assert counted(pipeline)[0] == before[0] + 1


def test_a_crowd_at_a_cold_api_is_answered(pipeline: Pipeline, secret: str, setting: Callable[..., None]) -> None:
    for function in ("InferenceFunction", "AuthorizeFunction"):
        setting(function, COLD="1")  # it ends the processes that run
    started = pipeline.cloud.warm()  # as `make up` does: one of each
    assert {"InferenceFunction", "AuthorizeFunction", "ManageFunction"} <= {name.split("-")[1] for name in started}
    before = counted(pipeline)

    async def crowd() -> list[httpx.Response]:
        headers = {"Authorization": f"Bearer {secret}"}
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(headers=headers, timeout=PATIENCE, limits=limits) as client:
            url, body = f"{pipeline.api}/chat/completions", {"model": "streams", "messages": ASK}
            return await asyncio.gather(*(client.post(url, json=body) for _ in range(50)))

    answers = asyncio.run(crowd())
    assert [answer.status_code for answer in answers] == [200] * 50
    used = [answer.json()["usage"] for answer in answers]
    tokens = (sum(each["prompt_tokens"] for each in used), sum(each["completion_tokens"] for each in used))
    assert tuple(now - then for now, then in zip(counted(pipeline), before, strict=True)) == (50, *tokens)


def test_a_client_that_goes_is_counted_all_the_same(pipeline: Pipeline, secret: str, faults: SetFaults) -> None:
    before = counted(pipeline)
    faults(Faults(hold_streams=True))
    body = {"model": "streams", "messages": ASK, "stream": True}
    headers = {"Authorization": f"Bearer {secret}"}
    url = f"{pipeline.api}/chat/completions"
    with httpx.stream("POST", url, headers=headers, json=body, timeout=PATIENCE) as answer:
        next(answer.iter_raw())
    faults(Faults())  # the connection is closed
    after = until(lambda: counted(pipeline), lambda now: now[0] > before[0])
    assert after[0] == before[0] + 1
    assert after[2] > before[2]


def test_uploads_a_guardrail_and_a_fallback_work_in_the_functions_role(
    pipeline: Pipeline, deployment: str, faults: SetFaults
) -> None:
    made = pipeline.cloud.client("bedrock").create_guardrail(
        name="streams",
        blockedInputMessaging="Không hỏi vậy.",
        blockedOutputsMessaging="Không đáp vậy.",
        wordPolicyConfig={"wordsConfig": [{"text": "bí mật"}]},
    )
    guardrail = Guardrail(id=made["guardrailId"], version="DRAFT")
    version = Version(run="guarded-scenes-1", deployment=deployment, model="nova-lite", guardrail=guardrail)
    version = version.model_copy(update={"fallback": "base", "base": "amazon.nova-lite-v1:0"})
    promote(pipeline.serving, "guarded", version, None, "test")
    pipeline.bucket.write("uploads/guarded/seen/a.png", picture("đỏ", 0))
    url = pipeline.bucket.uri("uploads/guarded/seen/a.png")
    shown: list[Any] = [
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": "Màu gì?"}],
        }
    ]
    secret = keys.create(pipeline.serving, "test", ["guarded"])[0]
    with OpenAI(base_url=pipeline.api, api_key=secret, max_retries=0, timeout=PATIENCE) as client:
        answer = client.chat.completions.create(model="guarded", messages=shown)
        assert answer.choices[0].message.content == "đỏ"
        secretive: list[Any] = [{"role": "user", "content": "Bí mật gì?"}]
        chunks = list(client.chat.completions.create(model="guarded", messages=secretive, stream=True))
        assert chunks[-1].choices[0].finish_reason == "content_filter"
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "Không hỏi vậy."
        faults(Faults(refusals=(Refusal(operation="Converse*", times=1),)))
        fallen: Any = client.chat.completions.create(model="guarded", messages=ASK)
        assert (fallen.system_fingerprint, fallen.tailor_fallback["to"]) == ("base:nova-lite", "base")


def test_a_used_up_budget_stops_a_client_and_is_announced(
    pipeline: Pipeline, deployment: str, setting: Callable[..., None]
) -> None:
    setting("InferenceFunction", PRICES='{"nova-lite": {"custom-input": 1, "custom-output": 1}}')
    version = Version(run="budgeted-scenes-1", deployment=deployment, model="nova-lite")
    promote(pipeline.serving, "budgeted", version, None, "test")
    secret, _ = keys.create(pipeline.serving, "test", ["budgeted"], limits=RateLimits(cents_per_month=1))
    with OpenAI(base_url=pipeline.api, api_key=secret, timeout=PATIENCE) as client:
        answers = [client.chat.completions.create(model="budgeted", messages=ASK)]
        with pytest.raises(openai.RateLimitError) as caught:
            while len(answers) < 10:  # a cent is ten tokens
                answers.append(client.chat.completions.create(model="budgeted", messages=ASK))
    assert caught.value.code == "insufficient_quota"
    assert caught.value.response.headers["x-should-retry"] == "false"
    spent = sum(answer.usage.total_tokens for answer in answers if answer.usage)
    told = httpx.get(f"{pipeline.api}/usage", headers={"x-api-key": secret}, timeout=PATIENCE).json()
    assert (told["total"]["requests"], told["total"]["throttled"]) == (len(answers), 1)
    assert float(told["budget"]["spent_usd"]) == pytest.approx(spent / 1000)
    until(lambda: [subject for subject in pipeline.inbox.read() if subject.startswith("budgeted:")], bool)
