"""Items of DynamoDB tables: the one place where documents become items, and numbers what the service can hold."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Context, Decimal
from typing import Any

from botocore.exceptions import ClientError
from pydantic_core import PydanticSerializationError

from tailor.aws.failures import code_of
from tailor.errors import NotStorableError
from tailor.records import Record

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_DIGITS = Context(prec=38)
_SMALLEST, _LARGEST = Decimal("1E-130"), Decimal("9.9999999999999999999999999999999999999E+125")


def as_item(record: Record) -> dict[str, Any]:
    """Return a record as an item: JSON's types, each number the nearest that DynamoDB can hold, no empty values.

    Raises:
        NotStorableError: a text holds half of a character (a lone surrogate), or a name in it is empty.
    """
    try:
        document = record.model_dump_json(exclude_none=True)
    except PydanticSerializationError as error:
        raise NotStorableError(f"a value of this {type(record).__name__} can't be stored: {error}") from error
    item: dict[str, Any] = json.loads(document, parse_float=storable, parse_int=storable, object_pairs_hook=_named)
    return item


def storable(number: str) -> Decimal:
    """Return the nearest number that DynamoDB can store: a p-value of 1e-200 becomes 1E-130."""
    value = _DIGITS.create_decimal(number)
    return value and min(max(value.copy_abs(), _SMALLEST), _LARGEST).copy_sign(value)


def plain(value: Any) -> Any:
    """Return a copy of ``value`` with each Decimal as an int if it is whole, otherwise as a float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


@contextmanager
def refusals_named(what: str) -> Iterator[None]:
    """Raise NotStorableError where DynamoDB refuses an item, mostly because it is larger than 400 KB."""
    try:
        yield
    except ClientError as error:
        if code_of(error) == "ValidationException":
            message = error.response.get("Error", {}).get("Message", "")
            raise NotStorableError(f"{what} can't be stored: {message}") from error
        raise


def _named(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if any(not name for name, _ in pairs):
        raise NotStorableError("a document with an empty name in it can't be stored", hint="give the value a name")
    return dict(pairs)
