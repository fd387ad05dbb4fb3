"""Provide a request's partition keys as the condition key dynamodb:LeadingKeys, by which policies limit rows.

Source: docs.aws.amazon.com/amazondynamodb, "Using IAM policy conditions for fine-grained access control". The emulator
knows the attributes of a request only, so a policy that asks for leading keys would allow nothing here.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tailor_local.hooks.needed import inside

_EQUALS = re.compile(r"(#?[\w.-]+)\s*=\s*(:\w+)")


def tell_leading_keys() -> None:
    """Add each DynamoDB request's partition keys to the context in which policies are evaluated."""
    actions = inside("core.iam_actions")
    original = actions.dynamodb_service_context

    def dynamodb_service_context(body: bytes) -> dict[str, Any]:
        try:
            request = json.loads(body or b"{}")
            found = list(leading_keys(request, key_of))
        except (ValueError, AttributeError, KeyError, TypeError):
            found = []  # the service itself refuses what it can't read
        return {**original(body), **({"dynamodb:LeadingKeys": found} if found else {})}

    actions.dynamodb_service_context = dynamodb_service_context


def key_of(table: str, index: str | None) -> str:
    """Return the name of the partition key of a table, or of one of its indexes."""
    described = inside("services.dynamodb")._tables[table.rpartition("/")[2]]
    schema = described["KeySchema"]
    if index:
        schema = next(each["KeySchema"] for each in described["GlobalSecondaryIndexes"] if each["IndexName"] == index)
    return next(str(each["AttributeName"]) for each in schema if each["KeyType"] == "HASH")


def leading_keys(request: Mapping[str, Any], key_of: Any) -> Iterator[str]:
    """Yield the partition keys that a request names; none for one that names none, such as a scan."""
    if "RequestItems" in request:
        for table, wanted in request["RequestItems"].items():
            name = key_of(table, None)
            yield from (_text(each[name]) for each in _items(wanted))
        return
    if "TransactItems" in request:
        for action in request["TransactItems"]:
            for one in action.values():
                yield from leading_keys(one, key_of)
        return
    name = key_of(request["TableName"], request.get("IndexName"))
    item: Mapping[str, Any] = request.get("Key") or request.get("Item") or {}
    if item:
        yield _text(item[name])
    for attribute, value in _EQUALS.findall(request.get("KeyConditionExpression", "")):
        if request.get("ExpressionAttributeNames", {}).get(attribute, attribute) == name:
            yield _text(request["ExpressionAttributeValues"][value])


def _items(wanted: Any) -> Iterator[Mapping[str, Any]]:
    """Yield keys and items of one table in a batch."""
    if isinstance(wanted, Mapping):
        yield from wanted["Keys"]
        return
    for change in wanted:
        yield change["PutRequest"]["Item"] if "PutRequest" in change else change["DeleteRequest"]["Key"]


def _text(value: Mapping[str, Any]) -> str:
    return str(next(iter(value.values())))
