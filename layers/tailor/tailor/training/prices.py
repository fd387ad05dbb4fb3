"""Prices from three sources, in this order: your own, AWS's Price List, the catalogue."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol, get_args

from tailor import catalog
from tailor.catalog import Model, Price, PriceItem
from tailor.errors import InvalidInputError
from tailor.recipe import Method

PARAMETER = "your parameter Prices"
OPTION = "your option --price"
_ITEMS = ", ".join(get_args(PriceItem))
_EXAMPLE = f'for example {{"nova-lite": {{"training": 0.002}}}}; items: {_ITEMS}'
Prices = Mapping[str, Mapping[str, Decimal]]


class ListedPrices(Protocol):
    """AWS's Price List; implemented by :class:`tailor.training.price_list.Listed`."""

    @property
    def problem(self) -> str: ...
    def prices(self, model: Model, today: date) -> list[Price]: ...


@dataclass(frozen=True)
class PriceBook:
    """Prices by source. ``own``: US dollars by model and item; ``given_as``: where they were set."""

    own: Prices = field(default_factory=dict)
    listed: ListedPrices | None = None
    given_as: str = PARAMETER

    def priced(self, model: Model, today: date) -> Model:
        """Return the model with all known prices, the best source first."""
        if self.listed is not None:
            model = model.with_prices(self.listed.prices(model, today))
        return model.priced(self.own.get(model.name, {}), today, self.given_as)

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes on the prices for a quote's reader; complete once the prices were read."""
        problem = self.listed.problem if self.listed is not None else ""
        return (f"AWS's Price List could not be asked ({problem}): the catalogue's prices hold",) if problem else ()


def read_prices(text: str) -> Prices:
    """Parse the stack's parameter ``Prices``. Raises InvalidInputError that names the fault."""
    try:
        value = json.loads(text or "{}", parse_float=Decimal, parse_int=Decimal)
    except json.JSONDecodeError as error:
        raise InvalidInputError(f"the prices are not JSON: {error}", hint=_EXAMPLE) from error
    if not isinstance(value, dict) or not all(isinstance(items, dict) for items in value.values()):
        raise InvalidInputError("the prices are not objects by model", hint=_EXAMPLE)
    for name, items in value.items():
        catalog.model(name)
        for item, amount in items.items():
            _check(name, item, amount, _EXAMPLE)
    return value


def read_options(options: Sequence[str], model: Model) -> Prices:
    """Parse ``ITEM=VALUE`` options with one model's prices. Raises InvalidInputError that names the fault."""
    hint, own = f"for example --price training=0.002; items: {_ITEMS}", {}
    for option in options:
        item, _, text = option.partition("=")
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise InvalidInputError(f"--price {option} is not ITEM=VALUE", hint=hint) from error
        _check(model.name, item, amount, hint)
        own[item] = amount
    return {model.name: own}


def item_of(method: Method, model: Model) -> PriceItem:
    """Return the item that bills an instance of SageMaker's training job for this method."""
    facts = model.methods.get(method)
    return facts.sagemaker.price_item if facts and facts.sagemaker else "instance-hour"


def how_to_set(model: Model, item: PriceItem) -> str:
    """Describe how to set a price that is unknown."""
    return (
        f"AWS's pricing page has it: set the stack's parameter Prices to "
        f'{{"{model.name}": {{"{item}": VALUE}}}}, or try a value with tailor quote --price {item}=VALUE'
    )


def _check(name: str, item: str, amount: Any, hint: str) -> None:
    if item not in get_args(PriceItem) or not isinstance(amount, Decimal) or not amount.is_finite() or amount <= 0:
        raise InvalidInputError(f"the price {item} = {amount} of {name} can't be used", hint=hint)
