"""What boto3 sends is understood, and what is answered boto3 understands."""

import io
import json
from typing import Any
from urllib.parse import parse_qs, unquote

import boto3
import pytest
from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor_local.bedrock import wire
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.service import CONTROL

ARN = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghijkl"


class Raw(io.BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()


class Line:
    """Catches what a real client sends, and answers with what it is given."""

    def __init__(self, service: str) -> None:
        self.reply: wire.Answer = (200, {}, b"{}")
        self.client: Any = boto3.client(
            service,  # type: ignore[call-overload]
            region_name="us-east-1",
            aws_access_key_id="a",
            aws_secret_access_key="b",
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.service = service
        self.client.meta.events.register("before-send", self._send)

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        url = request.url.split("amazonaws.com", 1)[1]
        path, _, query = url.partition("?")
        found = wire.match(self.service, request.method, unquote(path))
        assert found is not None, (request.method, path)
        self.operation, labels = found
        headers = {name.lower(): value for name, value in request.headers.items()}
        headers = {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}
        body = request.body or b""
        body = body.encode() if isinstance(body, str) else body
        self.request = wire.parse(self.operation, labels, parse_qs(query), headers, body)
        status, reply_headers, content = self.reply
        return AWSResponse(request.url, status, HeadersDict(reply_headers), Raw(content))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def control() -> Line:
    return Line("bedrock")


@pytest.fixture(scope="module")
def runtime() -> Line:
    return Line("bedrock-runtime")


def test_every_operation_of_the_stand_in_is_in_the_service_model() -> None:
    assert set(CONTROL) <= set(wire.service_model("bedrock").operation_names)


def test_an_arn_with_slashes_and_colons_comes_through(control: Line) -> None:
    control.reply = (200, {}, b"{}")
    control.client.stop_model_customization_job(jobIdentifier=ARN)
    assert (control.operation.name, control.request) == ("StopModelCustomizationJob", {"jobIdentifier": ARN})


def test_bodies_and_queries_come_through(control: Line) -> None:
    tags = [{"key": "run", "value": "é/1"}]
    control.reply = (202, {}, b"{}")
    control.client.create_custom_model_deployment(
        modelDeploymentName="d", modelArn=ARN, tags=tags, clientRequestToken="t1"
    )
    assert control.request == {"modelDeploymentName": "d", "modelArn": ARN, "tags": tags, "clientRequestToken": "t1"}
    control.client.list_custom_models(maxResults=7, nameContains="x", creationTimeAfter="2026-01-01T00:00:00Z")
    assert control.request == {"maxResults": 7, "nameContains": "x", "creationTimeAfter": 1767225600.0}


def test_bytes_in_json_and_raw_bodies_come_through(runtime: Line) -> None:
    image = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\x00"}}}
    metrics = {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}, "metrics": {"latencyMs": 1}}
    runtime.reply = (200, {}, json.dumps({"output": {"message": {}}, "stopReason": "end_turn", **metrics}).encode())
    runtime.client.converse(modelId="amazon.nova-lite-v1:0", messages=[{"role": "user", "content": [image]}])
    assert runtime.request["messages"][0]["content"][0] == image
    runtime.reply = (200, {"content-type": "application/json"}, b"raw")
    answer = runtime.client.invoke_model(modelId="m", body=b"\x00\x01", accept="application/json")
    assert runtime.request["body"] == b"\x00\x01"
    assert runtime.request["accept"] == "application/json"
    assert answer["body"].read() == b"raw"


def test_answers_are_understood(control: Line) -> None:
    operation = wire.service_model("bedrock").operation_model("GetModelCustomizationJob")
    result = {
        "jobArn": ARN,
        "status": "InProgress",
        "creationTime": 1767225600.25,
        "failureMessage": None,
        "hyperParameters": {"epochCount": "2"},
        "trainingMetrics": {"trainingLoss": 0.5},
        "statusDetails": {"trainingDetails": {"status": "NotStarted", "creationTime": 0}},
    }
    control.reply = wire.answer(operation, result)
    job = control.client.get_model_customization_job(jobIdentifier=ARN)
    assert job["creationTime"].isoformat() == "2026-01-01T00:00:00.250000+00:00"
    assert job["statusDetails"]["trainingDetails"]["status"] == "NotStarted"
    assert job["trainingMetrics"] == {"trainingLoss": 0.5}
    assert "failureMessage" not in job


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ValidationException", 400),
        ("ResourceNotFoundException", 404),
        ("AccessDeniedException", 403),
        ("ConflictException", 400),
        ("ServiceQuotaExceededException", 400),
        ("ThrottlingException", 429),
    ],
)
def test_refusals_have_aws_s_codes_and_statuses(control: Line, code: str, status: int) -> None:
    control.reply = wire.refusal("bedrock", ServiceError(code, "why"))
    with pytest.raises(control.client.exceptions.ClientError) as refused:
        control.client.get_custom_model(modelIdentifier="m")
    error = refused.value.response
    assert (error["Error"]["Code"], error["Error"]["Message"]) == (code, "why")
    assert error["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_model_that_is_not_ready_is_429() -> None:
    assert wire.refusal("bedrock-runtime", ServiceError("ModelNotReadyException", ""))[0] == 429


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"jobName": 3}', b'{"hyperParameters": []}', b"\xff"])
def test_bodies_that_can_not_be_read_are_refused(body: bytes) -> None:
    operation = wire.service_model("bedrock").operation_model("CreateModelCustomizationJob")
    with pytest.raises(ServiceError) as refused:
        wire.parse(operation, {}, {}, {}, body)
    assert refused.value.code == "SerializationException"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None)
@given(st.dictionaries(st.sampled_from(["messages", "system", "inferenceConfig", "requestMetadata", "x"]), json_values))
def test_any_json_is_read_or_refused(document: dict[str, Any]) -> None:
    operation = wire.service_model("bedrock-runtime").operation_model("Converse")
    try:
        wire.parse(operation, {"modelId": "m"}, {}, {}, json.dumps(document).encode())
    except ServiceError as error:
        assert error.code == "SerializationException"
