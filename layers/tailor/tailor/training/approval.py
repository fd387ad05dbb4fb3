"""Decide whether a run may spend automatically or needs a person's approval.

It may if its maximum cost is known and within the budget: one-time costs, the first month's storage, and hosting until
its end, at most a month of it. An unknown price counts as too high. A person also decides if the headroom check advises
against training, or if there are too few held-out rows for a verdict, or its metric takes wrong answers for right ones.
"""

from decimal import Decimal

from tailor.costs import NOTHING, Quote, Range, cents
from tailor.recipe import Recipe

AGAINST = frozenset(
    {"no-headroom", "no-reward", "few-held-out-rows", "metric-fooled"}
)  # training would lead nowhere by itself


def needs_approval(quote: Quote | None, recipe: Recipe, ceiling: Decimal) -> str | None:
    """Return why a person must approve, or None.

    Args:
        ceiling: the stack's limit in US dollars. The recipe belongs to the uploader and can only lower it.
    """
    if quote is None:
        return "There is no quote, so what the run costs is not known"
    against = [item.message for item in quote.advice if item.code in AGAINST]
    if against:
        return against[0][:1].upper() + against[0][1:]
    most = committed(quote)
    if most is None:
        return f"What this costs is not known: {', '.join(_unknown(quote))}"
    wanted = recipe.budget.limit
    limit = ceiling if wanted is None else min(wanted, ceiling)
    if most.high > limit:
        over = f", the stack's: the recipe's ${cents(wanted)} can't raise it" if wanted and wanted > ceiling else ""
        return f"It may cost up to ${cents(most.high)}, and the budget is ${cents(limit)}{over}"
    return None


def _unknown(quote: Quote) -> list[str]:
    """Describe items without a price, with what others paid for them: a bound that a person may accept."""
    return [
        f"{line.title} (others paid about ${line.observed[0]} to ${line.observed[1]} for as much, which is no price)"
        if line.observed
        else line.title
        for line in quote.lines
        if not line.known
    ]


def committed(quote: Quote) -> Range | None:
    """Return the costs of a run with a month of storage, and hosting until its end; None if any is unknown."""
    total = NOTHING
    for line in quote.lines:
        if (whole := line.whole) is None:
            return None
        total = total.plus(whole)
    return total
