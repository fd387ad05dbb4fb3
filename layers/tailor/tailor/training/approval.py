"""May a run spend by itself, or must a person say yes?

It may where everything it can cost at most is known and within the budget: what is spent once, the first month's
storage and a month of hosting. An unknown price is no small price. Where the headroom check advises against it, or
the held-out rows are too few for any verdict, a person decides too.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tailor.recipe import Recipe
from tailor.training.quote import Quote, Range, cents

DAYS_OF_HOSTING = 30
AGAINST = frozenset({"no-headroom", "no-reward", "few-held-out-rows"})  # training would lead nowhere by itself


def needs_approval(quote: Quote | Mapping[str, Any], recipe: Recipe, default_limit: Decimal) -> str | None:
    """Why a person must approve, or None. ``default_limit``: US dollars, where the recipe sets none of its own."""
    if not quote:
        return "There is no quote, so what the run costs is not known"
    given = quote if isinstance(quote, Quote) else Quote.model_validate(quote)
    against = [item.message for item in given.advice if item.code in AGAINST]
    if against:
        return against[0][:1].upper() + against[0][1:]
    most = committed(given)
    if most is None:
        return f"What this costs is not known: {', '.join(_unknown(given))}"
    limit = recipe.budget.limit if recipe.budget.limit is not None else default_limit
    if most.high > limit:
        return f"It may cost up to ${cents(most.high)}, and the budget is ${cents(limit)}"
    return None


def _unknown(quote: Quote) -> list[str]:
    """What has no price, with what others paid for it: that bounds it, and a person may be content with it."""
    return [
        f"{line.title} (others paid about ${line.observed[0]} to ${line.observed[1]} for as much, which is no price)"
        if line.observed
        else line.title
        for line in quote.lines
        if not line.known
    ]


def committed(quote: Quote) -> Range | None:
    """What a run lets itself in for, with a month of storage and hosting; None where any of it is unknown."""
    once, month, day = quote.total("once"), quote.total("month"), quote.total("day")
    if once is None or month is None or day is None:
        return None
    return once.plus(month).plus(day.times(DAYS_OF_HOSTING))
