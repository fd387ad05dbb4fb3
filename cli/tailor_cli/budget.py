"""`tailor budget`: what all calls of a project's model may cost in a calendar month."""

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer
from rich.markup import escape

from tailor.errors import InvalidInputError
from tailor.serving import aliases, budgets, statement
from tailor.serving.aliases import Alias
from tailor.serving.budgets import BudgetOwner
from tailor.steps.pricing import pricing_of
from tailor_cli.context import AsJson, err, out, say_json, session, shown_errors
from tailor_cli.known import project_or_close
from tailor_cli.runs import Project


def budget(
    project: Project,
    dollars: Annotated[str | None, typer.Argument(help="US dollars a calendar month (UTC), or none")] = None,
    as_json: AsJson = False,
) -> None:
    """Show or set what calls of a project's model may cost in a calendar month.

    At 80 % there is a notice, at 100 % calls stop.
    """
    with shown_errors():
        project = project_or_close(project)
        now = datetime.now(UTC)
        if dollars is not None:
            cents = to_cents(dollars)
            # Calls are added to the sum only while there is a budget: start from what was used this month.
            session.serving.set_spent(BudgetOwner("project", project), budgets.month_of(now), _used(project, now))
            alias = aliases.set_budget(session.serving, project, cents)
        else:
            alias = session.serving.alias(project)
        if as_json:
            month = budgets.month_of(now)
            dollars_a_month = None if alias.cents_per_month is None else str(Decimal(alias.cents_per_month) / 100)
            used = str(session.serving.spent(BudgetOwner("project", project), month)) if dollars_a_month else None
            say_json({"project": project, "month": month, "limit": dollars_a_month, "spent": used})
            return
        if alias.cents_per_month is None:
            out.print(f"{escape(project)} has no budget: its calls may cost any amount")
            return
        spent = session.serving.spent(BudgetOwner("project", project), budgets.month_of(now))
        limit = Decimal(alias.cents_per_month) / 100
        out.print(f"{project}: ${spent:.2f} of ${limit:.2f} used in {budgets.month_of(now)} (UTC)")
        _warn(alias)


def to_cents(dollars: str) -> int | None:
    """Return US dollars as cents, or None for ``none``. Raises InvalidInputError."""
    if dollars == "none":
        return None
    try:
        cents = Decimal(dollars) * 100
    except InvalidOperation:
        cents = Decimal(-1)
    if not cents.is_finite() or cents < 0 or cents != cents.to_integral_value():
        raise InvalidInputError(f"{dollars!r} is no amount of US dollars", hint="give for example 50 or 12.50, or none")
    return int(cents)


def _used(project: str, now: datetime) -> Decimal:
    rows = session.serving.usage(project, now.date().replace(day=1), now.date())
    found = statement.lines(rows, pricing_of(session.stack.prices))
    return sum((line.cost_usd for line in found), Decimal(0))


def _warn(alias: Alias) -> None:
    """Warn where a budget can't work: calls with an unknown price count as free."""
    pricing = pricing_of(session.stack.prices)
    unknown = sorted({version.model for version in alias.versions if pricing(version.model) is None})
    if unknown:
        names = ", ".join(unknown)
        err.print(
            f"[yellow]note[/]  no price is known for calls of {names}: they are not counted. Set the parameter Prices"
        )
