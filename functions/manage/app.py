"""The API for people: see runs, decide about their cost, steer them, say that an upload is done."""

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock import Bedrock
from tailor.aws.rest import RestApi
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.management import Access, Approvals, RunsApi, Uploads
from tailor.settings import Settings
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.services import RunServices


class ManageSettings(Settings):
    bucket: str
    runs_table: str
    serving_table: str
    stack: str
    environment: str
    allowed_origins: str = ""


logger = Logger()
settings = ManageSettings.load()
runs, table, bucket = (
    DynamoRunStore(settings.runs_table),
    ServingTable(settings.serving_table),
    S3Storage(settings.bucket),
)
control = OwnControl(Bedrock(), Owner(settings.stack, settings.environment))
access = Access(runs, table)
approvals = Approvals(access, runs)
steering = RunsApi(access, RunServices(runs, control, table), bucket, approvals)
uploads = Uploads(access, bucket)
api = RestApi(logger, settings.allowed_origins)


@api.routes.get("/v1/key")
def show_key() -> Response[str]:
    return api.answer(access.show(api.caller))


@api.routes.get("/v1/runs")
def list_runs() -> Response[str]:
    return api.answer(steering.list_runs(api.query, api.caller))


@api.routes.get("/v1/runs/<run>")
def show_run(run: str) -> Response[str]:
    return api.answer(steering.show(unquote(run), api.caller))


@api.routes.get("/v1/runs/<run>/findings")
def show_findings(run: str) -> Response[str]:
    return api.answer(steering.findings(unquote(run), api.caller))


@api.routes.get("/v1/runs/<run>/curve")
def show_curve(run: str) -> Response[str]:
    return api.answer(steering.curve(unquote(run), api.caller))


@api.routes.post("/v1/runs/<run>/<action>")
def act(run: str, action: str) -> Response[str]:
    return api.answer(steering.act(unquote(run), action, api.body, api.caller))


@api.routes.get("/v1/models/<project>/service")
def show_service(project: str) -> Response[str]:
    return api.answer(steering.service(unquote(project), api.caller))


@api.routes.post("/v1/models/<project>/rollback")
def roll_back(project: str) -> Response[str]:
    return api.answer(steering.roll_back(unquote(project), api.body, api.caller))


@api.routes.post("/v1/models/<project>/offline")
def take_offline(project: str) -> Response[str]:
    return api.answer(steering.take_offline(unquote(project), api.body, api.caller))


@api.routes.get("/v1/approvals")
def waiting() -> Response[str]:
    return api.answer(approvals.waiting(api.caller))


@api.routes.get("/v1/approvals/<run>")
def show_approval(run: str) -> Response[str]:
    return api.answer(approvals.show(unquote(run), api.caller))


@api.routes.post("/v1/approvals/<run>")
def decide(run: str) -> Response[str]:
    return api.answer(approvals.decide(unquote(run), api.body, api.caller))


@api.routes.post("/v1/uploads/<project>/<dataset>/done")
def finish_upload(project: str, dataset: str) -> Response[str]:
    return api.answer(uploads.finish(unquote(project), unquote(dataset), api.caller))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("manage")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.routes.resolve(event, context)
