"""Reading several items at once: in the order of their keys, and again what DynamoDB left out."""

from collections.abc import Mapping
from typing import Any

import pytest

from tailor.aws import table
from tailor.aws.table import Table
from tailor.errors import RetryableError

KEYS = [{"pk": "a", "sk": "1"}, {"pk": "b", "sk": "1"}, {"pk": "c", "sk": "1"}]
ROWS = {"a": {"pk": {"S": "a"}, "sk": {"S": "1"}, "n": {"N": "7"}}, "c": {"pk": {"S": "c"}, "sk": {"S": "1"}}}


class Partly:
    """Reads one item a call, and none after ``most`` calls."""

    def __init__(self, most: int) -> None:
        self.left = most

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        assert (operation, *parameters) == ("BatchGetItem", "RequestItems")
        [(name, asked)] = parameters["RequestItems"].items()
        assert asked["ConsistentRead"]
        if not self.left:
            return {"Responses": {}, "UnprocessedKeys": {name: asked}}
        self.left -= 1
        *rest, key = asked["Keys"]
        row = ROWS.get(key["pk"]["S"])
        unread = {name: {**asked, "Keys": rest}} if rest else {}
        return {"Responses": {name: [row] if row else []}, "UnprocessedKeys": unread}


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "_PAUSE", 0)


def test_items_come_in_the_order_of_their_keys_and_those_left_out_are_asked_again() -> None:
    found = Table("serving", Partly(3)).get_all(KEYS, "reading", consistent=True)
    assert found == [{"pk": "a", "sk": "1", "n": 7}, None, {"pk": "c", "sk": "1"}]


def test_what_dynamodb_keeps_leaving_out_is_tried_again_later() -> None:
    with pytest.raises(RetryableError):
        Table("serving", Partly(2)).get_all(KEYS, "reading", consistent=True)
