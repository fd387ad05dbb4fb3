"""DynamoDB's numbers are Decimals; Tailor's documents hold plain ones."""

from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """``value`` with each Decimal as an int where it is whole, else as a float; lists and dictionaries are copied."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value
