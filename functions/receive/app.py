"""Queue of S3 events → a record of each folder in which objects were created or deleted."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.folders import FolderTable, WakeUpQueue
from tailor.aws.tracing import traced
from tailor.settings import Settings
from tailor.steps.filling import Quiet
from tailor.steps.receive import receive_messages


class ReceiveSettings(Settings):
    folders_table: str
    wake_ups_url: str
    quiet_seconds: float


settings = ReceiveSettings.load()
logger = Logger()
folders = FolderTable(settings.folders_table)
wake_ups = WakeUpQueue(settings.wake_ups_url)
quiet = Quiet(settings.quiet_seconds)


@logger.inject_lambda_context
@traced("receive")
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    received = receive_messages(
        event["Records"], folders=folders, wake_ups=wake_ups, quiet=quiet, now=datetime.now(UTC)
    )
    for problem in received.problems:
        logger.error(problem)
    logger.info(
        "received",
        messages=len(event["Records"]),
        ignored=received.ignored,
        folders=received.folders,
        failed=len(received.failed),
    )
    return {"batchItemFailures": [{"itemIdentifier": message} for message in received.failed]}
