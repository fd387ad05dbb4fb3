"""Items as DynamoDB takes and returns them: through boto3's own serializer, and within the service's limits.

How they are measured: docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

ITEM_BYTES = 400 * 1024
SMALLEST, LARGEST = Decimal("1E-130"), Decimal("9.9999999999999999999999999999999999999E+125")  # boto3 sends a few more
_serializer, _deserializer = TypeSerializer(), TypeDeserializer()


def check_item(item: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """Return the item as it is read again.

    Raises what boto3 raises for a value that can't be sent, AssertionError for what DynamoDB then refuses.

    ``keys`` are the attributes of the table's and its indexes' keys.
    """
    assert all(item), "a name in an item may not be empty"
    serialized = {name: _serializer.serialize(value) for name, value in item.items()}
    for key in keys:
        assert item.get(key, "-"), f"a key attribute may not be empty: {key}"
    size = sum(len(name.encode()) + _size(value) for name, value in serialized.items())
    assert size <= ITEM_BYTES, f"an item may have {ITEM_BYTES} bytes, and not {size}"
    return {name: _deserializer.deserialize(value) for name, value in serialized.items()}


def _size(value: Mapping[str, Any]) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            magnitude = Decimal(content).copy_abs()
            assert not magnitude or SMALLEST <= magnitude <= LARGEST, f"a number that DynamoDB refuses: {content}"
            return len(content) // 2 + 1
        case "L":
            return 3 + sum(1 + _size(each) for each in content)
        case "M":
            assert all(content), "a name in an item may not be empty"
            return 3 + sum(1 + len(name.encode()) + _size(each) for name, each in content.items())
        case _:
            return 1
