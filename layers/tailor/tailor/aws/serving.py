"""Live versions, API keys and usage in one DynamoDB table.

=================== ============================ =========================================
``pk``              ``sk``                       item
=================== ============================ =========================================
``PROJECT#<name>``  ``LIVE``                     the alias: live version and previous ones
``KEYS``            SHA-256 of the key           the key's record
``USAGE#<project>`` ``<day>#<key id>#<run>``     counters, added to atomically
``RATE#<key id>``   ``MINUTE#…`` or ``DAY#…``    counters of a limited key's windows
=================== ============================ =========================================

``expiration`` (epoch seconds) is the table's time-to-live attribute.
"""

import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key
from botocore.exceptions import ClientError

from tailor.aws.clients import table
from tailor.aws.failures import code_of, translated
from tailor.errors import LostRaceError, NotFoundError
from tailor.serving.aliases import Alias
from tailor.serving.keys import ID_LENGTH, ApiKey
from tailor.serving.usage import Usage

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_LOST = "ConditionalCheckFailedException"
_KEYS = "KEYS"
KEEP_USAGE = timedelta(days=400)
KEEP_WINDOWS = timedelta(days=2)


class ServingTable:
    """Implements AliasStore, KeyStore and UsageStore. Raises tailor.errors."""

    def __init__(self, table_name: str) -> None:
        self._table: Table = table(table_name)

    # Aliases

    def alias(self, project: str) -> Alias:
        with translated(f"reading the live version of {project}"):
            item = self._table.get_item(Key=_alias_key(project), ConsistentRead=True).get("Item")
        return Alias.model_validate(item) if item else Alias(project=project)

    def save_alias(self, alias: Alias) -> Alias:
        new = alias.model_copy(update={"revision": alias.revision + 1})
        unchanged = Attr("revision").eq(alias.revision) if alias.revision else Attr("pk").not_exists()
        with translated(f"writing the live version of {alias.project}"):
            try:
                self._table.put_item(Item=_alias_key(alias.project) | _plain(new), ConditionExpression=unchanged)
            except ClientError as error:
                if code_of(error) == _LOST:
                    message = f"somebody else moved {alias.project}'s live version first"
                    raise LostRaceError(message, hint="try again") from error
                raise
        return new

    # Keys

    def key(self, digest: str) -> ApiKey | None:
        with translated("reading a key"):
            item = self._table.get_item(Key={"pk": _KEYS, "sk": digest}).get("Item")
        return ApiKey.model_validate(item) if item else None

    def add_key(self, key: ApiKey) -> None:
        with translated(f"adding key {key.id}"):
            item = {"pk": _KEYS, "sk": key.digest} | _plain(key)
            self._table.put_item(Item=item, ConditionExpression=Attr("pk").not_exists())

    def all_keys(self) -> list[ApiKey]:
        found = [ApiKey.model_validate(item) for item in self._query(Key("pk").eq(_KEYS), "listing keys")]
        return sorted(found, key=lambda key: key.created_at)

    def revoke_key(self, key_id: str, now: datetime) -> ApiKey:
        starts = Key("pk").eq(_KEYS) & Key("sk").begins_with(key_id)
        found = self._query(starts, f"finding key {key_id}") if len(key_id) == ID_LENGTH else []
        if not found:
            raise NotFoundError(f"there is no key {key_id!r}", hint="see the ids with: tailor keys list")
        with translated(f"revoking key {key_id}"):
            item = self._table.update_item(
                Key={"pk": _KEYS, "sk": found[0]["sk"]},
                UpdateExpression="SET revoked_at = if_not_exists(revoked_at, :now)",
                ExpressionAttributeValues={":now": now.isoformat()},
                ReturnValues="ALL_NEW",
            )["Attributes"]
        return ApiKey.model_validate(item)

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

    def take_request(self, key: str, minute: datetime, limit: int) -> int | None:
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

    def _query(self, condition: Any, action: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        following: dict[str, Any] = {}
        with translated(action):
            while True:
                page = self._table.query(KeyConditionExpression=condition, ConsistentRead=True, **following)
                items += page["Items"]
                if "LastEvaluatedKey" not in page:
                    return items
                following = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def _alias_key(project: str) -> dict[str, Any]:
    return {"pk": f"PROJECT#{project}", "sk": "LIVE"}


def _plain(record: Alias | ApiKey) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(record.model_dump_json(exclude_none=True))
    return document


def _usage(project: str, item: dict[str, Any]) -> Usage:
    day, key, run = item["sk"].split("#", 2)
    counts = (int(item["requests"]), int(item["input_tokens"]), int(item["output_tokens"]))
    return Usage(project, date.fromisoformat(day), key, run, *counts)


def _epoch(day: date, keep: timedelta) -> int:
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + keep).timestamp())
