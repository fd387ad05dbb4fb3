"""The OpenAI chat API over a project's live custom model."""

from dataclasses import asdict
from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths

from tailor.aws.rest import RestApi
from tailor.aws.serving import ServingTable
from tailor.aws.signed_runtime import runtime
from tailor.aws.tracing import traced
from tailor.serving.budgets import BudgetMark
from tailor.serving.metering import Meter
from tailor.serving.service import ChatService
from tailor.settings import Settings
from tailor.storage import Storage
from tailor.token_prices import TokenPrices


class InferenceSettings(Settings):
    bucket: str
    serving_table: str
    answer_seconds: float = 300
    key_requests_per_minute: int = 0
    allowed_origins: str = ""
    usage_tags: str = ""
    prices: str = "{}"
    event_bus: str = ""


def pricing(model: str) -> TokenPrices | None:
    """Return the prices of a base model's custom models; the catalogue is read only for a budget or GET usage."""
    from tailor.steps.pricing import pricing_of

    return pricing_of(settings.prices)(model)


def uploads() -> Storage:
    """Return the bucket of uploads. It is opened on demand: few requests need it, and boto3 imports slowly."""
    from tailor.aws.s3 import S3Storage

    return S3Storage(settings.bucket)


def announce(mark: BudgetMark) -> None:
    from tailor.aws.events import EventBus
    from tailor.events import BUDGET_REACHED, BudgetReached

    logger.warning("budget reached", extra={"owner": mark.owner.name, "kind": mark.owner.kind, "percent": mark.percent})
    told = asdict(mark) | {"kind": mark.owner.kind, "owner": mark.owner.name}
    EventBus(settings.event_bus).send(BUDGET_REACHED, [BudgetReached.model_validate(told)])


MARGIN = 6  # seconds for all but the model's answer: the rest of the request, and counting its usage
logger = Logger()
settings = InferenceSettings.load()
store = ServingTable(settings.serving_table)
meter = Meter(store, pricing, announce, [name.strip() for name in settings.usage_tags.split(",") if name.strip()])
service = ChatService(
    store,
    store,
    runtime(settings.answer_seconds - MARGIN),
    default_per_minute=settings.key_requests_per_minute or None,
    meter=meter,
    uploads=uploads,
)
api = RestApi(logger, settings.allowed_origins)


@api.routes.post("/v1/chat/completions")
def complete() -> Response[str]:
    return api.answer(service.complete(api.body, api.caller))


@api.routes.post("/v1/responses")
def respond() -> Response[str]:
    return api.answer(service.respond(api.body, api.caller))


@api.routes.get("/v1/usage")
def usage() -> Response[str]:
    return api.answer(service.usage(api.caller, api.query))


@api.routes.route("/v1/models", method=["GET", "HEAD"])
def models() -> Response[str]:
    return api.answer(service.models(api.caller, api.query))


@api.routes.route("/v1/models/<name>", method=["GET", "HEAD"])
def model(name: str) -> Response[str]:
    return api.answer(service.model(unquote(name), api.caller))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("inference")
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    return api.resolve(event, context)
