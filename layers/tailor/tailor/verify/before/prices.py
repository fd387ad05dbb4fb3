"""Check that AWS's Price List has the prices that the catalogue knows, and perhaps some that it does not."""

from decimal import Decimal
from typing import Any

from tailor import catalog
from tailor.catalog import Model
from tailor.training.price_list import URL, amount_in, request
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.world import World


def _prices(world: World) -> dict[str, Any]:
    models = [model for model in catalog.models() if model.can_be_trained and model.usage_types(world.region)]
    if not models:
        raise CannotCheckError(f"the catalogue does not know how the Price List names models in {world.region}")
    listed, differing, silent = {}, {}, []
    for model in models:
        for item, text in _listed(world, model).items():
            name = f"{model.name} {item}"
            known = model.price(item, world.region)
            if text:
                listed[name] = text
            if known is not None and not text:
                silent.append(name)
            elif known is not None and text and known.amount != Decimal(text):
                differing[name] = f"{text} and not {known.amount}"
    return {
        "listed, in US dollars": listed,
        "otherwise than the catalogue says": differing,
        "in the catalogue and not listed": sorted(silent),
    }


def _listed(world: World, model: Model) -> dict[Any, str]:
    """Return the list's amounts by item; empty if it has none that can be read."""
    found = {}
    for item, usage_type in model.usage_types(world.region).items():
        answer = world.call("pricing", "get_products", **request(usage_type)).needed()
        amount = amount_in(answer["PriceList"], usage_type, item)
        found[item] = "" if amount is None else f"{amount:f}"
    return found


CHECKS = (
    Check(
        id="prices",
        assumption="AWS's Price List names its entries as Tailor requests them, and agrees with the catalogue's "
        "prices.",
        source=URL,
        when="before deploying",
        expected={"otherwise than the catalogue says": {}, "in the catalogue and not listed": []},
        look=_prices,
        permissions=("pricing:GetProducts",),
        varies=frozenset({"listed, in US dollars"}),
    ),
)
