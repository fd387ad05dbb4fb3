"""The OpenAI chat API over a project's live custom model."""

import json
import traceback
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.converse import BedrockRuntime
from tailor.aws.serving import ServingTable
from tailor.serving.errors import ApiError, render, to_api_error
from tailor.serving.keys import Caller
from tailor.serving.service import JSON_TYPE, Answer, ChatService
from tailor.settings import Settings


class InferenceSettings(Settings):
    serving_table: str
    model_timeout_seconds: float = 25


logger = Logger()
settings = InferenceSettings.load()
store = ServingTable(settings.serving_table)
service = ChatService(store, store, BedrockRuntime(settings.model_timeout_seconds))
app = APIGatewayRestResolver()


@app.post("/v1/chat/completions")
def complete() -> Response[str]:
    body = (app.current_event.decoded_body or "").encode(errors="surrogatepass")
    return _answer(service.complete(body, _caller()))


@app.get("/v1/models")
def models() -> Response[str]:
    return _answer(service.models(_caller()))


@app.get("/v1/models/<name>")
def model(name: str) -> Response[str]:
    return _answer(service.model(unquote(name), _caller()))


@app.not_found
def not_found(_: Exception) -> Response[str]:
    event = app.current_event
    return _refuse(ApiError(404, f"there is no {event.http_method} {event.path}", code="not_found"))


@app.exception_handler(Exception)  # type: ignore[untyped-decorator]
def failed(error: Exception) -> Response[str]:
    answer = to_api_error(error)
    if answer.http_status >= 500:
        # Where it happened, never what it said: an exception's text may quote a request.
        frames = traceback.format_tb(error.__traceback__)
        logger.error("request failed", extra={"error": type(error).__name__, "code": answer.code, "frames": frames})
    return _refuse(answer)


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return app.resolve(event, context)


def _caller() -> Caller:
    return Caller.from_context(app.current_event.request_context.authorizer.raw_event)


def _answer(answer: Answer) -> Response[str]:
    if answer.facts:
        logger.info("answered", extra=answer.facts)
    return _response(200, answer.body, answer.content_type, answer.headers)


def _refuse(error: ApiError) -> Response[str]:
    body, headers = render(error)
    logger.info("refused", extra={"status": error.http_status, "code": error.code})
    return _response(error.http_status, json.dumps(body, ensure_ascii=False), JSON_TYPE, headers)


def _response(status: int, body: str, content_type: str, headers: dict[str, str]) -> Response[str]:
    request_id = app.current_event.request_context.request_id
    headers = {"x-request-id": request_id, "cache-control": "no-store", **headers}
    return Response(status_code=status, content_type=content_type, body=body, headers=headers)
