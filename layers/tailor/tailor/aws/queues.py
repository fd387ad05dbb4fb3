"""Take a step's events from its queue, whose event source mapping says how many functions work on them at once."""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Final

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response

from tailor.aws.clients import client
from tailor.aws.failures import translated
from tailor.errors import TailorError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

type QueueHandler = Callable[[dict[str, Any], Any], Any]
PAUSE_SECONDS = 60  # after a first failure, as Lambda's own before an event's first retry; then twice, thrice that
LONGEST_PAUSE = 600


class StepQueue:
    """A queue of one step's events. Implements :class:`tailor.steps.reconcile.Waiting`."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._sqs: SQSClient = client("sqs")

    def waiting(self) -> int:
        """Return approximately how many events wait, without those in progress or delayed for a retry."""
        name: Final = "ApproximateNumberOfMessages"
        with translated("asking how much work waits"):
            answer = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def put_back(self, receipt: str, failures: int) -> None:
        """Make a message visible again after a delay that grows with its failures, before its visibility timeout
        ends."""
        pause = min(PAUSE_SECONDS * failures, LONGEST_PAUSE)
        with translated("putting an event back"):
            self._sqs.change_message_visibility(QueueUrl=self._url, ReceiptHandle=receipt, VisibilityTimeout=pause)

    def send_later(self, event: dict[str, object], seconds: int) -> None:
        """Send an event to the queue, to be delivered after ``seconds``, at most 900."""
        with translated("asking for an event later"):
            self._sqs.send_message(QueueUrl=self._url, MessageBody=json.dumps(event), DelaySeconds=min(seconds, 900))


def consumes(queue: StepQueue) -> Callable[[QueueHandler], QueueHandler]:
    """Return a decorator for a handler of events that makes it accept the queue's messages, whose bodies they are.

    What is no message goes to the handler as it is: state machines call functions themselves.
    """

    def decorate(handler: QueueHandler) -> QueueHandler:
        processor = BatchProcessor(event_type=EventType.SQS)

        @wraps(handler)
        def consume(event: dict[str, Any], context: Any) -> Any:
            def take(record: Any) -> None:
                try:
                    handler(json.loads(record.body), context)
                except Exception:
                    with suppress(TailorError):  # then it comes after the visibility timeout
                        queue.put_back(record.receipt_handle, int(record.attributes.approximate_receive_count))
                    raise

            if "Records" not in event:
                return handler(event, context)
            return process_partial_response(event, take, processor, context)

        return consume

    return decorate
