"""Steer runs over the API: decide about their cost, have them tried again, say that an upload is done."""

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.rest import RestApi
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.settings import Settings
from tailor.steps.approvals import Approvals


class ApproveSettings(Settings):
    bucket: str
    runs_table: str
    serving_table: str
    allowed_origins: str = ""


logger = Logger()
settings = ApproveSettings.load()
approvals = Approvals(
    DynamoRunStore(settings.runs_table), ServingTable(settings.serving_table), S3Storage(settings.bucket)
)
api = RestApi(logger, settings.allowed_origins)


@api.routes.get("/v1/approvals")
def waiting() -> Response[str]:
    return api.answer(approvals.waiting(api.caller))


@api.routes.get("/v1/approvals/<run>")
def show(run: str) -> Response[str]:
    return api.answer(approvals.show(unquote(run), api.caller))


@api.routes.post("/v1/approvals/<run>")
def decide(run: str) -> Response[str]:
    return api.answer(approvals.decide(unquote(run), api.body, api.caller))


@api.routes.post("/v1/runs/<run>/retry")
def retry(run: str) -> Response[str]:
    return api.answer(approvals.retry(unquote(run), api.body, api.caller))


@api.routes.post("/v1/uploads/<project>/<dataset>/done")
def finish_upload(project: str, dataset: str) -> Response[str]:
    return api.answer(approvals.finish_upload(unquote(project), unquote(dataset), api.caller))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("approve")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.routes.resolve(event, context)
