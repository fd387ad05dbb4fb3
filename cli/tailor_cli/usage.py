"""`tailor usage`: show what a project's model was used for and its cost, by day or hour, key, version and tag."""

import json
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tailor.errors import InvalidInputError, NotAllowedError
from tailor.serving import statement
from tailor.serving.latency import percentile
from tailor.serving.statement import Line
from tailor.steps.pricing import pricing_of
from tailor_cli.context import AsJson, err, out, say_json, session, shown_errors
from tailor_cli.known import project_or_close
from tailor_cli.language import said
from tailor_cli.runs import Project


def usage(
    project: Project,
    days: Annotated[int, typer.Option(min=1, max=400, help="number of days up to and including today (UTC)")] = 30,
    hours: Annotated[bool, typer.Option("--hours", help="by the hour instead of by the day")] = False,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="print CSV")] = False,
) -> None:
    """Show a project's requests, tokens, latencies and cost by day, key, version and tag."""
    with shown_errors():
        if as_json and as_csv:
            raise InvalidInputError("--json and --csv exclude each other", hint="give one of them")
        today = datetime.now(UTC).date()
        used = session.serving.usage(project, today - timedelta(days=days - 1), today)
        if not used and (close := project_or_close(project)) != project:
            usage(close, days, hours, as_json, as_csv)
            return
        group = statement.by_hour if hours else statement.by_day
        found = statement.lines(used, pricing_of(session.stack.prices), group)
        if as_json:
            say_json(json.dumps([line.document() for line in found], indent=2))
        elif as_csv:
            typer.echo(statement.to_csv(found), nl=False)
        elif not found:
            out.print("no requests")
        else:
            out.print(_table(found))
            _say_what_is_unknown(found)


def _table(found: list[Line]) -> Table:
    names = _names_of_keys()
    table = Table("when", "key", "version", "tags", box=None, header_style="bold")
    for title in ("requests", "errors", "429", "input", "cached", "output", "images", "p50 ms", "p95 ms", "cost"):
        table.add_column(title, justify="right", no_wrap=True)
    for line in found:
        row = line.usage
        when = f"{row.day} {row.hour:02}h" if row.hour is not None else str(row.day)
        key = f"{names.get(row.key, said('unknown'))} ({row.key})"
        table.add_row(when, escape(key), row.run, escape(row.tags), *_numbers(line))
    table.add_row(said("total"), "", "", "", *_numbers(statement.total(found)), style="bold")
    return table


def _numbers(line: Line) -> list[str]:
    row = line.usage
    counts = (
        row.requests,
        row.errors,
        row.throttled,
        row.input_tokens,
        row.cached_tokens,
        row.output_tokens,
        row.images,
    )
    latencies = (percentile(row.latencies, share) for share in (0.5, 0.95))
    known = f"${line.cost_usd:.4f}"
    cost = known if not line.unpriced_requests else f"{known} + ?" if line.cost_usd else said("unknown")
    return [*(f"{count:,}" for count in counts), *("" if each is None else f"{each:,}" for each in latencies), cost]


def _say_what_is_unknown(found: list[Line]) -> None:
    unknown = {line.usage.model or "rows of earlier versions" for line in found if line.unpriced_requests}
    if unknown:
        which = ", ".join(map(said, sorted(unknown)))
        err.print(f"[yellow]note[/]  no price is known for tokens of {escape(which)}: set the parameter Prices")


def _names_of_keys() -> dict[str, str]:
    """Return names by key id; empty with credentials limited to a team's own projects."""
    try:
        return {key.id: key.name for key in session.serving.all_keys()}
    except NotAllowedError:
        return {}
