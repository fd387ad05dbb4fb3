"""Preview a dataset for people who are about to start its run."""

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
from tailor.management import AccessControl, Previews
from tailor.settings import Settings
from tailor.training.prices import PriceBook, read_prices


class PreviewSettings(Settings):
    bucket: str
    runs_table: str
    serving_table: str
    prices: str
    allowed_origins: str = ""


logger = Logger()
settings = PreviewSettings.load()
access = AccessControl(DynamoRunStore(settings.runs_table), ServingTable(settings.serving_table))
previews = Previews(access, S3Storage(settings.bucket), PriceBook(read_prices(settings.prices)))
api = RestApi(logger, settings.allowed_origins)


@api.routes.post("/v1/uploads/<project>/<dataset>/preview")
def preview(project: str, dataset: str) -> Response[str]:
    return api.answer(previews.show(unquote(project), unquote(dataset), api.body, api.caller))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("preview")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.resolve(event, context)
