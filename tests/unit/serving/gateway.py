"""API Gateway on a loopback port, as far as the contract needs it: authorizer, proxy events, gateway responses."""

import base64
import json
import re
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
import yaml
from botocore.validate import ParamValidator

from functions.console import app as console
from tests.served import Served

ROOT = Path(__file__).parents[3]
BEDROCK = botocore.session.get_session().get_service_model("bedrock-runtime")
CONVERSE = BEDROCK.shape_for("ConverseRequest")
CONTEXT = SimpleNamespace(
    function_name="test", memory_limit_in_mb=128, invoked_function_arn="arn:test", aws_request_id="invocation-1"
)
MANAGED = re.compile(r"/v1/(approvals|keys?|runs|uploads)|/v1/models/[^/]+/")
LOOPBACK = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts no authority: the gateway speaks plain HTTP, and to read all authorities takes 30 ms for each client."""
type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


class ScriptedRuntime:
    """Answers with what it was told, an exception included, and refuses what botocore would refuse."""

    def __init__(self) -> None:
        self.requests: list[Mapping[str, Any]] = []
        self.answers: list[dict[str, Any] | Exception] = []

    def converse(self, request: Mapping[str, Any]) -> dict[str, Any]:
        report = ParamValidator().validate(request, CONVERSE)
        assert not report.has_errors(), report.generate_report()
        self.requests.append(request)
        answer = self.answers.pop(0) if self.answers else converse_answer({"text": "đỏ"})
        if isinstance(answer, Exception):
            raise answer
        return answer

    def stream(self, request: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """As events, one letter at a time; an exception in place of a block is raised there."""
        answer = self.converse(request)
        return converse_events(answer)


def converse_answer(*blocks: dict[str, Any] | Exception, stop: str | None = "end_turn", **usage: int) -> dict[str, Any]:
    return {
        "output": {"message": {"role": "assistant", "content": list(blocks)}},
        "stopReason": stop,
        "usage": {"inputTokens": 10, "outputTokens": 3, "totalTokens": 13, **usage},
        "metrics": {"latencyMs": 5},
    }


def converse_events(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The answer as ConverseStream's events; an exception among its blocks is raised in its place."""
    yield {"messageStart": {"role": "assistant"}}
    blocks: list[dict[str, Any] | Exception] = answer["output"]["message"]["content"]
    for index, block in enumerate(blocks):
        place = {"contentBlockIndex": index}
        if isinstance(block, Exception):
            raise block
        if "toolUse" in block:
            use = block["toolUse"]
            begun = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            yield {"contentBlockStart": {"start": begun, **place}}
            text = json.dumps(use["input"], ensure_ascii=False) if use["input"] else ""
            deltas: list[dict[str, Any]] = [{"toolUse": {"input": letter}} for letter in text]
        elif "text" in block:
            deltas = [{"text": letter} for letter in block["text"]]
        else:
            reasoning = block["reasoningContent"]
            deltas = [{"reasoningContent": reasoning.get("reasoningText", {"redactedContent": b"x"})}]
        yield from ({"contentBlockDelta": {"delta": delta, **place}} for delta in deltas)
        yield {"contentBlockStop": place}
    if answer["stopReason"]:
        yield {"messageStop": {"stopReason": answer["stopReason"]}}
    yield {"metadata": {"usage": answer["usage"], "metrics": answer["metrics"]}}


class _Loader(yaml.SafeLoader):
    """Reads a template without acting on its functions."""


_Loader.add_multi_constructor("!", lambda loader, suffix, node: f"!{suffix}")


@cache
def gateway_responses() -> dict[str, Any]:
    template = yaml.load((ROOT / "template.yaml").read_text(), _Loader)  # a SafeLoader
    responses: dict[str, Any] = template["Resources"]["Api"]["Properties"]["GatewayResponses"]
    return responses


class Gateway(Served):
    """``with Gateway(authorize, inference) as gateway``: ``gateway.url`` is a base URL for OpenAI clients.

    ``manage`` gets what the template sends to it. As in Lambda, a function has one request at a time: Powertools keeps
    the current event for all threads, and a route that two call first is broken from then on.
    """

    def __init__(self, authorize: Handler, inference: Handler, manage: Handler | None = None) -> None:
        outer = self
        self.authorize, self.inference, self.manage = authorize, inference, manage
        self.responses = gateway_responses()
        self._one_at_a_time = threading.Lock()

        class RequestHandler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer._serve(self)

            def do_GET(self) -> None:
                outer._serve(self)

            def do_DELETE(self) -> None:
                outer._serve(self)

            def do_HEAD(self) -> None:
                outer._serve(self)

            def do_OPTIONS(self) -> None:
                outer._serve(self)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), RequestHandler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def _serve(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        with self._one_at_a_time:
            status, headers, answer = self._route(request, body.decode("utf-8", errors="replace"))
        data = "".join(answer).encode()
        request.send_response(status)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            request.send_header(name, value)
        request.end_headers()
        request.wfile.write(data)

    def _route(self, request: BaseHTTPRequestHandler, body: str) -> tuple[int, dict[str, str], str]:
        headers = dict(request.headers.items())
        if request.command == "OPTIONS":
            answer = self.authorize(proxy_event("OPTIONS", request.path, None, {}, headers), CONTEXT)
            return answer["statusCode"], answer["headers"], answer["body"]
        if request.path.startswith("/console"):  # without a key
            name = urlsplit(request.path).path.removeprefix("/console").removeprefix("/")
            answer = console.handler({"pathParameters": {"file": name} if name else None}, CONTEXT)
            return answer["statusCode"], answer["headers"], answer["body"]
        arn = f"arn:aws:execute-api:us-east-1:123456789012:api/test/{request.command}{request.path}"
        try:
            policy = self.authorize({"type": "REQUEST", "headers": headers, "methodArn": arn}, CONTEXT)
        except Exception as error:
            return self._own("UNAUTHORIZED" if str(error) == "Unauthorized" else "AUTHORIZER_FAILURE")
        context = {name: str(value) for name, value in policy["context"].items()}
        address = urlsplit(request.path)
        event = proxy_event(
            request.command, address.path, body, context, headers, query=parse_qs(address.query, keep_blank_values=True)
        )
        managed = event["httpMethod"] == "DELETE" or MANAGED.match(event["path"])
        answer = (self.manage if self.manage and managed else self.inference)(event, CONTEXT)
        headers = {name: values[0] for name, values in answer["multiValueHeaders"].items()}
        text = answer["body"]
        return answer["statusCode"], headers, base64.b64decode(text).decode() if answer["isBase64Encoded"] else text

    def _own(self, kind: str) -> tuple[int, dict[str, str], str]:
        default = "DEFAULT_5XX" if kind == "AUTHORIZER_FAILURE" else "DEFAULT_4XX"
        response = self.responses.get(kind, self.responses[default])
        body = response["ResponseTemplates"]["application/json"].replace(
            "$context.error.messageString", '"Unauthorized"'
        )
        return int(response.get("StatusCode", 500)), {"content-type": "application/json"}, body


def proxy_event(
    method: str,
    path: str,
    body: str | None,
    authorizer: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    *,
    query: Mapping[str, list[str]] | None = None,
) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / "inference_chat.json").read_text())
    event["headers"] |= headers or {}
    event |= {"httpMethod": method, "path": path, "resource": path, "body": body or None}
    event |= {"queryStringParameters": {name: values[-1] for name, values in query.items()} if query else None}
    event |= {"multiValueQueryStringParameters": dict(query) if query else None}
    event["requestContext"] |= {"httpMethod": method, "path": f"/test{path}", "authorizer": dict(authorizer)}
    return event
