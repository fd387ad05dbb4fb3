"""Queue of S3 "Object Created" events → a run for each folder in which a recipe or a data file came."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.tracing import traced
from tailor.settings import Settings
from tailor.steps.receive import receive_messages


class ReceiveSettings(Settings):
    bucket: str
    runs_table: str
    stack: str


settings = ReceiveSettings.load()
logger = Logger()
bucket = S3Storage(settings.bucket)
runs = DynamoRunStore(settings.runs_table)


@logger.inject_lambda_context
@traced("receive")
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    received = receive_messages(event["Records"], stack=settings.stack, bucket=bucket, runs=runs, now=datetime.now(UTC))
    for problem in received.problems:
        logger.error(problem)
    logger.info(
        "received",
        messages=len(event["Records"]),
        ignored=received.ignored,
        folders=received.folders,
        runs=received.runs,
        failed=len(received.failed),
    )
    return {"batchItemFailures": [{"itemIdentifier": message} for message in received.failed]}
