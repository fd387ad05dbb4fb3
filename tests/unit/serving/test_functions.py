"""The handlers on API Gateway's own events, and Bedrock's errors as botocore raises them."""

import base64
import io
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber

from tailor.aws import clients
from tailor.aws.converse import BedrockRuntime
from tailor.aws.serving import ServingTable
from tailor.errors import RetryableError
from tailor.serving import keys
from tailor.serving.errors import ModelCallError
from tailor.settings import SettingsError
from tests.unit.serving.gateway import CONTEXT, ROOT, ScriptedRuntime, converse_answer, gateway_responses


def event(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return document


@pytest.mark.usefixtures("live")
@pytest.mark.parametrize("name", sorted(path.stem for path in Path(ROOT / "events").glob("inference_*.json")))
def test_inference_takes_its_events(
    name: str, inference: ModuleType, runtime: ScriptedRuntime, logs: io.StringIO
) -> None:
    answer = inference.handler(event(name), CONTEXT)
    assert answer["statusCode"] == 200
    assert answer["multiValueHeaders"]["x-request-id"] == ["5f0c6f6e-4f4b-4a6e-9d3e-0d5b1a7f9c11"]
    assert answer["multiValueHeaders"]["Content-Type"] == ["application/json"]
    if name == "inference_chat":
        assert "5f0c6f6e-4f4b-4a6e-9d3e-0d5b1a7f9c11" in logs.getvalue()


def test_authorize_lets_a_key_through_to_what_it_asks_for(authorize: ModuleType, store: ServingTable) -> None:
    given = event("authorize_request")
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize.handler(given, CONTEXT)
    secret, key = keys.create(store, "app", ["colours", "sounds"])
    given["headers"]["Authorization"] = f"Bearer {secret}"
    policy = authorize.handler(given, CONTEXT)
    assert policy["principalId"] == key.id
    assert policy["context"] == {
        "key": key.id,
        "projects": "colours,sounds",
        "scopes": "chat",
        "digest": keys.digest_of(secret),
    }
    [statement] = policy["policyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Allow", "execute-api:Invoke")
    assert statement["Resource"] == given["methodArn"]


@pytest.mark.parametrize("headers", [None, {}, {"authorization": ""}, {"Authorization": "Bearer đỏ"}])
def test_authorize_refuses_what_has_no_key(headers: Any, authorize: ModuleType) -> None:
    with pytest.raises(Exception, match=r"^Unauthorized$"):
        authorize.handler(event("authorize_request") | {"headers": headers}, CONTEXT)


def test_a_table_that_cant_be_read_is_no_wrong_key(
    authorize: ModuleType, store: ServingTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: str) -> None:
        raise RetryableError("throttled")

    monkeypatch.setattr(authorize.store, "key", fail)
    with pytest.raises(RetryableError):
        authorize.handler(event("authorize_request"), CONTEXT)


def test_a_key_that_is_remembered_does_not_outlive_its_date(inference: ModuleType, live: Any) -> None:
    given = event("inference_models")
    given["requestContext"]["authorizer"]["expires_at"] = "2026-01-01T00:00:00+00:00"
    answer = inference.handler(given, CONTEXT)
    assert (answer["statusCode"], json.loads(answer["body"])["error"]["code"]) == (401, "invalid_api_key")


def test_a_body_in_base64_is_read(inference: ModuleType, runtime: ScriptedRuntime, live: Any) -> None:
    given = event("inference_chat")
    given |= {"body": base64.b64encode(given["body"].encode()).decode(), "isBase64Encoded": True}
    assert inference.handler(given, CONTEXT)["statusCode"] == 200
    assert "image" in runtime.requests[0]["messages"][0]["content"][0]


def test_a_missing_setting_is_named(inference: ModuleType) -> None:
    with pytest.raises(SettingsError, match="SERVING_TABLE"):
        inference.InferenceSettings.load({})


def test_what_api_gateway_answers_by_itself_has_the_same_shape() -> None:
    responses = gateway_responses()
    assert {"UNAUTHORIZED", "ACCESS_DENIED", "THROTTLED", "DEFAULT_4XX", "DEFAULT_5XX"} <= set(responses)
    for response in responses.values():
        text = response["ResponseTemplates"]["application/json"].replace("$context.error.messageString", '"text"')
        assert set(json.loads(text)["error"]) == {"message", "type", "param", "code"}


@pytest.fixture
def bedrock() -> BedrockRuntime:
    clients.client.cache_clear()
    return BedrockRuntime(3)


REQUEST: dict[str, Any] = {"modelId": "m", "messages": [{"role": "user", "content": [{"text": "câu hỏi"}]}]}


def test_bedrocks_answer_and_errors_are_passed_on(bedrock: BedrockRuntime) -> None:
    with Stubber(bedrock._client) as stub:
        stub.add_response("converse", converse_answer({"text": "đỏ"}), REQUEST)
        assert bedrock.converse(REQUEST)["stopReason"] == "end_turn"
        stub.add_client_error("converse", "ThrottlingException", "slow down", 429)
        with pytest.raises(ModelCallError) as caught:
            bedrock.converse(REQUEST)
        assert (caught.value.reason, caught.value.message) == ("ThrottlingException", "slow down")
        stub.assert_no_pending_responses()
    assert bedrock._client.meta.config.retries["total_max_attempts"] == 1


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ReadTimeoutError(endpoint_url="https://b"), "ModelTimeoutException"),
        (ConnectTimeoutError(endpoint_url="https://b"), "ServiceUnavailableException"),
        (EndpointConnectionError(endpoint_url="https://b"), "ServiceUnavailableException"),
    ],
)
def test_a_network_that_fails_is_told_as_bedrock_would(
    bedrock: BedrockRuntime, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(**_: Any) -> None:
        raise error

    monkeypatch.setattr(bedrock._client, "converse", fail)
    with pytest.raises(ModelCallError) as caught:
        bedrock.converse(REQUEST)
    assert caught.value.reason == reason


def test_botocores_own_refusal_does_not_quote_the_request(bedrock: BedrockRuntime) -> None:
    with pytest.raises(ModelCallError) as caught:
        bedrock.converse({"modelId": "m", "messages": "câu hỏi"})
    assert caught.value.reason == "ValidationException"
    assert "câu" not in caught.value.message
