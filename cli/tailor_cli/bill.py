"""`tailor bill`: list what this stack has at Bedrock that bills while nobody calls, with its monthly price."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from tailor.aws.access import region
from tailor.aws.price_list import PriceList
from tailor.catalog import Model
from tailor.costs import cents
from tailor.steps.inventory import Billed, StackInventory, total
from tailor.training.price_list import Listed
from tailor.training.prices import PriceBook, read_prices
from tailor_cli.context import AsJson, err, in_a_line, local_time, out, say_json, session, shown_errors
from tailor_cli.language import said

STACK = "functions, tables, queues and alarms of the stack come to a few dollars a month: docs/costs.md"


def bill(
    offline: Annotated[bool, typer.Option("--offline", help="use the catalogue's prices; do not query AWS's")] = False,
    as_json: AsJson = False,
) -> None:
    """List custom models and their deployments, with the monthly price and who needs each.

    What is listed has this stack's tags.
    """
    with shown_errors():
        found = list(StackInventory(session.runs, session.control, _prices(offline=offline)).billed())
        if as_json:
            say_json(json.dumps([each.document() for each in found], indent=2))
            return
        if found:
            out.print(_table(found))
        amount, unknown = total(found)
        also = f", and {unknown} whose price is not known" if unknown else ""
        out.print(f"[bold]${cents(amount)} a month[/]{also}; calls are billed by token besides", soft_wrap=True)
        err.print(f"[dim]{said(STACK)}[/]", soft_wrap=True)


def _prices(*, offline: bool) -> Callable[[Model], Model]:
    stack = session.stack
    listed = None if offline else Listed(PriceList(), region())
    book, today = PriceBook(read_prices(stack.prices), listed), datetime.now(UTC).date()
    return lambda model: book.priced(model, today)


def _table(found: list[Billed]) -> Table:
    month = Column("a month", justify="right")
    table = Table("what", "project", "name", "use", month, "price", box=None, header_style="bold")
    for each in found:
        amount = said("unknown" if each.month is None else f"${cents(each.month)}")
        use = f"{each.use}, until {local_time(each.ends_at)}" if each.ends_at else each.use
        cells = (each.what, each.project or "-", each.name, use, amount, each.price)
        table.add_row(*(escape(in_a_line(cell)) for cell in cells))
    return table
