"""The OpenAI chat API over a project's live custom model."""

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.converse import BedrockRuntime
from tailor.aws.rest import RestApi
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.serving.service import ChatService
from tailor.settings import Settings


class InferenceSettings(Settings):
    serving_table: str
    answer_seconds: float = 300
    key_requests_per_minute: int = 0
    allowed_origins: str = ""


MARGIN = 6  # seconds for all but the model's answer: the rest of the request, and counting its usage
logger = Logger()
settings = InferenceSettings.load()
store = ServingTable(settings.serving_table)
service = ChatService(
    store,
    store,
    BedrockRuntime(settings.answer_seconds - MARGIN),
    default_per_minute=settings.key_requests_per_minute or None,
)
api = RestApi(logger, settings.allowed_origins)


@api.routes.post("/v1/chat/completions")
def complete() -> Response[str]:
    return api.answer(service.complete(api.body, api.caller))


@api.routes.post("/v1/responses")
def respond() -> Response[str]:
    return api.answer(service.respond(api.body, api.caller))


@api.routes.route("/v1/models", method=["GET", "HEAD"])
def models() -> Response[str]:
    return api.answer(service.models(api.caller, api.query))


@api.routes.route("/v1/models/<name>", method=["GET", "HEAD"])
def model(name: str) -> Response[str]:
    return api.answer(service.model(unquote(name), api.caller))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("inference")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.routes.resolve(event, context)
