"""Queue of wake-ups → a run for a quiet folder's content, or an answer that says why none starts."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.events import EventBus
from tailor.aws.folders import FolderTable, WakeUpQueue
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.tracing import traced
from tailor.events import WakeUp
from tailor.settings import Settings
from tailor.steps.filling import Quiet
from tailor.steps.settle import SettleServices, settle


class SettleSettings(Settings):
    bucket: str
    runs_table: str
    stack: str
    folders_table: str
    wake_ups_url: str
    event_bus: str
    quiet_seconds: float


settings = SettleSettings.load()
logger = Logger()
services = SettleServices(
    folders=FolderTable(settings.folders_table),
    wake_ups=WakeUpQueue(settings.wake_ups_url),
    bucket=S3Storage(settings.bucket),
    runs=DynamoRunStore(settings.runs_table),
    answers=EventBus(settings.event_bus),
    quiet=Quiet(settings.quiet_seconds),
    stack=settings.stack,
)
processor = BatchProcessor(event_type=EventType.SQS)


def look(record: Any) -> None:
    folder = WakeUp.model_validate_json(record.body).folder
    settled = settle(folder, services, now=datetime.now(UTC))
    waits = settled.waits.total_seconds() if settled.waits else 0
    logger.info("settled", folder=folder, waits=waits, run=settled.run and settled.run.id, told=settled.told)


@logger.inject_lambda_context
@traced("settle")
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, look, processor, context)
