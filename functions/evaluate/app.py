""" "Run Changed" or "Run Due" (deployed, evaluating) → the verdict."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock_runtime import BedrockAsker
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.events import RunChanged, detail
from tailor.settings import Settings
from tailor.steps.evaluate import evaluate


class EvaluateSettings(Settings):
    bucket: str
    runs_table: str
    serving_table: str


settings = EvaluateSettings.load()
logger = Logger()
bucket = S3Storage(settings.bucket)
runs = DynamoRunStore(settings.runs_table)
aliases = ServingTable(settings.serving_table)
asker = BedrockAsker(bucket)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    run = evaluate(
        RunChanged.model_validate(detail(event)).run,
        bucket=bucket,
        runs=runs,
        asker=asker,
        aliases=aliases,
        seconds_left=lambda: context.get_remaining_time_in_millis() / 1000,
        now=datetime.now(UTC),
    )
    logger.info("evaluate", run=run.id if run else None, state=run.state if run else None)
