"""Prices from AWS's Price List (the service ``pricing``): which entries to request, and how to read them.

An entry is a JSON document: ``product.attributes.usagetype`` names it, and ``terms.OnDemand`` holds, below two levels
of opaque keys, its ``priceDimensions`` with ``unit`` and ``pricePerUnit.USD``. Nothing is guessed: an entry in an
unknown unit, without a price, or with two of them, counts as no price.
"""

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from tailor.catalog import UNITS, Model, Price, PriceItem, Source
from tailor.errors import TailorError

URL = "https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/price-changes.html"
A_DAY = 24 * 3600.0
A_WHILE = 600.0  # seconds before AWS is asked again that could not be asked
PATIENCE = 10.0  # seconds that all questions about one model may take
_PER_THOUSAND: Mapping[str, Decimal] = {"1k": Decimal(1), "1m": Decimal("0.001")}
_TOKENS = re.compile(r"(1[km]) tokens?")


def request(usage_type: str) -> dict[str, Any]:
    """Return the parameters of GetProducts for the entries of one usage type, Bedrock's or SageMaker's."""
    filters = [{"Type": "TERM_MATCH", "Field": "usagetype", "Value": usage_type}]
    return {"ServiceCode": "AmazonSageMaker" if ":ml." in usage_type else "AmazonBedrock", "Filters": filters}


class Listing(Protocol):
    """The Price List; implemented by :class:`tailor.aws.price_list.PriceList`."""

    def products(self, usage_type: str) -> list[str]:
        """Return the entries of one usage type, each a JSON document. Raises tailor.errors."""


def amount_in(products: Iterable[str], usage_type: str, item: PriceItem) -> Decimal | None:
    """Return US dollars per unit of ``item``; None if the entries hold no single readable price."""
    found = {
        amount
        for product in map(_read, products)
        if _at(product, "product", "attributes", "usagetype") == usage_type
        for dimension in _dimensions(product)
        if (amount := _amount(dimension, item))
    }
    return found.pop() if len(found) == 1 else None


def _read(product: str) -> dict[str, Any]:
    try:
        found = json.loads(product)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _at(document: Any, *path: str) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _dimensions(product: Mapping[str, Any]) -> Iterable[Any]:
    for offer in (_at(product, "terms", "OnDemand") or {}).values():
        yield from (_at(offer, "priceDimensions") or {}).values()


def _amount(dimension: Any, item: PriceItem) -> Decimal | None:
    unit, text = str(_at(dimension, "unit") or "").lower(), _at(dimension, "pricePerUnit", "USD")
    try:
        amount = Decimal(str(text))
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount <= 0:  # the list has entries of 0; nothing here is free
        return None
    amount, wanted = amount.normalize(), UNITS[item]
    if wanted == "1,000 tokens":
        tokens = _TOKENS.fullmatch(unit)
        return amount * _PER_THOUSAND[tokens[1]] if tokens else None
    return amount if ("month" if wanted == "model and month" else "h") in unit else None


@dataclass
class Listed:
    """Prices of the list, cached for a day; failed requests are not repeated for a while.

    ``problem``: why the last request failed; empty if it succeeded.
    """

    listing: Listing
    region: str
    clock: Callable[[], float] = time.monotonic
    problem: str = ""
    _known: dict[str, tuple[Decimal | None, float]] = field(default_factory=dict)
    _silent_until: float = 0.0

    def prices(self, model: Model, today: date) -> list[Price]:
        """Return the list's prices for the model in this Region. Takes seconds at most, and never fails."""
        source = Source(url=URL, checked=today, kind="price-list")
        deadline = self.clock() + PATIENCE
        return [
            Price(item=item, amount=amount, unit=UNITS[item], region=self.region, as_of=today, source=source)
            for item, usage_type in model.usage_types(self.region).items()
            if (amount := self._price(usage_type, item, deadline)) is not None
        ]

    def _price(self, usage_type: str, item: PriceItem, deadline: float) -> Decimal | None:
        now = self.clock()
        if usage_type in self._known and now < self._known[usage_type][1]:
            return self._known[usage_type][0]
        if now < self._silent_until:
            return None
        if now >= deadline:
            self._fall_silent(f"it took longer than {PATIENCE:g} seconds")
            return None
        try:
            amount = amount_in(self.listing.products(usage_type), usage_type, item)
        except TailorError as error:
            self._fall_silent(error.message)
            return None
        self.problem = ""
        self._known[usage_type] = (amount, now + A_DAY)
        return amount

    def _fall_silent(self, problem: str) -> None:
        self.problem, self._silent_until = problem, self.clock() + A_WHILE
