"""Segments as X-Ray's daemon gets them, on a socket in its place."""

import json
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import Stubber

from tailor.aws import clients
from tailor.aws.bedrock import Bedrock
from tailor.aws.tracing import traced
from tailor.errors import TailorError

TRACE = "Root=1-6750a1b2-0123456789abcdef01234567;Parent=53995c3f42cd8ad8;Sampled={};Lineage=1:0:0"


@pytest.fixture
def daemon(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Returns a function that returns the documents that have come."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.setblocking(False)
        monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setenv("_X_AMZN_TRACE_ID", TRACE.format(1))
        monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
        clients.client.cache_clear()

        def come() -> list[dict[str, Any]]:
            found = list[dict[str, Any]]()
            while True:
                try:
                    header, _, document = listener.recv(65536).partition(b"\n")
                except BlockingIOError:
                    return found
                assert json.loads(header) == {"format": "json", "version": 1}
                found.append(json.loads(document))

        yield come
    clients.client.cache_clear()


def look(status: str = "") -> None:
    bedrock = Bedrock()
    with Stubber(bedrock._bedrock) as stub:
        if status:
            stub.add_client_error("list_tags_for_resource", status, "đỏ is somebody's secret", 429)
        else:
            stub.add_response("list_tags_for_resource", {"tags": []})

        @traced("provision")
        def handler(event: dict[str, Any]) -> None:
            bedrock.tags("arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghi123")

        handler({"source": "tailor", "detail": {"run": "colours-scenes-0123456789ab", "reason": "đỏ is a secret"}})


def test_a_step_and_its_calls_of_bedrock_are_segments_without_contents(daemon: Callable[[], list[Any]]) -> None:
    look()
    call, step = daemon()
    assert (step["name"], step["annotations"]) == ("provision", {"run": "colours-scenes-0123456789ab"})
    assert (step["parent_id"], call["parent_id"]) == ("53995c3f42cd8ad8", step["id"])
    assert {step["trace_id"], call["trace_id"]} == {"1-6750a1b2-0123456789abcdef01234567"}
    assert (call["name"], call["namespace"]) == ("Bedrock", "aws")
    assert call["aws"] == {"operation": "ListTagsForResource", "region": "us-east-1"}
    assert call["start_time"] <= call["end_time"] <= step["end_time"]
    with pytest.raises(TailorError):
        look("ThrottlingException")
    call, step = daemon()
    assert (call["throttle"], call["error"], call["fault"], step["fault"]) == (True, True, False, True)
    assert step["cause"]["exceptions"][0]["type"] == "ThrottledError"
    assert "secret" not in json.dumps([call, step])


def test_a_call_that_gets_no_answer_is_a_fault(
    daemon: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    bedrock = Bedrock(clients.client("bedrock", attempts=1))

    def fail(**_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://bedrock")

    bedrock._bedrock.meta.events.register("before-send", fail)
    with pytest.raises(TailorError):
        bedrock.tags("arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-lite-v1:0:300k/abcdefghi123")
    (call,) = daemon()
    assert (call["fault"], call["cause"]["exceptions"][0]["type"]) == (True, "ConnectTimeoutError")


@pytest.mark.parametrize(("name", "value"), [("_X_AMZN_TRACE_ID", TRACE.format(0)), ("_X_AMZN_TRACE_ID", "")])
def test_what_is_not_sampled_sends_nothing(
    daemon: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    look()
    assert daemon() == []


def test_outside_of_lambda_nothing_is_sent(daemon: Callable[[], list[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_XRAY_DAEMON_ADDRESS")
    look()
    assert daemon() == []
