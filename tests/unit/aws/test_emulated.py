"""DynamoDB in the moto that tests use: answers of the same bytes as moto's own, items as large, whole writes."""

import time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.serialize import JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model
from moto.dynamodb.comparisons import get_filter_expression
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models.dynamo_type import DynamoType, Item

from tailor.aws.table import ConditionFailedError, Table
from tests.unit import emulated
from tests.unit.aws.tables import made_in_moto

SIMPLE = st.one_of(
    st.builds(lambda value: {"S": value}, st.text()),
    st.builds(lambda value: {"N": str(value)}, st.integers()),
    st.builds(lambda value: {"BOOL": value}, st.booleans()),
    st.builds(lambda value: {"B": value}, st.text(max_size=8)),
    st.builds(lambda value: {"SS": value}, st.lists(st.text(), max_size=3)),
    st.builds(lambda value: {"NS": value}, st.lists(st.integers().map(str), max_size=3)),
    st.builds(lambda value: {"BS": value}, st.lists(st.text(max_size=8), max_size=3)),
    st.sampled_from([{"NULL": True}, {}, {"S": None}, {"ss": ["under a name of Python's"]}, {"string": "a"}]),
)
VALUES = st.recursive(
    SIMPLE,
    lambda inner: st.one_of(
        st.builds(lambda value: {"L": value}, st.lists(inner, max_size=3)),
        st.builds(lambda value: {"M": value}, st.dictionaries(st.text(), inner, max_size=3)),
    ),
    max_leaves=6,
)


class Original(JSONSerializer):
    _serialize_type_structure = emulated.moto_structure


@settings(max_examples=60)
@given(st.dictionaries(st.text(min_size=1), VALUES, max_size=4))
def test_items_are_written_as_moto_writes_them(item: dict[str, Any]) -> None:
    for name, result in {
        "GetItem": {"Item": item},
        "Query": {"Items": [item, item], "Count": 2, "LastEvaluatedKey": item},
        "UpdateItem": {"Attributes": item},
    }.items():
        operation = get_service_model("dynamodb").operation_model(name)
        ours, theirs = (kind(operation, value_picker=XFormedAttributePicker()) for kind in (JSONSerializer, Original))
        assert ours.serialize(result) == theirs.serialize(result)


@pytest.mark.parametrize("attributes", [1, 2, 40])
def test_an_item_of_more_than_dynamodb_takes_is_refused(attributes: int) -> None:
    def item(size: int) -> Item:
        texts = {f"{number:02}": "a" * (size // attributes - 2) for number in range(attributes)}
        return Item(DynamoType({"S": "key"}), None, {name: {"S": text} for name, text in texts.items()})

    assert item(405_000).size() == 405_000 // attributes * attributes
    with pytest.raises(ItemSizeTooLarge):
        item(405_000 + attributes)


def test_of_two_conditional_writes_at_once_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def slowly(*given: Any) -> Any:
        condition = get_filter_expression(*given)

        def holds(item: Item) -> Any:
            result = condition.expr(item)
            time.sleep(0.1)
            return result

        return SimpleNamespace(expr=holds)

    monkeypatch.setattr("moto.dynamodb.models.table.get_filter_expression", slowly)

    def written(_: int) -> bool:
        try:
            Table("sent").put({"id": "a"}, "writing", condition="attribute_not_exists(id)")
        except ConditionFailedError:
            return False
        return True

    with made_in_moto("SentTable", "sent", monkeypatch), ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(written, range(2))) == [False, True]
