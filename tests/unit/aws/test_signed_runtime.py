"""Converse without botocore: the same requests, answers, errors and streams as botocore's."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import botocore.session
import pytest
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from tailor.aws.eventstream import BrokenStreamError, messages
from tailor.aws.signed import Credentials, SignedService
from tailor.aws.signed_runtime import SignedRuntime
from tailor.serving.errors import ModelCallError
from tailor_local.bedrock import eventstream

ARN = "arn:aws:bedrock:us-east-1:123456789012:custom-model-deployment/abcdefghij12"
REQUEST: dict[str, Any] = {
    "modelId": ARN,
    "messages": [
        {
            "role": "user",
            "content": [{"image": {"format": "png", "source": {"bytes": b"\x89PNG\xff"}}}, {"text": "màu gì? 🎨"}],
        }
    ],
    "system": [{"text": "ngắn"}],
    "inferenceConfig": {"maxTokens": 7, "temperature": 0.25},
    "requestMetadata": {"tailor-project": "colours"},
}
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "đỏ"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 10, "outputTokens": 3, "totalTokens": 13},
    "metrics": {"latencyMs": 5},
}


class Bedrock:
    """A server that gives one answer at a time: its status, headers and pieces; a number closes after so many bytes."""

    def __init__(self) -> None:
        outer = self
        self.status, self.headers, self.body = 200, {"content-type": "application/json"}, b""
        self.cut: int | None = None
        self.seen: list[tuple[str, dict[str, str], bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.seen.append((self.path, {name.lower(): text for name, text in self.headers.items()}, body))
                self.send_response(outer.status)
                for name, text in outer.headers.items():
                    self.send_header(name, text)
                self.send_header("content-length", str(len(outer.body)))
                self.end_headers()
                self.wfile.write(outer.body[: outer.cut])
                self.close_connection = outer.cut is not None

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.service = SignedService(self.url, ("us-east-1", "bedrock"), Credentials("a", "b", "c"), 5)
        self.runtime = SignedRuntime(self.service, 5)

    def close(self) -> None:
        self.service.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def bedrock() -> Iterator[Bedrock]:
    served = Bedrock()
    yield served
    served.close()


def test_a_request_is_the_one_that_botocore_sends_and_the_answer_comes_back(bedrock: Bedrock) -> None:
    bedrock.body = json.dumps(ANSWER).encode()
    assert [bedrock.runtime.converse(REQUEST) for _ in range(2)] == [ANSWER, ANSWER]
    made: Any = botocore.session.get_session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=bedrock.url,
        aws_access_key_id="a",
        aws_secret_access_key="b",
        aws_session_token="c",
        config=Config(retries={"total_max_attempts": 1}),
    )
    made.converse(**REQUEST)
    made.close()
    ours, _, theirs = bedrock.seen
    assert (ours[0], json.loads(ours[2])) == (theirs[0], json.loads(theirs[2]))
    assert ours[1]["content-type"] == theirs[1]["content-type"]
    scope = [seen[1]["authorization"].partition("/")[2].partition(",")[0] for seen in (ours, theirs)]
    assert scope[0] == scope[1]


@pytest.mark.parametrize(
    ("status", "headers", "body", "reason", "message"),
    [
        (
            429,
            {"x-amzn-errortype": "ThrottlingException:http://x"},
            b'{"message": "slow"}',
            "ThrottlingException",
            "slow",
        ),
        (400, {}, b'{"__type": "a#ValidationException", "Message": "no"}', "ValidationException", "no"),
        (503, {}, b"<html>", "ServiceUnavailableException", ""),
        (200, {}, b"<html>", "ServiceUnavailableException", "JSONDecodeError"),
    ],
)
def test_refusals_keep_their_name(
    bedrock: Bedrock, status: int, headers: dict[str, str], body: bytes, reason: str, message: str
) -> None:
    bedrock.status, bedrock.headers, bedrock.body = status, headers, body
    with pytest.raises(ModelCallError) as caught:
        bedrock.runtime.converse(REQUEST)
    assert (caught.value.reason, caught.value.message) == (reason, message)
    bedrock.status, bedrock.headers, bedrock.body = 200, {}, json.dumps(ANSWER).encode()
    assert bedrock.runtime.converse(REQUEST) == ANSWER, "and the next call works"


def encoded(*events: tuple[str, dict[str, Any]]) -> bytes:
    told = ({":event-type": name, ":message-type": "event"} for name, _ in events)
    return b"".join(
        eventstream.message(headers, json.dumps(value).encode())
        for headers, (_, value) in zip(told, events, strict=True)
    )


EVENTS: list[tuple[str, dict[str, Any]]] = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "đỏ"}}),
    ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 2}}),
]


@pytest.mark.parametrize("end", ["whole", "exception", "error", "cut", "damaged"])
def test_a_stream_is_read_event_by_event_and_its_end_is_told(bedrock: Bedrock, end: str) -> None:
    whole = encoded(*EVENTS)
    endings = {
        "exception": eventstream.exception("modelStreamErrorException", "it broke"),
        "error": eventstream.message({":message-type": "error", ":error-code": "internalServerException"}, b""),
        "damaged": whole[:-1] + bytes([whole[-1] ^ 1]),
    }
    bedrock.body = whole + endings.get(end, b"")
    bedrock.cut = len(whole) - 5 if end == "cut" else None
    stream = bedrock.runtime.stream(REQUEST)
    if end == "whole":
        assert list(stream) == [{name: value} for name, value in EVENTS]
        assert len(bedrock.service._idle) == 1, "the connection is kept, once"
        return
    seen = [next(stream) for _ in EVENTS[:2]]
    assert seen == [{name: value} for name, value in EVENTS[:2]]
    with pytest.raises(ModelCallError) as caught:
        list(stream)
    names = {"exception": "ModelStreamErrorException", "error": "InternalServerException"}
    assert caught.value.reason == names.get(end, "ServiceUnavailableException")


def test_a_stream_that_is_refused_is_an_error_before_its_first_event(bedrock: Bedrock) -> None:
    bedrock.status, bedrock.headers = 429, {"x-amzn-errortype": "ThrottlingException"}
    with pytest.raises(ModelCallError) as caught:
        bedrock.runtime.stream(REQUEST)
    assert caught.value.reason == "ThrottlingException"


def test_nobody_there_and_no_answer_in_time_are_told_apart(bedrock: Bedrock) -> None:
    bedrock.body = json.dumps(ANSWER).encode()
    bedrock.cut = 10
    with pytest.raises(ModelCallError) as caught:
        bedrock.runtime.converse(REQUEST)
    assert caught.value.reason == "ServiceUnavailableException"
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as silent:  # accepts, and never answers
        service = SignedService(f"http://127.0.0.1:{silent.server_port}", ("r", "bedrock"), Credentials("a", "b"), 0.1)
        with pytest.raises(ModelCallError) as caught:
            SignedRuntime(service, 0.1).converse(REQUEST)
        url = service.url
    assert caught.value.reason == "ModelTimeoutException"
    gone = SignedService(url, ("r", "bedrock"), Credentials("a", "b"), 0.1)
    with pytest.raises(ModelCallError) as caught:
        SignedRuntime(gone, 0.1).converse(REQUEST)
    assert caught.value.reason == "ServiceUnavailableException"


HEADERS = st.dictionaries(st.text("abc:-", min_size=1, max_size=20), st.text(max_size=30), max_size=4)


def reader(data: bytes) -> Callable[[int], bytes]:
    rest = bytearray(data)

    def read(size: int) -> bytes:
        taken = bytes(rest[:size])
        del rest[:size]
        return taken

    return read


@given(st.lists(st.tuples(HEADERS, st.binary(max_size=60)), max_size=3))
def test_messages_come_back_as_they_were_written(sent: list[tuple[dict[str, str], bytes]]) -> None:
    data = b"".join(eventstream.message(headers, payload) for headers, payload in sent)
    assert list(messages(reader(data))) == sent


@given(st.data(), st.binary(min_size=1, max_size=40))
def test_a_damaged_message_is_never_taken_for_a_whole_one(data: st.DataObject, payload: bytes) -> None:
    whole = bytearray(eventstream.message({":event-type": "x"}, payload))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(BrokenStreamError):
        list(messages(reader(bytes(whole))))
