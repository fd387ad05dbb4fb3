"""Prices of a custom model's tokens, by its base model. One that is not known is None, never a guess."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from tailor.token_prices import TokenPrices

if TYPE_CHECKING:  # the catalogue takes long to read, and most answers need no price
    from tailor.catalog import Model, Price

type Pricing = Callable[[str], TokenPrices | None]
"""Prices by a base model's name in the catalogue; None if unknown."""


def custom_prices(model: "Model") -> TokenPrices | None:
    """Return the prices of calls of custom models of this base, or None if one of them is unknown."""
    return _both(model.price("custom-input"), model.price("custom-output"))


def base_prices(model: "Model") -> TokenPrices | None:
    """Return the prices of calls of the base itself, or None if one of them is unknown."""
    return _both(model.price("input"), model.price("output"))


def _both(given: "Price | None", answered: "Price | None") -> TokenPrices | None:
    if given is None or answered is None or given.amount is None or answered.amount is None:
        return None
    return TokenPrices(given.amount, answered.amount)
