"""Send notices: SNS, HTTPS, the webhooks secret, and the table that records what was sent."""

import hashlib
import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import urllib3
from aws_lambda_powertools.utilities.idempotency import DynamoDBPersistenceLayer, IdempotencyConfig, idempotent_function
from aws_lambda_powertools.utilities.idempotency.exceptions import (
    IdempotencyAlreadyInProgressError,
    IdempotencyInconsistentStateError,
    IdempotencyPersistenceLayerError,
)
from aws_lambda_powertools.utilities.parameters import SecretsProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.dynamodb.conditions import Attr
from botocore.exceptions import ClientError

from tailor.aws.clients import client, table
from tailor.aws.failures import code_of, translated
from tailor.errors import RetryableError
from tailor.notices.channels import PostResponse, SendResult, Wait
from tailor.notices.delivery import Once
from tailor.notices.digest import Window
from tailor.notices.slack_app import Thread

if TYPE_CHECKING:
    from mypy_boto3_sns.client import SNSClient

SECRET_SECONDS = 300  # how long a changed secret may go unseen
REMEMBERED_SECONDS = 30 * 24 * 3600  # longer than any event can be delayed or redriven
TIMEOUT = urllib3.Timeout(connect=3, read=7)
MAX_ANSWER = 200_000  # bytes that are read of an answer; Slack's has the whole message
BUSY_PAUSE = 0.25
RESERVE = 25.0  # seconds of an invocation that are not spent on waiting: enough for a post and its record


class Topic:
    """An SNS topic as :class:`tailor.notices.channels.Publish`."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._sns: SNSClient = client("sns")

    def __call__(self, subject: str, bodies: Mapping[str, str], attributes: Mapping[str, str]) -> None:
        with translated("publishing to SNS"):
            self._sns.publish(
                TopicArn=self._arn,
                Subject=subject,
                Message=json.dumps(bodies),
                MessageStructure="json",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )


class SecretText:
    """A secret's text, read again every few minutes; empty if it has no value or does not exist."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._provider = SecretsProvider(boto3_client=client("secretsmanager"))

    def read(self) -> str:
        """Return the secret's text."""
        try:
            return str(self._provider.get(self._arn, max_age=SECRET_SECONDS))
        except GetParameterError as error:
            cause = error.__context__
            if isinstance(cause, ClientError) and code_of(cause) == "ResourceNotFoundException":
                return ""
            raise RetryableError(f"reading the webhooks secret: {type(cause).__name__}") from error


# At level DEBUG urllib3 logs URLs, and a Slack hook's URL is a secret.
logging.getLogger("urllib3").setLevel(logging.INFO)
_log = logging.getLogger(__name__)
_http = urllib3.PoolManager(timeout=TIMEOUT, retries=False)


def post(url: str, body: bytes, headers: Mapping[str, str]) -> PostResponse:
    """Send an HTTP POST; see :class:`tailor.notices.channels.Post`."""
    try:
        # A connection that was kept over a pause of the function may be dead, and a POST can't be repeated blindly.
        answer = _http.request(
            "POST", url, body=body, headers={**headers, "connection": "close"}, redirect=False, preload_content=False
        )
        try:
            text = answer.read(MAX_ANSWER).decode("utf-8", "replace")
        finally:
            answer.close()
    except (urllib3.exceptions.HTTPError, OSError) as error:
        # urllib3's messages hold the URL, which is a secret.
        raise RetryableError(f"nobody answered a notice: {type(error).__name__}") from None
    return PostResponse(answer.status, {name.lower(): value for name, value in answer.headers.items()}, text)


class SentOnce:
    """Powertools' idempotency as :class:`tailor.notices.delivery.Once`, over a DynamoDB table.

    A key in progress is released when this invocation's time runs out, so a killed function does not block it.
    """

    def __init__(self, table_name: str) -> None:
        self._store = DynamoDBPersistenceLayer(table_name=table_name, boto3_client=client("dynamodb"))

    def within(self, context: LambdaContext) -> Once:
        config = IdempotencyConfig(
            expires_after_seconds=REMEMBERED_SECONDS, hash_function="sha256", lambda_context=context
        )
        wait = waiter(context)

        def outcome_of(*, key: str, send: Callable[[], SendResult]) -> dict[str, Any]:
            return asdict(send())

        remembered: Any = idempotent_function(
            outcome_of, data_keyword_argument="key", persistence_store=self._store, config=config, key_prefix="notice"
        )

        def once(key: str, send: Callable[[], SendResult]) -> SendResult:
            while True:
                try:
                    return SendResult(**remembered(key=key, send=send))
                except IdempotencyAlreadyInProgressError as error:
                    if not wait(BUSY_PAUSE):
                        raise RetryableError("another invocation is sending this notice") from error
                except (IdempotencyInconsistentStateError, IdempotencyPersistenceLayerError) as error:
                    raise RetryableError(f"remembering what was sent: {type(error).__name__}") from error

        return once


THREAD_SECONDS = 400 * 24 * 3600  # how long a run's thread is known after its last message
CLAIM_SECONDS = 60  # as long as an invocation


class SlackThreads:
    """The threads of runs in the table of what was sent, as :class:`tailor.notices.slack_app.Threads`."""

    def __init__(self, table_name: str, clock: Callable[[], float] = time.time) -> None:
        self._table = table(table_name)
        self._clock = clock

    def find(self, key: str) -> Thread | None:
        """Return a run's thread, or None."""
        with translated("reading a thread"):
            item = self._table.get_item(Key=_thread(key), ConsistentRead=True).get("Item") or {}
        return Thread(str(item["ts"]), str(item["first"])) if "ts" in item else None

    def told_first(self, thread: Thread, notice: str) -> bool:
        """Return whether the thread's first message was this notice."""
        return thread.first in (notice, hashed(notice))  # one that was just opened has the id itself

    def claim(self, key: str) -> bool:
        """Return whether the caller may open the thread."""
        now = int(self._clock())
        free = Attr("id").not_exists() | (Attr("ts").not_exists() & Attr("claimed_until").lt(now))
        item: dict[str, str | int] = {
            **_thread(key),
            "claimed_until": now + CLAIM_SECONDS,
            "expiration": now + THREAD_SECONDS,
        }
        with translated("opening a thread"):
            return _done(lambda: self._table.put_item(Item={**item}, ConditionExpression=free))

    def give_up(self, key: str) -> None:
        """End a claim."""
        with translated("opening a thread"):
            _done(lambda: self._table.delete_item(Key=_thread(key), ConditionExpression=Attr("ts").not_exists()))

    def opened(self, key: str, thread: Thread, sequence: int) -> None:
        """Keep a thread."""
        with translated("keeping a thread"):
            self._table.update_item(
                Key=_thread(key),
                UpdateExpression="SET ts = :ts, #first = :first, shown = :shown",
                ExpressionAttributeNames={"#first": "first"},
                ExpressionAttributeValues={":ts": thread.ts, ":first": hashed(thread.first), ":shown": sequence},
            )

    def shows(self, key: str, sequence: int) -> bool:
        """Record the sequence that is shown; return False if a later one is shown."""
        values = {":shown": sequence, ":until": int(self._clock()) + THREAD_SECONDS}
        with translated("keeping a thread"):
            return _done(
                lambda: self._table.update_item(
                    Key=_thread(key),
                    UpdateExpression="SET shown = :shown, expiration = :until",
                    ConditionExpression=Attr("shown").lte(sequence),
                    ExpressionAttributeValues=values,
                )
            )


DIGEST_SECONDS = 24 * 3600  # how long what moved is known


class MovedRuns:
    """Windows of digests in the table of what was sent, as :class:`tailor.notices.digest.Collection`."""

    def __init__(self, table_name: str, clock: Callable[[], float] = time.time) -> None:
        self._table = table(table_name)
        self._clock = clock

    def runs(self, window: Window, run: str) -> int:
        """Record that a run changed; return how many have."""
        return len(self._add(window, "moved", hashed(run)))

    def collect(self, window: Window, line: str) -> None:
        """Add a line to the digest."""
        self._add(window, "told", line)

    def lines(self, window: Window) -> list[str]:
        """Return the collected lines."""
        with translated("reading a digest"):
            item = self._table.get_item(Key=self._key(window), ConsistentRead=True).get("Item") or {}
        found: Any = item.get("told", set())
        return sorted(found)

    def forget(self, window: Window) -> None:
        """Remove a window whose digest was sent. Idempotent."""
        with translated("removing a digest"):
            self._table.delete_item(Key=self._key(window))

    def _key(self, window: Window) -> dict[str, str]:
        return {"id": f"digest#{hashed(window.id)}"}

    def _add(self, window: Window, name: str, value: str) -> set[str]:
        with translated("noting what moved"):
            answer = self._table.update_item(
                Key=self._key(window),
                UpdateExpression="ADD #name :values SET expiration = :until",
                ExpressionAttributeNames={"#name": name},
                ExpressionAttributeValues={":values": {value}, ":until": int(self._clock()) + DIGEST_SECONDS},
                ReturnValues="ALL_NEW",
            )
        found: Any = answer["Attributes"][name]
        return set(found)


SLACK_RESPONSES = ("https://hooks.slack.com/", "https://hooks.slack-gov.com/")
SEEN_SECONDS = 3600  # longer than a request of Slack is taken


class SlackResponses:
    """Answers to people who press buttons in Slack, and the requests that were answered.

    ``insecure``: addresses other than Slack's are taken too, on the local cloud.
    """

    def __init__(self, table_name: str, *, insecure: bool = False, clock: Callable[[], float] = time.time) -> None:
        self._table = table(table_name)
        self._insecure = insecure
        self._clock = clock

    def is_new(self, key: str) -> bool:
        """Remember a request; see :class:`tailor.management.clicks.Seen`."""
        item: dict[str, str | int] = {"id": f"click#{key}", "expiration": int(self._clock()) + SEEN_SECONDS}
        with translated("remembering a click"):
            return _done(lambda: self._table.put_item(Item={**item}, ConditionExpression=Attr("id").not_exists()))

    def respond(self, url: str, body: Mapping[str, Any]) -> None:
        """Post to a response URL; see :class:`tailor.management.clicks.Respond`."""
        if not (self._insecure or url.startswith(SLACK_RESPONSES)):
            _log.warning("a response URL is not Slack's")
            return
        try:
            answer = post(url, json.dumps(body).encode(), {"content-type": "application/json; charset=utf-8"})
        except RetryableError as error:
            _log.warning("a person in Slack was not told: %s", error.message)
        else:
            if not 200 <= answer.status < 300:
                _log.warning("a person in Slack was not told: Slack answered %s", answer.status)


def _thread(key: str) -> dict[str, str]:
    return {"id": f"thread#{hashed(key)}"}


def hashed(name: str) -> str:
    """Return a digest in place of a name: the table outlives an erased project, and must not identify it."""
    return hashlib.sha256(name.encode()).hexdigest()


def _done(write: Callable[[], object]) -> bool:
    """Return whether a conditional write took place."""
    try:
        write()
    except ClientError as error:
        if code_of(error) == "ConditionalCheckFailedException":
            return False
        raise
    return True


def waiter(context: LambdaContext, reserve: float = RESERVE) -> Wait:
    """Return a function that sleeps if ``reserve`` seconds of the invocation remain; otherwise it returns False."""

    def wait(seconds: float) -> bool:
        if context.get_remaining_time_in_millis() / 1000 - seconds < reserve:
            return False
        time.sleep(seconds)
        return True

    return wait
