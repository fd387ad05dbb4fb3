"""Price calls of live models: the operator's prices take precedence over the catalogue's."""

from datetime import UTC, datetime

from tailor import catalog
from tailor.errors import NotFoundError
from tailor.serving.aliases import BASE
from tailor.serving.prices import Pricing, base_prices, custom_prices
from tailor.token_prices import TokenPrices
from tailor.training.prices import PriceBook, read_prices


def pricing_of(own: str) -> Pricing:
    """Return token prices by a base model's name in the catalogue; ``base:`` before it means the base's own calls.

    Args:
        own: the stack's parameter ``Prices``.
    """
    book = PriceBook(read_prices(own))

    def pricing(model: str) -> TokenPrices | None:
        try:
            known = book.priced(catalog.model(model.removeprefix(BASE)), datetime.now(UTC).date())
        except NotFoundError:
            return None
        return base_prices(known) if model.startswith(BASE) else custom_prices(known)

    return pricing
