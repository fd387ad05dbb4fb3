"""DynamoDB's numbers are Decimals; Tailor's documents hold plain ones."""

from decimal import Context, Decimal
from typing import Any

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
_DIGITS = Context(prec=38)
_SMALLEST, _LARGEST = Decimal("1E-130"), Decimal("9.9999999999999999999999999999999999999E+125")


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
