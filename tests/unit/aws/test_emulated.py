"""DynamoDB's items in the answers of the moto that tests use: the same bytes as moto's own."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from moto.core.serialize import JSONSerializer, XFormedAttributePicker
from moto.core.utils import get_service_model

from tests.unit import emulated

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
