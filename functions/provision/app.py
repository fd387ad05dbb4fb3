""" "Run Changed" or "Run Due" (trained, verdicts) → deploy, promote or take down."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock import Bedrock
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.events import RunChanged, detail
from tailor.settings import Settings
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.provision import provision
from tailor.steps.services import RunServices


class ProvisionSettings(Settings):
    runs_table: str
    serving_table: str
    stack: str
    environment: str


settings = ProvisionSettings.load()
logger = Logger()
owner = Owner(settings.stack, settings.environment)
services = RunServices(
    runs=DynamoRunStore(settings.runs_table),
    control=OwnControl(Bedrock(), owner),
    aliases=ServingTable(settings.serving_table),
)


@logger.inject_lambda_context
@traced("provision")
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    changed = RunChanged.model_validate(detail(event))
    run = provision(changed.run, services, tags=owner.tags, now=datetime.now(UTC))
    logger.info("provision", run=run.id if run else None, state=run.state if run else None)
