"""Prices of calls of live models: the operator's own prices before the catalogue's."""

from datetime import UTC, datetime

from tailor import catalog
from tailor.errors import NotFoundError
from tailor.serving.prices import Pricing, TokenPrices, custom_prices
from tailor.training.prices import PriceBook, read_prices


def pricing_of(own: str) -> Pricing:
    """Return prices of tokens by a base model's name in the catalogue.

    Args:
        own: the stack's parameter ``Prices``.
    """
    book = PriceBook(read_prices(own))

    def pricing(model: str) -> TokenPrices | None:
        try:
            known = catalog.model(model)
        except NotFoundError:
            return None
        return custom_prices(book.priced(known, datetime.now(UTC).date()))

    return pricing
