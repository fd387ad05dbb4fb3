"""DynamoDB stream of the runs table → "Run Changed" on Tailor's bus."""

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.events import EventBus
from tailor.aws.metrics import measure
from tailor.aws.streams import images
from tailor.aws.tracing import traced
from tailor.settings import Settings
from tailor.steps.publish import publish, times_in_states


class PublishSettings(Settings):
    event_bus: str


logger = Logger()
bus = EventBus(PublishSettings.load().event_bus)
processor = BatchProcessor(event_type=EventType.DynamoDBStreams)


def announce(record: Any) -> None:
    old, new = images(record.raw_event)
    if new is not None:
        for change in publish(old, new, bus=bus):
            logger.info("announced", run=change.run, state=change.state, sequence=change.sequence)
        for state, seconds in times_in_states(old, new):
            measure("SecondsInState", MetricUnit.Seconds, seconds, state=state)


@logger.inject_lambda_context
@traced("publish")
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    return process_partial_response(event, announce, processor, context)
