"""A step's events from its queue: what fails comes again soon, and what waits is counted."""

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from tailor.aws import clients
from tailor.aws.queues import LONGEST_PAUSE, PAUSE_SECONDS, StepQueue, consumes
from tailor.errors import RetryableError
from tests.unit.emulated import mock_aws

VISIBILITY = 5400


class Queue:
    """A queue, and what a function is given of it."""

    def __init__(self) -> None:
        self.sqs = boto3.client("sqs")
        made = self.sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": str(VISIBILITY)})
        self.url = made["QueueUrl"]
        self.changed: list[int] = []
        self.step = StepQueue(self.url)

    def batch(self, *events: dict[str, Any], received: int = 1) -> dict[str, Any]:
        for event in events:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=json.dumps(event))
        messages = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10)["Messages"]
        return {
            "Records": [
                {
                    "messageId": message["MessageId"],
                    "receiptHandle": message["ReceiptHandle"],
                    "body": message["Body"],
                    "attributes": {"ApproximateReceiveCount": str(received)},
                    "eventSource": "aws:sqs",
                    "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:work",
                }
                for message in messages
            ]
        }


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        clients.client.cache_clear()
        made = Queue()
        put_back = made.step._sqs.change_message_visibility

        def noted(**given: Any) -> Any:
            made.changed.append(given["VisibilityTimeout"])
            return put_back(**given)

        monkeypatch.setattr(made.step._sqs, "change_message_visibility", noted)
        yield made
    clients.client.cache_clear()


def test_a_handler_gets_the_events_of_messages_and_what_is_no_message_as_it_is(queue: Queue) -> None:
    taken: list[Any] = []
    handler = consumes(queue.step)(lambda event, _: taken.append(event))
    assert handler(queue.batch({"detail": {"run": "a"}}), None) == {"batchItemFailures": []}
    handler({"shard": 3}, None)
    assert taken == [{"detail": {"run": "a"}}, {"shard": 3}]
    assert queue.changed == []


@pytest.mark.parametrize(("received", "pause"), [(1, PAUSE_SECONDS), (3, 3 * PAUSE_SECONDS), (19, LONGEST_PAUSE)])
def test_what_fails_comes_again_after_a_pause_that_grows_and_the_call_counts_as_an_error(
    queue: Queue, received: int, pause: int
) -> None:
    def fail(event: Any, context: Any) -> None:
        raise RetryableError("not now")

    with pytest.raises(BatchProcessingError, match="not now"):
        consumes(queue.step)(fail)(queue.batch({}, received=received), None)
    assert queue.changed == [pause]
    assert pause < VISIBILITY


def test_of_a_batch_only_what_failed_comes_again_even_if_its_queue_can_not_be_told(queue: Queue) -> None:
    def fail(event: Any, context: Any) -> None:
        if event["fails"]:
            raise RetryableError("not now")

    batch = queue.batch({"fails": True}, {"fails": False})
    failed = next(each for each in batch["Records"] if json.loads(each["body"])["fails"])
    queue.sqs.delete_queue(QueueUrl=queue.url)
    answer = consumes(queue.step)(fail)(batch, SimpleNamespace())
    assert answer == {"batchItemFailures": [{"itemIdentifier": failed["messageId"]}]}


def test_what_waits_is_counted_and_what_is_worked_on_is_not(queue: Queue) -> None:
    assert queue.step.waiting() == 0
    queue.batch({"n": 1})
    assert queue.step.waiting() == 0
    queue.sqs.send_message(QueueUrl=queue.url, MessageBody="{}")
    assert queue.step.waiting() == 1
