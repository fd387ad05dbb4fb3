"""Prices that the operator knows better than the catalogue: the stack's parameter ``Prices``."""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import get_args

from tailor import catalog
from tailor.catalog import Model, PriceItem
from tailor.errors import InvalidInputError

_EXAMPLE = 'for example {"nova-lite": {"training": 0.002}}; items: ' + ", ".join(get_args(PriceItem))


def read_prices(text: str) -> Mapping[str, Mapping[str, Decimal]]:
    """US dollars by model and item, per unit of the catalogue. Raises InvalidInputError that names what is wrong."""
    try:
        value = json.loads(text or "{}", parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"the prices are not JSON: {error}", hint=_EXAMPLE) from error
    if not isinstance(value, dict) or not all(isinstance(items, dict) for items in value.values()):
        raise InvalidInputError("the prices are not objects by model", hint=_EXAMPLE)
    for name, items in value.items():
        catalog.model(name)
        for item, amount in items.items():
            if item not in get_args(PriceItem) or not isinstance(amount, Decimal) or amount <= 0:
                raise InvalidInputError(f"the price {item} = {amount} of {name} can't be used", hint=_EXAMPLE)
    return value


def priced(model: Model, prices: Mapping[str, Mapping[str, Decimal]], as_of: date) -> Model:
    """The model with the operator's prices before the catalogue's."""
    return model.priced(prices.get(model.name, {}), as_of)
