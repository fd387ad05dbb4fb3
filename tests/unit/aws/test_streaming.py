"""The runtime loop against a made Runtime API: pieces arrive as they are written, and failures where they belong."""

import base64
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from tailor.aws.streaming import InvocationContext, RuntimeApi

ROOT = Path(__file__).parents[3]
NULS = b"\0" * 8


@dataclass
class Posted:
    path: str
    headers: dict[str, str]
    pieces: SimpleQueue[bytes | None] = field(default_factory=SimpleQueue)  # None at the end
    trailers: dict[str, str] = field(default_factory=dict)

    def body(self) -> bytes:
        return b"".join(iter(lambda: self.pieces.get(timeout=30), None))


class Lambda:
    """Gives out the events that it has, then ends the loop by an error. ``posted`` holds what came, as it comes."""

    def __init__(self, *events: Any) -> None:
        self.posted: SimpleQueue[Posted] = SimpleQueue()
        self.hang_up = False  # after the first piece of an answer
        waiting = list(enumerate(events))
        outer = self

        class Door(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if not waiting:
                    self.answer(500, b"")
                    return
                number, event = waiting.pop(0)
                self.answer(200, json.dumps(event).encode(), number)

            def do_POST(self) -> None:
                posted = Posted(self.path, {name.lower(): value for name, value in self.headers.items()})
                outer.posted.put(posted)
                if posted.headers.get("transfer-encoding") != "chunked":
                    posted.pieces.put(self.rfile.read(int(self.headers["content-length"])))
                else:
                    while size := int(self.rfile.readline(), 16):
                        posted.pieces.put(self.rfile.read(size))
                        self.rfile.readline()
                        if outer.hang_up:
                            self.close_connection = True
                            self.connection.close()
                            return
                    while line := self.rfile.readline().strip():
                        name, _, value = line.decode().partition(": ")
                        posted.trailers[name] = value
                posted.pieces.put(None)
                self.answer(202, b"")

            def answer(self, status: int, body: bytes, number: int = 0) -> None:
                self.send_response(status)
                headers = {"Aws-Request-Id": f"r{number}", "Deadline-Ms": "1000", "Trace-Id": f"Root={number}"}
                for name, value in headers.items():
                    self.send_header(f"Lambda-Runtime-{name}", value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "Lambda":
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> Posted:
        return self.posted.get(timeout=30)


def serve(runtime: Lambda, handler: Any) -> threading.Thread:
    def run() -> None:
        with pytest.raises(HTTPException):
            RuntimeApi(runtime.address).serve(handler)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread


def test_pieces_arrive_as_they_are_written() -> None:
    read = threading.Event()
    seen: list[tuple[str, str, int]] = []

    def handler(event: Any, context: InvocationContext) -> dict[str, Any]:
        seen.append((context.aws_request_id, os.environ["_X_AMZN_TRACE_ID"], context.get_remaining_time_in_millis()))

        def pieces() -> Iterator[str]:
            yield "đỏ"
            assert read.wait(30)  # the first piece must be there before the last is written
            yield ""
            yield event["last"]

        headers = {"content-type": ["text/event-stream"], "set-cookie": ["a", "b"]}
        return {"statusCode": 201, "multiValueHeaders": headers, "body": pieces(), "isBase64Encoded": False}

    with Lambda({"last": "xanh"}) as runtime:
        loop = serve(runtime, handler)
        answer = runtime.next()
        head, nuls, nothing = answer.pieces.get(timeout=30).partition(NULS)  # type: ignore[union-attr]
        assert json.loads(head) == {
            "statusCode": 201,
            "headers": {"content-type": "text/event-stream"},
            "multiValueHeaders": {"set-cookie": ["a", "b"]},
        }
        assert (nuls, nothing) == (NULS, b"")
        assert answer.pieces.get(timeout=30) == "đỏ".encode()
        read.set()
        assert answer.body() == b"xanh"
        loop.join(30)
    assert answer.path == "/2018-06-01/runtime/invocation/r0/response"
    assert answer.headers["lambda-runtime-function-response-mode"] == "streaming"
    assert answer.headers["content-type"] == "application/vnd.awslambda.http-integration-response"
    assert (answer.trailers, seen) == ({}, [("r0", "Root=0", 0)])


def test_plain_answers_go_the_same_way_one_after_another() -> None:
    def handler(event: Any, _: Any) -> Any:
        if event == "plain":
            return {"no": "proxy answer"}
        coded = {"body": base64.b64encode(event.encode()).decode(), "isBase64Encoded": True}
        return {"statusCode": 200, "headers": {"a": "b"}, "body": event} | (coded if event == "đ" else {})

    with Lambda("{}", "đ", "", "plain") as runtime:
        loop = serve(runtime, handler)
        bodies = [runtime.next().body() for _ in range(4)]
        loop.join(30)
    head = b'{"statusCode": 200, "headers": {"a": "b"}}' + NULS
    assert bodies == [head + b"{}", head + "đ".encode(), head, b'{"no": "proxy answer"}']


def test_a_failure_is_told_where_it_happens_and_never_quotes(capfd: pytest.CaptureFixture[str]) -> None:
    def pieces() -> Iterator[str]:
        yield "half"
        raise ValueError("se" + "cret")

    def handler(event: Any, _: Any) -> Any:
        if event == "early":
            raise KeyError("se" + "cret")
        return {"statusCode": 200, "body": pieces()}

    with Lambda("early", "late") as runtime:
        loop = serve(runtime, handler)
        early, late = runtime.next(), runtime.next()
        assert (
            json.loads(early.body())["errorType"] == early.headers["lambda-runtime-function-error-type"] == "KeyError"
        )
        assert early.path.endswith("/invocation/r0/error")
        assert late.body().endswith(b"half")
        loop.join(30)
    assert late.trailers["Lambda-Runtime-Function-Error-Type"] == "ValueError"
    told = json.loads(base64.b64decode(late.trailers["Lambda-Runtime-Function-Error-Body"]))
    assert told["errorType"] == "ValueError"
    logged = capfd.readouterr().err
    assert "secret" not in logged + json.dumps(told)
    assert "ValueError" in logged


def test_an_answer_that_nobody_reads_is_read_to_its_end() -> None:
    done = threading.Event()

    def pieces() -> Iterator[str]:
        for _ in range(400):
            yield "x" * 10_000
        done.set()

    def handler(event: Any, _: Any) -> Any:
        return {"statusCode": 200, "body": pieces() if event == "long" else "next"}

    with Lambda("long", "short") as runtime:
        runtime.hang_up = True
        loop = serve(runtime, handler)
        runtime.next()
        assert done.wait(30)
        runtime.hang_up = False
        assert runtime.next().body().endswith(b"next")
        loop.join(30)


def start(runtime: Lambda, folder: Path, handler: str) -> "subprocess.CompletedProcess[bytes]":
    """Start a function as Lambda does: the wrapper gets the interpreter and what its own loop would be."""
    environment = {"AWS_LAMBDA_RUNTIME_API": runtime.address, "_HANDLER": handler, "LAMBDA_TASK_ROOT": str(folder)}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT / "layers" / "tailor"), *sys.path[1:]])
    wrapper = ROOT / "functions" / "inference" / "streaming"
    command = [str(wrapper), sys.executable, "/var/runtime/bootstrap.py"]
    return subprocess.run(command, env=environment, cwd=folder, capture_output=True, timeout=60, check=False)


def test_the_wrapper_starts_a_function_and_tells_why_it_cant(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(event, context):\n    return {'statusCode': 200, 'body': event}\n")
    with Lambda("đỏ") as runtime:
        start(runtime, tmp_path, "app.handler")
        assert runtime.next().body().endswith(NULS + "đỏ".encode())
    with Lambda() as runtime:
        assert start(runtime, tmp_path, "gone.handler").returncode == 1
        refused = runtime.next()
    assert refused.path == "/2018-06-01/runtime/init/error"
    assert json.loads(refused.body())["errorMessage"] == "No module named 'gone'"
    assert refused.headers["lambda-runtime-function-error-type"] == "ModuleNotFoundError"
