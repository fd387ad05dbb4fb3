"""The API for people: upload datasets, see runs, decide about their cost, steer them.

Slack's buttons end here too: they need no key, but Slack's signature.
"""

from typing import Any
from urllib.parse import unquote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.logging import correlation_paths
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock import Bedrock
from tailor.aws.notices import SecretText, SlackResponses
from tailor.aws.rest import RestApi
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3_uploads import S3Uploads
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.aws.training import TrainingJobSettings, sagemaker_trainer
from tailor.management import (
    AccessControl,
    Adoptions,
    Approvals,
    Clicks,
    Comparisons,
    KeyManagement,
    ProjectUsage,
    RunsApi,
    Uploads,
)
from tailor.notices.hooks import Webhooks
from tailor.notices.messages import Reader
from tailor.notices.words import Language
from tailor.steps.adopting import Adopting
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.pricing import pricing_of
from tailor.steps.services import RunServices


class ManageSettings(TrainingJobSettings):
    runs_table: str
    serving_table: str
    stack: str
    environment: str
    sent_table: str
    webhooks_secret_arn: str = ""
    allow_insecure_webhook: bool = False
    tailor_command: str = "tailor"
    notice_language: Language = "en"
    allowed_origins: str = ""
    prices: str = "{}"
    key_requests_per_minute: int = 0


logger = Logger()
settings = ManageSettings.load()
runs, table, bucket = (
    DynamoRunStore(settings.runs_table),
    ServingTable(settings.serving_table),
    S3Uploads(settings.bucket),
)
owner = Owner(settings.stack, settings.environment)
control = OwnControl(Bedrock(), owner)
services = RunServices(runs, control, table, sagemaker_trainer(control, owner, settings), region())
access = AccessControl(runs, table)
approvals = Approvals(access, runs)
steering = RunsApi(access, services, bucket, approvals)
uploads = Uploads(access, bucket)
adoptions = Adoptions(access, Adopting(bucket, runs, control, settings.stack))
usage = ProjectUsage(access, table, table, pricing_of(settings.prices))
key_management = KeyManagement(access, table, table, settings.key_requests_per_minute)
comparisons = Comparisons(access, bucket)
secret = SecretText(settings.webhooks_secret_arn) if settings.webhooks_secret_arn else None
slack = SlackResponses(settings.sent_table, insecure=settings.allow_insecure_webhook)


def hooks() -> Webhooks:
    return Webhooks.parse(secret.read() if secret else "", allow_insecure=settings.allow_insecure_webhook)


reader = Reader(settings.tailor_command, language=settings.notice_language)
clicks = Clicks(hooks, services, slack.is_new, slack.respond, reader)
api = RestApi(logger, settings.allowed_origins)


@api.routes.get("/v1/key")
def show_key() -> Response[str]:
    return api.answer(access.show(api.caller))


@api.routes.get("/v1/keys")
def list_keys() -> Response[str]:
    return api.answer(key_management.list_keys(api.query, api.caller))


@api.routes.post("/v1/keys")
def create_key() -> Response[str]:
    return api.answer(key_management.create(api.body, api.caller))


@api.routes.post("/v1/keys/<key>/rotate")
def rotate_key(key: str) -> Response[str]:
    return api.answer(key_management.rotate(unquote(key), api.body, api.caller))


@api.routes.post("/v1/keys/<key>/revoke")
def revoke_key(key: str) -> Response[str]:
    return api.answer(key_management.revoke(unquote(key), api.body, api.caller))


@api.routes.get("/v1/runs")
def list_runs() -> Response[str]:
    return api.answer(steering.list_runs(api.query, api.caller))


@api.routes.get("/v1/runs/<run>")
def show_run(run: str) -> Response[str]:
    return api.answer(steering.show(unquote(run), api.caller))


@api.routes.get("/v1/runs/<run>/findings")
def show_findings(run: str) -> Response[str]:
    return api.answer(steering.findings(unquote(run), api.query, api.caller))


@api.routes.get("/v1/runs/<run>/curve")
def show_curve(run: str) -> Response[str]:
    return api.answer(steering.curve(unquote(run), api.caller))


@api.routes.get("/v1/runs/<run>/comparison")
def compare(run: str) -> Response[str]:
    return api.answer(comparisons.show(unquote(run), api.query, api.caller))


@api.routes.post("/v1/runs/<run>/<action>")
def act(run: str, action: str) -> Response[str]:
    return api.answer(steering.act(unquote(run), action, api.body, api.caller))


@api.routes.get("/v1/models/<project>/service")
def show_service(project: str) -> Response[str]:
    return api.answer(steering.service(unquote(project), api.caller))


@api.routes.get("/v1/models/<project>/usage")
def show_usage(project: str) -> Response[str]:
    return api.answer(usage.show(unquote(project), api.query, api.caller))


@api.routes.post("/v1/models/<project>/rollback")
def roll_back(project: str) -> Response[str]:
    return api.answer(steering.roll_back(unquote(project), api.body, api.caller))


@api.routes.post("/v1/models/<project>/offline")
def take_offline(project: str) -> Response[str]:
    return api.answer(steering.take_offline(unquote(project), api.body, api.caller))


@api.routes.post("/v1/models/<project>/restore")
def restore(project: str) -> Response[str]:
    return api.answer(steering.restore(unquote(project), api.body, api.caller))


@api.routes.post("/v1/models/<project>/adopt")
def adopt(project: str) -> Response[str]:
    return api.answer(adoptions.adopt(unquote(project), api.body, api.caller))


@api.routes.delete("/v1/models/<name>")
def delete_model(name: str) -> Response[str]:
    return api.answer(steering.delete_model(unquote(name), api.caller))


@api.routes.get("/v1/approvals")
def waiting() -> Response[str]:
    return api.answer(approvals.waiting(api.caller))


@api.routes.get("/v1/approvals/<run>")
def show_approval(run: str) -> Response[str]:
    return api.answer(approvals.show(unquote(run), api.caller))


@api.routes.post("/v1/approvals/<run>")
def decide(run: str) -> Response[str]:
    return api.answer(approvals.decide(unquote(run), api.body, api.caller))


@api.routes.post("/v1/uploads/<project>/<dataset>")
def begin_upload(project: str, dataset: str) -> Response[str]:
    return api.answer(uploads.begin(unquote(project), unquote(dataset), api.body, api.caller))


@api.routes.get("/v1/uploads/<project>/<dataset>")
def show_upload(project: str, dataset: str) -> Response[str]:
    return api.answer(uploads.show(unquote(project), unquote(dataset), api.caller))


@api.routes.post("/v1/uploads/<project>/<dataset>/links")
def link_pieces(project: str, dataset: str) -> Response[str]:
    return api.answer(uploads.links(unquote(project), unquote(dataset), api.body, api.caller))


@api.routes.post("/v1/uploads/<project>/<dataset>/done")
def finish_upload(project: str, dataset: str) -> Response[str]:
    return api.answer(uploads.finish(unquote(project), unquote(dataset), api.body, api.caller))


@api.routes.post("/slack/interactions")
def press() -> Response[str]:
    return api.answer(clicks.take(api.body, api.headers))


@logger.inject_lambda_context(correlation_id_path=correlation_paths.API_GATEWAY_REST, log_event=False)
@traced("manage")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.resolve(event, context)
