"""`tailor models`: list base models, their limits and prices, and whether this Region offers them."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from tailor import catalog
from tailor.catalog import Hyperparameter, MethodFacts, Model
from tailor.errors import TailorError
from tailor.training.preflight import LISTED
from tailor_cli.context import err, figure, out, say_json, shown_errors
from tailor_cli.language import said

Offered = Mapping[str, frozenset[str]]
"""Model ids that the Region lists, by Bedrock's name of the customization type."""


def models(
    name: Annotated[
        str | None, typer.Argument(help="show one model's limits, hyperparameters, prices and sources")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="print the catalogue's facts as JSON")] = False,
    offline: Annotated[bool, typer.Option("--offline", help="do not ask AWS what this Region offers")] = False,
) -> None:
    """List base models and the methods that can customize them."""
    with shown_errors():
        chosen = [catalog.model(name)] if name else list(catalog.models())
        if json:
            documents = [model.model_dump(mode="json") for model in chosen]
            say_json(orjson.dumps(documents[0] if name else documents, option=orjson.OPT_INDENT_2))
            return
        offered = None if offline else _ask_region()
        if name:
            _show_one(chosen[0], offered)
        else:
            out.print(_table(chosen, offered))


def _ask_region() -> Offered | None:
    from tailor.aws.bedrock import Bedrock  # boto3 is slow to import

    try:
        bedrock = Bedrock()
        listed = {kind: bedrock.foundation_models(kind) for kind in LISTED.values()}
    except TailorError as error:
        err.print(f"[yellow]note[/]  could not ask AWS what this Region offers: {escape(said(error.message))}")
        return None
    return {kind: frozenset(summary["modelId"] for summary in found) for kind, found in listed.items()}


def _table(chosen: list[Model], offered: Offered | None) -> Table:
    table = Table(box=None, header_style="bold", padding=(0, 2, 0, 0))
    for title in ("name", "method", "Region", "images", "$/1K", "lifecycle"):
        table.add_column(title, no_wrap=True)
    if offered is not None:
        table.add_column("this Region")
    for model in chosen:
        first = next(iter(model.methods.values()), None)
        cells = [
            model.name,
            "\n".join(model.methods) or "-",
            "\n".join(model.regions) or "-",
            str(first.limits.images_per_example or "-") if first else "-",
            _price(model),
            said(model.lifecycle.status),
        ]
        if offered is not None:
            cells.append("\n".join(_here(model, offered)) or said("not listed"))
        table.add_row(*cells)
    return table


def _price(model: Model) -> str:
    price = model.price("training")
    return figure(f"{price.amount:f}") if price else said("unknown")


def _here(model: Model, offered: Offered) -> list[str]:
    """Return the methods that the Region lists the model for."""
    return [
        method
        for method, kind in LISTED.items()
        if any(listed in model.ids or listed.startswith(f"{model.base_id}:") for listed in offered[kind])
    ]


def _show_one(model: Model, offered: Offered | None) -> None:
    out.print(f"[bold]{model.title}[/] ({model.name})")
    facts = Table(box=None, show_header=False)
    facts.add_row(said("for training"), model.training_id)
    facts.add_row(
        said("for calls"),
        "\n".join(f"{name} {said(where)} {regions}".rstrip() for name, where, regions in called(model)),
    )
    facts.add_row(said("Regions"), ", ".join(model.regions) or said("none"))
    if offered is not None:
        facts.add_row(
            said("this Region"), ", ".join(_here(model, offered)) or said("does not list it for customization")
        )
    teaches = [each.name for each in catalog.models() if _teaches(model, each)]
    if teaches:
        facts.add_row(said("teaches"), ", ".join(teaches))
    facts.add_row(said("served"), ", ".join(model.hosting.kinds) or said("not"))
    facts.add_row(said("lifecycle"), "; ".join(map(said, filter(None, [model.lifecycle.status, model.lifecycle.note]))))
    if model.answers:
        facts.add_row(said("longest answer"), said(f"{model.answers.tokens:,} tokens"))
    if model.reserved_words:
        facts.add_row(said("reserved words"), escape(" ".join(repr(word) for word in model.reserved_words)))
    out.print(facts)
    for method, known in model.methods.items():
        out.print(f"\n[bold]{method}[/]  [dim]{known.source.url} ({known.source.checked})[/]", soft_wrap=True)
        out.print(_limits(known))
        if known.hyperparameters:
            out.print(_hyperparameters(known.hyperparameters))
    if model.prices:
        out.print(f"\n[bold]{said('prices')}[/]")
        for price in model.prices:
            amount = f"${price.amount:f}" if price.amount is not None else said("unknown")
            out.print(f"  {price.item}: {amount} per {price.unit}, {price.region}, {price.as_of}")


def called(model: Model) -> Iterator[tuple[str, str, str]]:
    """Yield the ids that calls name, each with words that say where, and the Regions that these precede."""
    known = model.invocation
    if known.direct or not known.profiles:
        where = "in" if known.direct else "as far as is known"
        yield model.base_id, where, ", ".join(known.direct)
    for prefix in known.profiles:
        where = "in other Regions of" if known.direct else "in Regions of"
        yield f"{prefix}.{model.base_id}", where, prefix.upper()


def _teaches(teacher: Model, student: Model) -> bool:
    return any(teacher.name in facts.teachers for facts in student.methods.values())


def _limits(facts: MethodFacts) -> Table:
    table = Table(box=None, show_header=False)
    values: dict[str, Any] = facts.limits.model_dump(exclude={"source"}, exclude_none=True)
    values |= {"record": facts.record, "takes_validation_set": facts.takes_validation_set}
    if facts.teachers:
        values["teachers"] = facts.teachers
    for key, value in values.items():
        shown = ", ".join(value) if isinstance(value, tuple) else f"{value:,}" if type(value) is int else str(value)
        if isinstance(value, bool):
            shown = said("yes" if value else "no")
        if shown:
            table.add_row(f"  {said(key.replace('_', ' '))}", figure(shown))
    return table


def _hyperparameters(known: Mapping[str, Hyperparameter]) -> Table:
    table = Table("  hyperparameter", "from", "to", "default", box=None, header_style="dim")
    for name, item in known.items():
        ends = [f"{end:g}" if end is not None else "" for end in (item.minimum, item.maximum)]
        if item.choices:
            ends = [", ".join(item.choices), ""]
        default = f"{item.default:g}" if isinstance(item.default, float) else str(item.default)
        table.add_row(f"  {name}", *ends, default)
    return table
