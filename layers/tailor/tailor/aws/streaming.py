"""Lambda's Runtime API, with answers that are written as they come.

Lambda's own loop for Python hands an answer over when all of it is there. A function that streams starts this one
instead, by ``AWS_LAMBDA_EXEC_WRAPPER``. Its handler returns API Gateway's proxy answer, whose ``body`` may be an
iterator of texts. The integration of each of its routes must be one for streaming: all answers have its form.

This is all that knows of it: the Lambda Web Adapter or a runtime of AWS's that streams may take its place.
"""

import base64
import importlib
import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from typing import Any

_PATH = "/2018-06-01/runtime"
_FORM = "application/vnd.awslambda.http-integration-response"
_END_OF_HEAD = b"\0" * 8
_ERROR_TYPE, _ERROR_BODY = "Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"

type StreamingHandler = Callable[[Any, "InvocationContext"], Any]


@dataclass(frozen=True)
class InvocationContext:
    """Facts that a handler may know of its invocation, by the names of Lambda's Python runtime."""

    aws_request_id: str
    invoked_function_arn: str
    deadline_ms: int
    function_name: str = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "")
    function_version: str = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
    memory_limit_in_mb: int = int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128"))
    log_group_name: str = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME", "")
    log_stream_name: str = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME", "")
    identity: None = None
    client_context: None = None

    def get_remaining_time_in_millis(self) -> int:
        """Return how long the invocation may still take."""
        return max(0, self.deadline_ms - int(time.time() * 1000))


class RuntimeApi:
    """Client of the Runtime API at an address (host and port)."""

    def __init__(self, address: str) -> None:
        self._connection = HTTPConnection(address)

    def serve(self, handler: StreamingHandler) -> None:
        """Handle one invocation after another. Raises what speaking to Lambda raises."""
        with closing(self._connection):
            while True:
                self._handle(handler)

    def fail_to_start(self, error: BaseException) -> None:
        """Report that the handler can't be loaded."""
        self._report(f"{_PATH}/init/error", error, str(error))

    def _handle(self, handler: StreamingHandler) -> None:
        event, context = self._next()
        path = f"{_PATH}/invocation/{context.aws_request_id}"
        try:
            answer = handler(event, context)
        except Exception as error:
            _log(error)
            self._report(f"{path}/error", error, "the handler failed")  # its own words may quote a request
            return
        if not (isinstance(answer, dict) and "statusCode" in answer):
            self._post(f"{path}/response", json.dumps(answer).encode(), {})
            return
        chunks = _Chunks(self._connection, f"{path}/response")
        chunks.write(json.dumps(_head(answer)).encode() + _END_OF_HEAD)
        failure = None
        try:
            for piece in _pieces(answer):
                chunks.write(piece)
        except Exception as error:
            _log(error)
            failure = error
        chunks.end(failure)

    def _next(self) -> tuple[Any, InvocationContext]:
        self._connection.request("GET", f"{_PATH}/invocation/next")
        response = self._connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise HTTPException(f"the next invocation: {response.status}")
        trace = response.headers.get("Lambda-Runtime-Trace-Id")
        if trace:
            os.environ["_X_AMZN_TRACE_ID"] = trace
        else:
            os.environ.pop("_X_AMZN_TRACE_ID", None)
        return json.loads(body), InvocationContext(
            response.headers["Lambda-Runtime-Aws-Request-Id"],
            response.headers.get("Lambda-Runtime-Invoked-Function-Arn", ""),
            int(response.headers["Lambda-Runtime-Deadline-Ms"]),
        )

    def _report(self, path: str, error: BaseException, message: str) -> None:
        body = json.dumps(_told(error, message)).encode()
        self._post(path, body, {_ERROR_TYPE: type(error).__name__})

    def _post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        self._connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        self._connection.getresponse().read()


class _Chunks:
    """An answer in pieces. Who reads it may be gone: then nothing more is sent, and nothing raised."""

    def __init__(self, connection: HTTPConnection, path: str) -> None:
        self._connection = connection
        self._gone = False
        connection.putrequest("POST", path, skip_accept_encoding=True)
        connection.putheader("Content-Type", _FORM)
        connection.putheader("Lambda-Runtime-Function-Response-Mode", "streaming")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.putheader("Trailer", f"{_ERROR_TYPE}, {_ERROR_BODY}")
        connection.endheaders()

    def write(self, piece: bytes) -> None:
        if piece:
            self._send(b"%x\r\n%b\r\n" % (len(piece), piece))

    def end(self, failure: Exception | None) -> None:
        trailers = b""
        if failure:
            body = base64.b64encode(json.dumps(_told(failure, "the answer broke off")).encode())
            trailers = f"{_ERROR_TYPE}: {type(failure).__name__}\r\n{_ERROR_BODY}: ".encode() + body + b"\r\n"
        self._send(b"0\r\n%b\r\n" % trailers)
        try:
            self._connection.getresponse().read()
        except (OSError, HTTPException):
            self._gone = True
        if self._gone:
            self._connection.close()  # the next request opens another

    def _send(self, data: bytes) -> None:
        if not self._gone:
            try:
                self._connection.send(data)
            except OSError:
                self._gone = True


def _head(answer: Mapping[str, Any]) -> dict[str, Any]:
    """Return what precedes the body: status, headers and cookies."""
    many: dict[str, list[str]] = {**(answer.get("multiValueHeaders") or {})}
    headers = {
        **(answer.get("headers") or {}),
        **{name: many.pop(name)[0] for name in list(many) if len(many[name]) == 1},
    }
    head = {"statusCode": answer["statusCode"], "headers": headers}
    return head | {
        name: value for name, value in (("multiValueHeaders", many), ("cookies", answer.get("cookies"))) if value
    }


def _pieces(answer: Mapping[str, Any]) -> Iterable[bytes]:
    body = answer.get("body") or ""
    if answer.get("isBase64Encoded"):
        return [base64.b64decode(body)]
    return (piece.encode() for piece in ([body] if isinstance(body, str) else body))


def _told(error: BaseException, message: str) -> dict[str, Any]:
    return {"errorType": type(error).__name__, "errorMessage": message, "stackTrace": []}


def _log(error: BaseException) -> None:
    """Write where it happened, never what it said."""
    frames = traceback.format_tb(error.__traceback__)
    print(json.dumps({"level": "ERROR", "error": type(error).__name__, "frames": frames}), file=sys.stderr, flush=True)


def load(name: str) -> StreamingHandler:
    """Return the handler of a name like ``app.handler``."""
    module, _, function = name.rpartition(".")
    handler: StreamingHandler = getattr(importlib.import_module(module.replace("/", ".")), function)
    return handler


def main() -> None:
    """Serve the function of this environment."""
    api = RuntimeApi(os.environ["AWS_LAMBDA_RUNTIME_API"])
    try:
        handler = load(os.environ["_HANDLER"])
    except BaseException as error:
        _log(error)
        api.fail_to_start(error)
        raise SystemExit(1) from error
    api.serve(handler)


if __name__ == "__main__":
    main()
