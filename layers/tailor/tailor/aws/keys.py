"""API keys in the table that :mod:`tailor.aws.serving` describes; all that the authorizer reads."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, Key

from tailor.aws.clients import table
from tailor.aws.failures import translated
from tailor.aws.items import as_item, refusals_named
from tailor.errors import NotFoundError
from tailor.serving.keys import ID_LENGTH, ApiKey

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.service_resource import Table

_KEYS = "KEYS"


class KeyTable:
    """Implements KeyStore. Raises tailor.errors."""

    def __init__(self, table_name: str) -> None:
        self._table: Table = table(table_name)

    def key(self, digest: str) -> ApiKey | None:
        with translated("reading a key"):
            item = self._table.get_item(Key={"pk": _KEYS, "sk": digest}).get("Item")
        return ApiKey.model_validate(item) if item else None

    def add_key(self, key: ApiKey) -> None:
        with translated(f"adding key {key.id}"), refusals_named(f"key {key.id}"):
            item = {"pk": _KEYS, "sk": key.digest} | as_item(key)
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
