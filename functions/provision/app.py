""" "Run Changed" or "Run Due" (trained, verdicts) → deploy, promote or take down."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock import Bedrock
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.events import RunChanged, detail
from tailor.settings import Settings
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.provision import provision


class ProvisionSettings(Settings):
    runs_table: str
    serving_table: str
    stack: str
    environment: str


settings = ProvisionSettings.load()
logger = Logger()
runs = DynamoRunStore(settings.runs_table)
aliases = ServingTable(settings.serving_table)
owner = Owner(settings.stack, settings.environment)
control = OwnControl(Bedrock(), owner)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    run = provision(
        RunChanged.model_validate(detail(event)).run,
        runs=runs,
        control=control,
        aliases=aliases,
        tags=owner.tags,
        now=datetime.now(UTC),
    )
    logger.info("provision", run=run.id if run else None, state=run.state if run else None)
