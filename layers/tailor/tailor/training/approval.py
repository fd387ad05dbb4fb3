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
)  # with such advice, training would probably be pointless


def needs_approval(quote: Quote | None, recipe: Recipe, ceiling: Decimal) -> str | None:
    """Return why a person must approve, or None.

    Args:
        ceiling: the stack's limit in US dollars. The recipe belongs to the uploader and can only lower it.
    """
    if quote is None:
        return "There is no quote, so what the run costs is not known"
    if recipe.deployment.commitment:
        return _bound(quote, recipe)
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


def commitment_of(quote: Quote | None, recipe: Recipe) -> str:
    """Return what a commitment buys and for how much, as a person must confirm it."""
    wanted = recipe.deployment
    line = next((line for line in quote.lines if line.item == "hosting"), None) if quote else None
    whole = line.whole if line else None
    price = f"for up to ${cents(whole.high)}" if whole else "at a price that is not known"
    units = f"{wanted.units} model unit" + ("" if wanted.units == 1 else "s")
    return f"{units} with a commitment of {wanted.commitment} {price}"


def _bound(quote: Quote, recipe: Recipe) -> str:
    """Return why nothing but a person's word buys a commitment: whatever the budget is, it can't be undone."""
    most = committed(quote)
    whole = f"the run may cost up to ${cents(most.high)}" if most else f"not known: {', '.join(_unknown(quote))}"
    return (
        f"It buys {commitment_of(quote, recipe)}. Nobody can undo that: AWS deletes them no earlier, also if the model "
        f"does not pass. In all, {whole}"
    )


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
