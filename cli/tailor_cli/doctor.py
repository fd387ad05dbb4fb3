"""`tailor doctor`: check whether a job would start in this account and Region, and how to fix what prevents it."""

from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tailor import catalog
from tailor.aws.access import Access, region
from tailor.aws.bedrock import Bedrock
from tailor.aws.price_list import PriceList
from tailor.errors import InvalidInputError
from tailor.recipe import METHODS, Recipe
from tailor.training.preflight import Check, Place, preflight
from tailor.training.price_list import Listed
from tailor.training.prices import PriceBook, read_prices
from tailor_cli.context import out, session, shown_errors

STYLES = {"ok": "green", "warning": "yellow", "failed": "bold red", "unknown": "dim"}


def doctor(
    model: Annotated[str, typer.Option(help="base model to check for")] = "nova-lite",
    method: Annotated[str, typer.Option(help=f"one of {', '.join(METHODS)}")] = "fine-tuning",
) -> None:
    """Check role, permissions, model, Region, quotas and keys. Exit code 1 if a job would not start."""
    with shown_errors():
        if method not in METHODS:
            raise InvalidInputError(f"there is no method {method!r}", hint=f"known methods: {', '.join(METHODS)}")
        base = catalog.model(model)
        recipe = Recipe.model_validate({"model": base.name, "method": method})
        base.method(recipe.method)
        stack = session.stack
        place = Place(
            region=region(),
            bucket=stack.bucket,
            role_arn=stack.customization_role,
            caller_arn=stack.train_role,
            grader_arn=stack.grade_function,
        )
        prices = PriceBook(read_prices(stack.prices), Listed(PriceList(), place.region))
        checks = preflight(recipe, base, place, offers=Bedrock(), access=Access(), prices=prices)
        show(checks)
        if any(check.status == "failed" for check in checks):
            raise typer.Exit(1)


def show(checks: list[Check]) -> None:
    """Print the checks, each with its status and its remedy, as a table."""
    table = Table("check", "", "", box=None, header_style="bold")
    for check in checks:
        remedy = f"\n→ {escape(session.addressed(check.remedy))}" if check.remedy else ""
        table.add_row(check.name, f"[{STYLES[check.status]}]{check.status}[/]", escape(check.message) + remedy)
    out.print(table)
