"""A relay before the API: it notes the shape of each request, and fails the first to each path that begins with
``/flaky/``, so that it shows whether a client tries again."""

import json
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from tests.served import Served

_BUSY = {"error": {"message": "busy", "type": "rate_limit_error", "param": None, "code": "rate_limit_exceeded"}}
_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone: it ends by its own will."""


class Relay(Served):
    """``with Relay(api) as relay``: base URLs by client, and ``relay.shapes``, the bodies that came."""

    def __init__(self, api: str) -> None:
        outer = self
        self._target = urlsplit(api)
        self.shapes: list[dict[str, Any]] = []
        self._failed: set[str] = set()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                outer._answer(self)

            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._root = f"http://127.0.0.1:{self._server.server_port}"

    def plain(self, client: str) -> str:
        """Return the base URL for a client."""
        return f"{self._root}/plain/{client}/v1"

    def flaky(self, client: str) -> str:
        """Return the base URL at which the first request of a client fails."""
        return f"{self._root}/flaky/{client}/v1"

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        prefix, _, path = request.path.partition("/v1")
        if body.startswith(b"{"):
            self.shapes.append({"client": prefix.rpartition("/")[2], "path": path, "body": json.loads(body)})
        if prefix.startswith("/flaky/") and prefix not in self._failed:
            self._failed.add(prefix)
            data = json.dumps(_BUSY).encode()
            request.send_response(429)
            for name, value in (("content-type", "application/json"), ("retry-after", "1")):
                request.send_header(name, value)
            request.send_header("content-length", str(len(data)))
            request.end_headers()
            request.wfile.write(data)
            return
        self._forward(request, path, body)

    def _forward(self, request: BaseHTTPRequestHandler, path: str, body: bytes) -> None:
        connection = HTTPConnection(self._target.hostname or "", self._target.port, timeout=120)
        headers = {name: value for name, value in request.headers.items() if name.lower() not in {*_HOP, "host"}}
        connection.request(request.command, self._target.path + path, body, headers | {"accept-encoding": "identity"})
        response = connection.getresponse()
        request.send_response(response.status)
        for name, value in response.getheaders():
            if name.lower() not in _HOP:
                request.send_header(name, value)
        request.send_header("transfer-encoding", "chunked")
        request.end_headers()
        while piece := response.read1(65536):
            request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            request.wfile.flush()
        request.wfile.write(b"0\r\n\r\n")
        connection.close()
