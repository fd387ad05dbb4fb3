"""A DynamoDB table with expressions as text: one class over botocore's client and over :mod:`tailor.aws.dynamodb`.

For what people wait for: boto3's resources, conditions and type checks are never imported.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from tailor.aws.dynamodb import SignedDynamoDb
from tailor.aws.refusals import CONDITION_FAILED, RefusalError, refused
from tailor.aws.signed import from_environment
from tailor.errors import ConflictError, NotStorableError, RetryableError

type TableCall = Callable[[str, Mapping[str, Any]], dict[str, Any]]
"""An operation of DynamoDB by its name, with its parameters as in the API's JSON. Raises RefusalError."""

Item = dict[str, Any]
_BATCH = 25  # deletions in a request
_ATTEMPTS, _PAUSE = 4, 0.05  # for the rest of a batch that was read in part
_NAMES_TABLES = ("BatchGetItem", "BatchWriteItem")


class ConditionFailedError(ConflictError):
    """Raised where a write's condition does not hold."""


class Table:
    """One table. ``what`` says in errors what was being done; each method raises tailor.errors."""

    def __init__(self, name: str, call: TableCall | None = None) -> None:
        self._name = name
        self._given = call

    def get(self, key: Item, what: str, *, consistent: bool = False) -> Item | None:
        """Return an item, or None."""
        found = self._call("GetItem", {"Key": to_wire(key), "ConsistentRead": consistent}, what)
        return from_wire(found["Item"]) if "Item" in found else None

    def get_all(self, keys: Sequence[Item], what: str, *, consistent: bool = False) -> list[Item | None]:
        """Return items in the order of their keys, each None if it is not there; in one call, for up to 100 keys."""
        wanted: Any = {"Keys": [to_wire(key) for key in keys], "ConsistentRead": consistent}
        found: list[Item] = []
        for attempt in range(_ATTEMPTS):
            answer = self._call("BatchGetItem", {"RequestItems": {self._name: wanted}}, what)
            found += [from_wire(item) for item in answer["Responses"].get(self._name, [])]
            wanted = answer.get("UnprocessedKeys", {}).get(self._name)
            if not wanted:
                return [next((item for item in found if key.items() <= item.items()), None) for key in keys]
            time.sleep(_PAUSE * 2**attempt)
        raise RetryableError(f"{what}: DynamoDB has no capacity for it")

    def put(self, item: Item, what: str, *, condition: str = "", values: Item | None = None) -> None:
        """Write an item whole. Raises ConditionFailedError, NotStorableError."""
        parameters = {"Item": to_wire(item)} | _expressions(ConditionExpression=condition, values=values)
        try:
            self._call("PutItem", parameters, what)
        except RefusalError as refusal:
            raise NotStorableError(f"{what}: it can't be stored: {refusal.message}") from refusal

    def update(
        self,
        key: Item,
        expression: str,
        values: Item,
        what: str,
        *,
        condition: str = "",
        names: Mapping[str, str] | None = None,
        returns: str = "ALL_NEW",
    ) -> Item:
        """Change an item and return what DynamoDB returns of it. Raises ConditionFailedError."""
        parameters = {"Key": to_wire(key), "ReturnValues": returns}
        parameters |= _expressions(UpdateExpression=expression, ConditionExpression=condition, values=values)
        if names:
            parameters["ExpressionAttributeNames"] = dict(names)
        try:
            return from_wire(self._call("UpdateItem", parameters, what).get("Attributes", {}))
        except RefusalError as refusal:
            raise refused(refusal.code, what, refusal.message) from refusal

    def query(self, condition: str, values: Item, what: str, *, consistent: bool = True) -> list[Item]:
        """Return all items that a key condition selects, in their order."""
        parameters = _expressions(KeyConditionExpression=condition, values=values) | {"ConsistentRead": consistent}
        items: list[Item] = []
        while True:
            page = self._call("Query", parameters, what)
            items += [from_wire(item) for item in page["Items"]]
            if not page.get("LastEvaluatedKey"):
                return items
            parameters["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def delete(self, keys: Sequence[Item], what: str) -> None:
        """Delete items by their keys. Idempotent."""
        for start in range(0, len(keys), _BATCH):
            wanted = [{"DeleteRequest": {"Key": to_wire(key)}} for key in keys[start : start + _BATCH]]
            while wanted:
                answer = self._call("BatchWriteItem", {"RequestItems": {self._name: wanted}}, what)
                wanted = answer.get("UnprocessedItems", {}).get(self._name, [])

    def _call(self, operation: str, parameters: Mapping[str, Any], what: str) -> dict[str, Any]:
        call = self._given or dynamodb()
        named = parameters if operation in _NAMES_TABLES else {"TableName": self._name, **parameters}
        try:
            return call(operation, named)
        except RefusalError as refusal:
            if refusal.code == CONDITION_FAILED:
                raise ConditionFailedError(f"{what}: {refusal.message}") from refusal
            if refusal.code == "ValidationException" and operation in ("PutItem", "UpdateItem"):
                raise  # an item that is too large, mostly
            raise refused(refusal.code, what, refusal.message) from refusal
        except RetryableError as error:
            raise RetryableError(f"{what}: {error.message}") from error


@cache
def dynamodb() -> TableCall:
    """Return calls of DynamoDB: signed by ourselves in a Lambda function, otherwise botocore's."""
    service = from_environment("dynamodb")
    return SignedDynamoDb(service) if service else _botocore()


def _botocore() -> TableCall:
    from botocore.exceptions import BotoCoreError, ClientError

    from tailor.aws.clients import client
    from tailor.aws.failures import code_of

    def call(operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        made = client("dynamodb")
        try:
            answer: dict[str, Any] = getattr(made, _snake(operation))(**parameters)
        except ClientError as error:
            message = str(error.response.get("Error", {}).get("Message") or error)
            raise RefusalError(code_of(error), message) from error
        except BotoCoreError as error:
            raise RetryableError(str(error)) from error
        return answer

    return call


def _snake(operation: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")


def _expressions(values: Item | None = None, **expressions: str) -> dict[str, Any]:
    found: dict[str, Any] = {name: text for name, text in expressions.items() if text}
    return found | ({"ExpressionAttributeValues": to_wire(values)} if values else {})


def to_wire(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item as DynamoDB's JSON. Numbers are integers or Decimal."""
    return {name: _to_wire(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """Return an item of DynamoDB's JSON; numbers become Decimal, as boto3 returns them."""
    return {name: _from_wire(value) for name, value in item.items()}


def _to_wire(value: Any) -> dict[str, Any]:
    match value:
        case str():
            return {"S": value}
        case bool():
            return {"BOOL": value}
        case int() | Decimal():
            return {"N": str(value)}
        case None:
            return {"NULL": True}
        case Mapping():
            return {"M": to_wire(value)}
        case list() | tuple():
            return {"L": [_to_wire(each) for each in value]}
    raise TypeError(f"DynamoDB can't store a {type(value).__name__} here")


def _from_wire(value: Mapping[str, Any]) -> Any:
    [(kind, held)] = value.items()
    match kind:
        case "N":
            return Decimal(held)
        case "NULL":
            return None
        case "M":
            return from_wire(held)
        case "L":
            return [_from_wire(each) for each in held]
        case "SS":
            return set(held)
    return held
