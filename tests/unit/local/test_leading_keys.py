"""The partition keys of requests, by which policies tell whose rows they are."""

from typing import Any

import pytest

from tailor_local.hooks.leading_keys import leading_keys

ID, OTHER = {"S": "colours"}, {"S": "shapes"}
QUERY = {"TableName": "runs", "IndexName": "project"}


@pytest.mark.parametrize(
    ("request_", "keys"),
    [
        ({"TableName": "runs", "Key": {"id": ID, "sort": OTHER}}, ["colours"]),
        ({"TableName": "runs", "Item": {"a": OTHER, "id": ID}}, ["colours"]),
        (
            QUERY
            | {
                "KeyConditionExpression": "#p = :v AND changed_at > :w",
                "ExpressionAttributeNames": {"#p": "project"},
                "ExpressionAttributeValues": {":v": ID, ":w": OTHER},
            },
            ["colours"],
        ),
        (
            QUERY
            | {
                "KeyConditionExpression": "changed_at = :w AND project = :v",
                "ExpressionAttributeValues": {":v": ID, ":w": OTHER},
            },
            ["colours"],
        ),
        ({"RequestItems": {"runs": {"Keys": [{"id": ID}, {"id": OTHER}]}}}, ["colours", "shapes"]),
        (
            {
                "RequestItems": {
                    "runs": [{"PutRequest": {"Item": {"id": ID}}}, {"DeleteRequest": {"Key": {"id": OTHER}}}]
                }
            },
            ["colours", "shapes"],
        ),
        ({"TransactItems": [{"Put": {"TableName": "runs", "Item": {"id": ID}}}]}, ["colours"]),
        ({"TableName": "runs"}, []),
    ],
)
def test_a_request_names_the_partition_keys_of_its_table_or_index(request_: dict[str, Any], keys: list[str]) -> None:
    assert list(leading_keys(request_, lambda table, index: index or "id")) == keys
