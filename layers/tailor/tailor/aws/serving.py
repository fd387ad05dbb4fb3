"""Live versions, API keys and usage in one DynamoDB table.

=================== ============================ =========================================
``pk``              ``sk``                       item
=================== ============================ =========================================
``PROJECT#<name>``  ``LIVE``                     the alias: live version and previous ones
``KEYS``            SHA-256 of the key           the key's record
``USAGE#<project>`` ``<day>#<key id>#<run>``     counters, added to atomically
``RATE#<key id>``   ``MINUTE#…`` or ``DAY#…``    counters of a limited key's windows
``SPEND#<month>``   run's id                     what a run may cost (:mod:`tailor.aws.ledger`)
=================== ============================ =========================================

``expiration`` (epoch seconds) is the table's time-to-live attribute.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from tailor.aws.failures import code_of, translated
from tailor.aws.items import as_item, refusals_named
from tailor.aws.keys import KeyTable
from tailor.errors import LostRaceError
from tailor.serving.aliases import Alias
from tailor.serving.usage import Usage

_LOST = "ConditionalCheckFailedException"
KEEP_USAGE = timedelta(days=400)
KEEP_WINDOWS = timedelta(days=2)


class ServingTable(KeyTable):
    """Implements AliasStore, KeyStore and UsageStore. Raises tailor.errors."""

    # Aliases

    def alias(self, project: str) -> Alias:
        with translated(f"reading the live version of {project}"):
            item = self._table.get_item(Key=_alias_key(project), ConsistentRead=True).get("Item")
        return Alias.model_validate(item) if item else Alias(project=project)

    def save_alias(self, alias: Alias) -> Alias:
        new = alias.model_copy(update={"revision": alias.revision + 1})
        unchanged = Attr("revision").eq(alias.revision) if alias.revision else Attr("pk").not_exists()
        what = f"the live version of {alias.project}"
        with translated(f"writing {what}"), refusals_named(what):
            try:
                self._table.put_item(Item=_alias_key(alias.project) | as_item(new), ConditionExpression=unchanged)
            except ClientError as error:
                if code_of(error) == _LOST:
                    message = f"somebody else moved {alias.project}'s live version first"
                    raise LostRaceError(message, hint="try again") from error
                raise
        return new

    # Usage

    def add_usage(self, usage: Usage) -> None:
        with translated("counting usage"):
            self._table.update_item(
                Key={"pk": f"USAGE#{usage.project}", "sk": f"{usage.day.isoformat()}#{usage.key}#{usage.run}"},
                UpdateExpression="ADD requests :r, input_tokens :i, output_tokens :o SET expiration = :end",
                ExpressionAttributeValues={
                    ":r": usage.requests,
                    ":i": usage.input_tokens,
                    ":o": usage.output_tokens,
                    ":end": _epoch(usage.day, KEEP_USAGE),
                },
            )

    def usage(self, project: str, first: date, last: date) -> list[Usage]:
        # '~' sorts after every character of the keys.
        days = Key("sk").between(first.isoformat(), f"{last.isoformat()}~")
        items = self._query(Key("pk").eq(f"USAGE#{project}") & days, f"reading the usage of {project}")
        return [_usage(project, item) for item in items]

    def count_request(self, key: str, minute: datetime, limit: int) -> int | None:
        window = {"pk": f"RATE#{key}", "sk": f"MINUTE#{minute.isoformat()}"}
        with translated(f"counting a request of key {key}"):
            try:
                item = self._table.update_item(
                    Key=window,
                    UpdateExpression="ADD requests :one SET expiration = :end",
                    ConditionExpression=Attr("requests").not_exists() | Attr("requests").lt(limit),
                    ExpressionAttributeValues={":one": 1, ":end": _epoch(minute.date(), KEEP_WINDOWS)},
                    ReturnValues="UPDATED_NEW",
                )["Attributes"]
            except ClientError as error:
                if code_of(error) == _LOST:
                    return None
                raise
        return int(str(item["requests"]))

    def add_tokens(self, key: str, day: date, tokens: int) -> None:
        with translated(f"counting tokens of key {key}"):
            self._table.update_item(
                Key={"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"},
                UpdateExpression="ADD tokens :tokens SET expiration = :end",
                ExpressionAttributeValues={":tokens": tokens, ":end": _epoch(day, KEEP_WINDOWS)},
            )

    def tokens(self, key: str, day: date) -> int:
        with translated(f"reading the tokens of key {key}"):
            item = self._table.get_item(Key={"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"}).get("Item", {})
        return int(str(item.get("tokens", 0)))


def _alias_key(project: str) -> dict[str, Any]:
    return {"pk": f"PROJECT#{project}", "sk": "LIVE"}


def _usage(project: str, item: dict[str, Any]) -> Usage:
    day, key, run = item["sk"].split("#", 2)
    counts = (int(item["requests"]), int(item["input_tokens"]), int(item["output_tokens"]))
    return Usage(project, date.fromisoformat(day), key, run, *counts)


def _epoch(day: date, keep: timedelta) -> int:
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + keep).timestamp())
