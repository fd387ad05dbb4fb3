"""Read DynamoDB stream records of the runs table."""

from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tailor.aws.runs import of_item
from tailor.runs import Run

_deserializer = TypeDeserializer()


def images(record: dict[str, Any]) -> tuple[Run | None, Run | None]:
    """Return the run before and after; None for a created or deleted one's missing side."""
    return _run(record["dynamodb"].get("OldImage")), _run(record["dynamodb"].get("NewImage"))


def _run(image: dict[str, Any] | None) -> Run | None:
    if not image:
        return None
    return of_item({name: _deserializer.deserialize(value) for name, value in image.items()})
