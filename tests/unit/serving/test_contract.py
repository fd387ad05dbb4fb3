"""What apps rely on, through the official client."""

import base64
import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import httpx
import openai
import pytest
from openai import OpenAI

from tailor.aws.serving import ServingTable
from tailor.errors import ConflictError, NotFoundError, RetryableError
from tailor.serving import aliases, keys
from tailor.serving.aliases import Version
from tailor.serving.budgets import BudgetOwner
from tailor.serving.errors import ModelCallError
from tailor.serving.keys import RateLimits
from tests.unit.serving.conftest import connect
from tests.unit.serving.gateway import LOOPBACK, Gateway, ScriptedRuntime, converse_answer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(32)
IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(PNG).decode()}}
ASK: list[Any] = [{"role": "user", "content": "Màu gì?"}]


def test_a_question_about_an_image_is_answered_by_the_live_version(client: OpenAI, runtime: ScriptedRuntime) -> None:
    question: Any = [{"role": "user", "content": [IMAGE, {"type": "text", "text": "Màu gì?"}]}]

    raw = client.chat.completions.with_raw_response.create(
        model="colours", messages=question, max_completion_tokens=64, temperature=0, top_p=0.5, stop="\n", user="u1"
    )

    answer = raw.parse()
    assert answer.choices[0].message.content == "đỏ"
    assert answer.choices[0].finish_reason == "stop"
    assert (answer.model, answer.object, answer.system_fingerprint) == (
        "colours",
        "chat.completion",
        "colours-scenes-1",
    )
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (10, 3, 13)
    assert raw.headers["x-tailor-version"] == "colours-scenes-1"
    assert raw.headers["x-request-id"]
    [request] = runtime.requests
    assert request["messages"] == [
        {"role": "user", "content": [{"image": {"format": "png", "source": {"bytes": PNG}}}, {"text": "Màu gì?"}]}
    ]
    assert request["inferenceConfig"] == {"maxTokens": 64, "temperature": 0, "topP": 0.5, "stopSequences": ["\n"]}
    assert request["system"] == [{"text": "Trả lời ngắn gọn."}]
    assert request["requestMetadata"]["tailor-project"] == "colours"
    assert request["requestMetadata"]["tailor-version"] == "colours-scenes-1"
    assert "u1" not in request["requestMetadata"].values()


def test_models_are_those_of_the_key_that_are_live(client: OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["colours"]
    model = client.models.retrieve("colours")
    assert (model.id, model.object, model.owned_by) == ("colours", "model", "tailor")


def refused(gateway: Gateway, secret: str, model: str = "colours") -> openai.APIStatusError:
    with connect(gateway, secret) as client, pytest.raises(openai.APIStatusError) as caught:
        client.chat.completions.create(model=model, messages=ASK)
    error = caught.value
    assert isinstance(error.body, dict)
    assert set(error.body) == {"message", "type", "param", "code"}
    return error


def test_wrong_expired_and_revoked_keys_are_401(gateway: Gateway, store: ServingTable, live: Version) -> None:
    now = datetime.now(UTC)
    long_ago = now - timedelta(days=2)
    expired, _ = keys.create(store, "old", ["colours"], expires_at=now - timedelta(days=1), now=long_ago)
    revoked, key = keys.create(store, "gone", ["colours"])
    mistyped = revoked[:-1] + ("b" if revoked.endswith("a") else "a")
    assert refused(gateway, mistyped).status_code == 401
    store.revoke_key(key.id, now)
    for secret in (expired, revoked, "sk-somebody-elses", "đỏ".encode().hex(), "tailor-colours-" + "a" * 40):
        error = refused(gateway, secret)
        assert (error.status_code, error.code) == (401, "invalid_api_key")
        assert isinstance(error, openai.AuthenticationError)


def test_no_key_is_401_in_the_same_shape(gateway: Gateway) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(f"{gateway.url}/models")
    with caught.value as error:
        assert error.code == 401
        assert json.load(error)["error"]["code"] == "invalid_api_key"


def test_a_key_of_another_project_is_403_and_an_unknown_model_404(gateway: Gateway, secret: str) -> None:
    other = refused(gateway, secret, "secret")
    assert (other.status_code, other.code, other.param) == (403, "model_access_denied", "model")
    for unknown in ("gpt-4o", "sounds", "colours@nowhere", "colours@", "secrets", "meta/llama", "../x", "", "é" * 300):
        error = refused(gateway, secret, unknown)
        assert (error.status_code, error.code, error.param) == (404, "model_not_found", "model"), unknown


def test_a_project_that_was_taken_offline_says_so_to_its_own_keys_and_not_why(
    gateway: Gateway, client: OpenAI, secret: str, store: ServingTable
) -> None:
    aliases.take_offline(
        store, "colours", "person:linh", "it invents prices", now=datetime(2026, 11, 26, 9, tzinfo=UTC)
    )
    for name in ("colours", "colours@colours-scenes-1"):
        error = refused(gateway, secret, name)
        assert (error.status_code, error.code, error.param) == (404, "model_offline", "model")
        assert "'colours' was taken offline on 2026-11-26 09:00 UTC" in error.message
        assert not {"linh", "prices"} & set(re.findall(r"\w+", error.message))
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("colours")
    assert [model.id for model in client.models.list()] == []
    stranger, _ = keys.create(store, "theirs", ["secret"])
    assert refused(gateway, stranger, "colours").code == "model_not_found"


def test_a_paused_model_is_503_and_its_own_keys_calls_bring_it_back(
    gateway: Gateway, client: OpenAI, secret: str, store: ServingTable
) -> None:
    at = datetime(2026, 11, 26, 9, tzinfo=UTC)
    paused = aliases.end_service(store, "colours", "colours-scenes-1", "reconcile", "idle", now=at, returns="call")
    assert paused.paused
    with pytest.raises(openai.InternalServerError) as shown:
        client.models.retrieve("colours")
    assert "a call brings it back" in shown.value.message
    stranger, _ = keys.create(store, "theirs", ["secret"])
    poor, record = keys.create(store, "poor", ["colours"], limits=RateLimits(cents_per_month=1))
    store.set_spent(BudgetOwner("key", record.id), f"{datetime.now(UTC):%Y-%m}", Decimal(1))
    assert refused(gateway, stranger, "colours").code == "model_not_found"
    assert refused(gateway, poor, "colours").status_code == 429
    assert store.return_asked("colours", at) is None
    first = refused(gateway, secret, "colours")
    assert (first.status_code, first.code, first.response.headers["retry-after"]) == (503, "model_paused", "60")
    assert "'colours' is coming back since " in first.message
    asked = store.return_asked("colours", at)
    assert asked
    refused(gateway, secret, "colours")
    assert store.return_asked("colours", at) == asked
    assert refused(gateway, secret, "colours@colours-scenes-1").code == "model_offline"


def test_a_closed_model_is_503_until_its_opening_and_no_call_is_recorded(
    gateway: Gateway, secret: str, store: ServingTable
) -> None:
    now = datetime.now(UTC)
    for opens_at, words in ((now + timedelta(hours=14), "closed until"), (now, "is coming back since")):
        aliases.closes_again(store, "colours", opens_at)
        aliases.end_service(
            store, "colours", "colours-scenes-1", "r", "closed", now=now, returns="opening", opens_at=opens_at
        )
        error = refused(gateway, secret, "colours")
        assert (error.status_code, error.code) == (503, "model_paused")
        assert words in error.message
        wait, again = error.response.headers["retry-after"], error.response.headers.get("x-should-retry")
        assert (int(wait) > 14 * 3600 - 100, again) in ((True, "false"), (False, None))
    assert store.return_asked("colours", now) is None


def test_retrieving_models_follows_the_same_rules(client: OpenAI) -> None:
    with pytest.raises(openai.PermissionDeniedError):
        client.models.retrieve("secret")
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nothing")


def post(gateway: Gateway, secret: str, body: bytes, path: str = "/chat/completions") -> tuple[int, dict[str, Any]]:
    headers = {"authorization": f"Bearer {secret}", "content-type": "application/json"}
    request = urllib.request.Request(gateway.url + path, body, headers)
    try:
        with urllib.request.urlopen(request) as response:
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)["error"]


def test_a_body_that_is_no_json_is_400(gateway: Gateway, secret: str) -> None:
    for body in (b"", b"no json", b"{", b'{"model": NaN}', b'{"model": "\\ud800"}', b"[" * 100_000):
        status, error = post(gateway, secret, body)
        assert (status, error["code"]) == (400, "invalid_json"), body[:20]
    for body in (b"[]", b"null", b'"text"', b"1"):
        status, error = post(gateway, secret, body)
        assert (status, error["code"]) == (400, "invalid_type"), body


def test_an_unknown_path_is_404(gateway: Gateway, secret: str) -> None:
    status, error = post(gateway, secret, b"{}", "/embeddings")
    assert (status, error["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("reason", "status", "code", "retry"),
    [
        ("ValidationException", 400, "invalid_request", False),
        ("AccessDeniedException", 403, "model_access_denied", False),
        ("ResourceNotFoundException", 404, "model_not_found", False),
        ("ThrottlingException", 429, "rate_limit_exceeded", True),
        ("ModelNotReadyException", 503, "model_not_ready", True),
        ("ModelTimeoutException", 504, "model_timeout", False),
        ("ModelErrorException", 502, "model_error", False),
        ("InternalServerException", 503, "service_unavailable", True),
        ("ServiceUnavailableException", 503, "service_unavailable", True),
        ("SomethingNew", 502, "model_error", False),
    ],
)
def test_bedrocks_errors_keep_their_meaning(
    gateway: Gateway, secret: str, runtime: ScriptedRuntime, reason: str, status: int, code: str, retry: bool
) -> None:
    arn = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12"
    runtime.answers = [ModelCallError(reason, f"no {arn}")]
    error = refused(gateway, secret)
    assert (error.status_code, error.code) == (status, code)
    assert ("retry-after" in error.response.headers) == retry
    assert "123456789012" not in error.response.text


def test_an_over_long_conversation_is_told_apart(gateway: Gateway, secret: str, runtime: ScriptedRuntime) -> None:
    runtime.answers = [ModelCallError("ValidationException", "Input is too long for requested model.")]
    assert refused(gateway, secret).code == "context_length_exceeded"


def test_a_bug_tells_nothing_of_itself_or_of_the_request(
    gateway: Gateway, secret: str, runtime: ScriptedRuntime, logs: io.StringIO
) -> None:
    runtime.answers = [KeyError("Màu gì? internals")]
    error = refused(gateway, secret)
    assert (error.status_code, error.code) == (500, "internal_error")
    assert "internals" not in error.response.text + logs.getvalue()
    assert "KeyError" in logs.getvalue()


@pytest.mark.parametrize(
    ("error", "status"),
    [(RetryableError("throttled"), 503), (NotFoundError("no table"), 500), (ConflictError("x"), 500)],
)
def test_a_table_that_fails_is_the_services_fault(
    gateway: Gateway,
    secret: str,
    inference: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    status: int,
) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr(inference.service._counters, "standing", fail)
    told = refused(gateway, secret)
    assert told.status_code == status
    assert "table" not in told.response.text


def test_nothing_of_a_conversation_is_logged(
    client: OpenAI, runtime: ScriptedRuntime, secret: str, logs: io.StringIO
) -> None:
    runtime.answers = [converse_answer({"text": "câu trả lời"})]
    client.chat.completions.create(model="colours", messages=[{"role": "user", "content": "câu hỏi"}], user="somebody")
    assert '"input_tokens":10' in logs.getvalue()
    for private in ("câu", "c\\u00e2u", "somebody", secret):
        assert private not in logs.getvalue()


def test_promotion_changes_what_answers_without_a_change_in_the_app(
    client: OpenAI, store: ServingTable, version: Callable[..., Version], runtime: ScriptedRuntime
) -> None:
    aliases.promote(store, "colours", version("colours-scenes-2"), "colours-scenes-1", "test")

    for model, run in (("colours", "colours-scenes-2"), ("colours@colours-scenes-1", "colours-scenes-1")):
        raw = client.chat.completions.with_raw_response.create(model=model, messages=ASK)
        assert raw.headers["x-tailor-version"] == run
        assert raw.parse().model == "colours"
    aliases.rollback(store, "colours", "test")
    raw = client.chat.completions.with_raw_response.create(model="colours", messages=ASK)
    assert raw.headers["x-tailor-version"] == "colours-scenes-1"


def test_usage_is_counted_by_key_version_and_day(client: OpenAI, store: ServingTable) -> None:
    first = datetime.now(UTC).date()
    for _ in range(3):
        client.chat.completions.create(model="colours", messages=ASK)
    used = store.usage("colours", first, first + timedelta(days=1))
    assert sum(entry.requests for entry in used) == 3
    assert sum(entry.input_tokens for entry in used) == 30
    assert sum(entry.output_tokens for entry in used) == 9
    assert {entry.run for entry in used} == {"colours-scenes-1"}
    assert store.usage("colours", first - timedelta(days=9), first - timedelta(days=1)) == []


def test_the_time_of_the_last_call_is_known(client: OpenAI, store: ServingTable) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    assert store.last_call("colours", began) is None
    client.chat.completions.create(model="colours", messages=ASK)
    last = store.last_call("colours", began - timedelta(days=3))
    assert last is not None
    assert last >= began
    assert store.last_call("colours", began + timedelta(days=2)) is None
    assert store.last_call("another", began) is None


def test_a_key_beyond_its_requests_a_minute_is_429(gateway: Gateway, store: ServingTable, live: Version) -> None:
    secret, key = keys.create(store, "slow", ["colours"], limits=RateLimits(requests_per_minute=1))
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for ahead in range(5):
        store.count_request(key.id, minute + timedelta(minutes=ahead), 1)
    error = refused(gateway, secret)
    assert isinstance(error, openai.RateLimitError)
    assert error.code == "rate_limit_exceeded"
    assert 1 <= int(error.response.headers["retry-after"]) <= 60


def test_a_key_beyond_its_requests_is_refused_before_its_body_is_looked_at(
    gateway: Gateway, store: ServingTable, live: Version, monkeypatch: pytest.MonkeyPatch, inference: ModuleType
) -> None:
    limits = RateLimits(requests_per_minute=1, tokens_per_day=100_000, cents_per_month=500)
    secret, key = keys.create(store, "slow", ["colours"], limits=limits)
    asked: list[str] = []
    call = store._table._call

    def noted(operation: str, *rest: Any) -> dict[str, Any]:
        asked.append(operation)
        return call(operation, *rest)

    monkeypatch.setattr(inference.store._table, "_call", noted)
    aliases.set_budget(store, "colours", 500)
    headers = {"authorization": f"Bearer {secret}"}
    url = f"{gateway.url}/chat/completions"
    body: dict[str, Any] = {"model": "colours", "messages": [{"role": "user", "content": "?"}]}
    assert httpx.post(url, headers=headers, json=body, verify=LOOPBACK).status_code == 200
    # The request is counted while the version and both sums are read; then tokens are set aside.
    assert sorted(asked[:2]) == ["BatchGetItem", "UpdateItem"]
    assert asked[2:] == ["UpdateItem"] * 3
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for ahead in range(3):
        store.count_request(key.id, minute + timedelta(minutes=ahead), 1)
    monkeypatch.setattr(inference.service, "_prepared", None)  # nothing is translated
    wrong = body | {"messages": [{"role": "nobody"}]}
    assert (
        httpx.post(url, headers=headers, json=wrong, verify=LOOPBACK).json()["error"]["code"] == "rate_limit_exceeded"
    )
    assert httpx.post(url, headers=headers, json=wrong | {"model": 7}, verify=LOOPBACK).status_code == 429
    many = body | {"messages": [{"role": "user", "content": "x"}] * 3000}
    assert httpx.post(url, headers=headers, json=many, verify=LOOPBACK).json()["error"]["code"] == "invalid_value"
    today = datetime.now(UTC).date()
    rows = store.usage("colours", today - timedelta(days=1), today)
    assert [(sum(row.requests for row in rows), sum(row.throttled for row in rows))] == [(1, 1)]


def test_a_key_without_a_limit_has_the_stacks(
    gateway: Gateway, store: ServingTable, inference: ModuleType, live: Version, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inference.service, "_default_per_minute", 1)
    secret, key = keys.create(store, "app", ["colours"])
    own, _ = keys.create(store, "fast", ["colours"], limits=RateLimits(requests_per_minute=1000))
    minute = datetime.now(UTC).replace(second=0, microsecond=0)
    for ahead in range(5):
        store.count_request(key.id, minute + timedelta(minutes=ahead), 1)
    assert refused(gateway, secret).code == "rate_limit_exceeded"
    with connect(gateway, own) as client:
        for _ in range(2):
            client.chat.completions.create(model="colours", messages=[{"role": "user", "content": "?"}])


def test_a_key_beyond_its_tokens_a_day_is_429(gateway: Gateway, store: ServingTable, live: Version) -> None:
    secret, key = keys.create(store, "small", ["colours"], limits=RateLimits(tokens_per_day=20))
    for ahead in range(2):
        store.add_tokens(key.id, datetime.now(UTC).date() + timedelta(days=ahead), 20)
    error = refused(gateway, secret)
    assert (error.status_code, error.code) == (429, "rate_limit_exceeded")


def test_tokens_that_an_answer_did_not_use_are_given_back_and_so_are_those_of_a_failure(
    gateway: Gateway, store: ServingTable, live: Version, runtime: ScriptedRuntime
) -> None:
    secret, key = keys.create(store, "app", ["colours"], limits=RateLimits(tokens_per_day=10_000))
    runtime.answers = [converse_answer({"text": "đỏ"}), ModelCallError("ModelErrorException", "no")]
    runtime.answers += [converse_answer({"text": "đỏ"})]
    with connect(gateway, secret) as client:
        raw = client.chat.completions.with_raw_response.create(model="colours", messages=ASK)
        with pytest.raises(openai.InternalServerError):
            client.chat.completions.create(model="colours", messages=ASK)
        for _ in client.chat.completions.create(model="colours", messages=ASK, stream=True):
            pass
    assert raw.headers["x-ratelimit-limit-tokens"] == "10000"
    assert 0 < int(raw.headers["x-ratelimit-remaining-tokens"]) < 10_000
    assert {request["inferenceConfig"]["maxTokens"] for request in runtime.requests} == {4096}
    today = datetime.now(UTC).date()
    assert sum(store.tokens(key.id, today - timedelta(days=ago)) for ago in range(2)) == 26


def test_an_answer_says_what_is_left_of_the_minute(gateway: Gateway, store: ServingTable, live: Version) -> None:
    secret, _ = keys.create(store, "app", ["colours"], limits=RateLimits(requests_per_minute=5))
    with connect(gateway, secret) as client:
        raw = client.chat.completions.with_raw_response.create(model="colours", messages=ASK)
    assert raw.headers["x-ratelimit-limit-requests"] == "5"
    assert raw.headers["x-ratelimit-remaining-requests"] == "4"


def test_an_answer_is_given_even_where_it_cant_be_counted(
    client: OpenAI, inference: ModuleType, monkeypatch: pytest.MonkeyPatch, logs: io.StringIO
) -> None:
    def fail(_: Any) -> None:
        raise RetryableError("no")

    monkeypatch.setattr(inference.service._counters, "add_usage", fail)
    assert client.chat.completions.create(model="colours", messages=ASK).choices[0].message.content == "đỏ"
    assert "usage_not_counted" in logs.getvalue()
