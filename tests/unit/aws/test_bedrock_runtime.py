from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError
from botocore.stub import Stubber

from tailor.aws import bedrock_runtime
from tailor.aws.bedrock_runtime import METADATA, BedrockAsker
from tailor.aws.clients import client
from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError, RetryableError, TailorError, ThrottledError
from tailor.llm import Reply
from tests.unit.evaluation.fakes import BucketFolder

MODEL = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghijkl"
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "màu "}, {"text": "đỏ"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 9, "outputTokens": 2, "totalTokens": 11},
    "metrics": {"latencyMs": 321},
}


@pytest.fixture
def asker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[BedrockAsker, Stubber, BucketFolder]]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    client.cache_clear()
    files = BucketFolder(tmp_path)
    asker = BedrockAsker(files)
    with Stubber(asker._client) as stub:
        yield asker, stub, files
    client.cache_clear()


def request(*blocks: dict[str, Any]) -> dict[str, Any]:
    content = [*blocks, {"text": "Màu gì?"}]
    return {"messages": [{"role": "user", "content": content}], "inferenceConfig": {"maxTokens": 8, "temperature": 0.0}}


def image(uri: str) -> dict[str, Any]:
    return {"image": {"format": "png", "source": {"s3Location": {"uri": uri, "bucketOwner": "123456789012"}}}}


def test_images_of_the_bucket_go_as_bytes(asker: tuple[BedrockAsker, Stubber, BucketFolder]) -> None:
    ask, stub, files = asker
    files.write("uploads/p/d/a.png", b"pixels")
    sent = request({"image": {"format": "png", "source": {"bytes": b"pixels"}}})
    stub.add_response("converse", ANSWER, {"modelId": MODEL, "requestMetadata": METADATA, **sent})
    asked = request(image("s3://bucket/uploads/p/d/a.png"))
    assert ask.converse(MODEL, asked) == Reply("màu đỏ", "end_turn", 9, 2, 321)
    assert asked == request(image("s3://bucket/uploads/p/d/a.png"))


def test_a_call_of_a_tool_is_read_as_its_input(asker: tuple[BedrockAsker, Stubber, BucketFolder]) -> None:
    ask, stub, _ = asker
    use = {"toolUse": {"toolUseId": "t", "name": "verdict", "input": {"better": "A"}}}
    answer = ANSWER | {"output": {"message": {"role": "assistant", "content": [{"text": "So:"}, use]}}}
    stub.add_response("converse", answer)
    assert ask.converse(MODEL, request()).text == '{"better":"A"}'


def test_what_is_too_large_or_elsewhere_stays_a_location(
    asker: tuple[BedrockAsker, Stubber, BucketFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, stub, files = asker
    monkeypatch.setattr(bedrock_runtime, "MAX_MEDIA_BYTES", 3)
    files.write("large.png", b"pixels")
    sent = request(image("s3://bucket/large.png"), image("s3://other/a.png"))
    stub.add_response("converse", ANSWER, {"modelId": MODEL, "requestMetadata": METADATA, **sent})
    assert ask.converse(MODEL, sent).text == "màu đỏ"


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("ThrottlingException", 429, ThrottledError),
        ("ModelNotReadyException", 429, ThrottledError),
        ("ServiceUnavailableException", 503, RetryableError),
        ("ModelTimeoutException", 408, RetryableError),
        ("AccessDeniedException", 403, NotAllowedError),
        ("ResourceNotFoundException", 404, NotFoundError),
        ("ValidationException", 400, InvalidInputError),
        ("SomethingNew", 500, RetryableError),
    ],
)
def test_errors_are_told_apart_by_code(
    asker: tuple[BedrockAsker, Stubber, BucketFolder], code: str, status: int, kind: type[TailorError]
) -> None:
    ask, stub, _ = asker
    stub.add_client_error("converse", code, "because", status)
    with pytest.raises(kind, match="because") as caught:
        ask.converse(MODEL, request())
    assert type(caught.value) is kind


def test_no_answer_in_time_may_be_asked_again(
    asker: tuple[BedrockAsker, Stubber, BucketFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    ask, _, _ = asker

    def late(**_: object) -> None:
        raise ReadTimeoutError(endpoint_url="https://example.org")

    monkeypatch.setattr(ask._client, "converse", late)
    with pytest.raises(RetryableError, match="ReadTimeoutError"):
        ask.converse(MODEL, request())
