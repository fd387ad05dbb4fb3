"""`tailor quote`: estimate what a run would cost, locally, before anything is uploaded."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from tailor import catalog
from tailor.aws.access import region
from tailor.aws.price_list import PriceList
from tailor.catalog import Model
from tailor.costs import PERIODS, CostLine, Quote, Range, cents
from tailor.datasets.prepare import prepare_dataset
from tailor.errors import InvalidInputError
from tailor.recipe import Recipe
from tailor.storage import FolderStorage, Storage
from tailor.training import methods
from tailor.training.advice import about_data, hyperparameters
from tailor.training.approval import committed
from tailor.training.calls import examples_in
from tailor.training.price_list import Listed
from tailor.training.prices import OPTION, PriceBook, read_options
from tailor.training.request import TRAIN_FILE
from tailor_cli.context import err, out, say_json, shown_errors
from tailor_cli.findings import translated
from tailor_cli.language import said
from tailor_cli.sources import recipe_of, source_of


def quote(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="files, a folder, or s3://bucket/folder/")],
    model: Annotated[str | None, typer.Option(help="base model; default: the recipe's")] = None,
    price: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ITEM=VALUE", help="your own price for the base model, for example training=0.002; repeatable"
        ),
    ] = None,
    offline: Annotated[bool, typer.Option("--offline", help="use the catalogue's prices; do not query AWS")] = False,
    json: Annotated[bool, typer.Option("--json", help="print the quote as JSON")] = False,
) -> None:
    """Estimate the cost of customizing a model with this dataset: ranges, assumptions and what is unknown.

    Uses AWS's current prices if they can be read (pricing:GetProducts), otherwise the catalogue's.
    """
    with shown_errors():
        storage, prefix = source_of(paths)
        if model:
            catalog.model(model)  # otherwise the error would blame the recipe
        recipe, base = recipe_of(storage, prefix, {"model": model} if model else {})
        book = PriceBook(read_options(price or [], base), None if offline else listed_for(base), OPTION)
        manifest, examples = count(storage, prefix, recipe, base)
        today = datetime.now(UTC).date()
        found = methods.quote(
            manifest,
            recipe,
            base,
            examples=examples,
            priced=lambda model: book.priced(model, today),
            notes=lambda: book.notes,
        )
        if json:
            say_json(orjson.dumps(found.document(), option=orjson.OPT_INDENT_2))
            return
        show(found)
        _show_advice(manifest, recipe, base)


def listed_for(model: Model) -> Listed:
    """Return AWS's prices in this session's Region, or in the model's first one if it is not customized here."""
    try:
        here = region()
    except InvalidInputError:  # no Region is configured; the Price List covers all of them
        here = ""
    return Listed(PriceList(), here if here in model.regions else next(iter(model.regions), here))


def count(storage: Storage, prefix: str, recipe: Recipe, model: Model) -> tuple[dict[str, Any], Range]:
    """Prepare the dataset in a scratch folder; return its manifest and the tokens of its few-shot examples.

    Raises:
        InvalidInputError: the dataset is not usable.
    """
    with tempfile.TemporaryDirectory(prefix="tailor-quote-") as folder, err.status("counting the dataset"):
        work, written = Path(folder, "work"), Path(folder, "out")
        work.mkdir()
        written.mkdir()
        report = prepare_dataset(
            storage, prefix, FolderStorage(written), "", recipe, model, bucket_owner=None, scratch=work
        )
        if not report.usable:
            raise InvalidInputError(
                translated(report).headline, hint="run tailor check: it lists every problem, row by row"
            )
        return report.manifest, examples_in((written / TRAIN_FILE).read_bytes(), recipe, model)


def show(quote: Quote) -> None:
    """Print the quote as a table, with its total, its assumptions and the source of each price."""
    table = Table("what", "when", "at least", "likely", "at most", "price from", box=None, header_style="bold")
    for line in quote.lines:
        amounts = (line.low, line.expected, line.high)
        shown = [said("unknown" if amount is None else f"${cents(amount)}") for amount in amounts]
        table.add_row(said(line.title), said(PERIODS[line.every]), *shown, said(line.price_from or _dated(line)))
    out.print(table)
    for line in quote.lines:
        if not line.known:
            out.print(f"[yellow]{escape(said(line.title))}[/]: {escape(said(line.how))}", soft_wrap=True)
    most = committed(quote)
    if most is not None:
        hosting = "hosting until its end" if any(line.periods is not None for line in quote.lines) else "hosting"
        out.print(f"[bold]At most ${cents(most.high)}[/], with a month of storage and {hosting}")
    for assumption in quote.assumptions:
        out.print(f"[dim]- {escape(said(assumption))}[/]", soft_wrap=True)


def _dated(line: CostLine) -> str:
    """Return where a price is from, for quotes of older versions that recorded only its date."""
    return f"catalogue, {line.price_as_of}" if line.price_as_of else ""


def _show_advice(manifest: dict[str, Any], recipe: Recipe, model: Model) -> None:
    advised = hyperparameters(recipe, model.method(recipe.method), int(manifest["rows"]["train"]))
    for name, item in advised.items():
        out.print(f"{name} = {item.value}  [dim]{escape(said(item.reason))}[/]", soft_wrap=True)
    for advice in about_data(manifest, recipe, model):
        message, fix = escape(said(advice.message)), escape(said(advice.fix))
        out.print(f"[yellow]{advice.code}[/]  {message}\n  [dim]{fix}[/]", soft_wrap=True)
