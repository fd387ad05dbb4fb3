"""`tailor usage`: requests and tokens of a project's model, by day, key and version."""

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from tailor.errors import NotAllowedError
from tailor.serving.usage import Usage
from tailor_cli.context import out, say_json, session, shown_errors


def usage(
    project: Annotated[str, typer.Argument(help="the project")],
    days: Annotated[int, typer.Option(min=1, max=400, help="number of days up to and including today (UTC)")] = 30,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Show a project's requests and tokens by day, key and version."""
    with shown_errors():
        today = datetime.now(UTC).date()
        used = session.serving.usage(project, today - timedelta(days=days - 1), today)
        if as_json:
            say_json(json.dumps([asdict(entry) for entry in used], default=str, indent=2))
            return
        names = _names_of_keys()
        table = Table("day", "key", "version", box=None, header_style="bold")
        for title in ("requests", "input tokens", "output tokens"):
            table.add_column(title, justify="right")
        for entry in used:
            key = f"{names.get(entry.key, 'unknown')} ({entry.key})"
            table.add_row(str(entry.day), escape(key), entry.run, *(f"{count:,}" for count in _counts(entry)))
        if used:
            total = [sum(column) for column in zip(*map(_counts, used), strict=True)]
            table.add_row("total", "", "", *(f"{count:,}" for count in total), style="bold")
        out.print(table if used else "no requests")


def _names_of_keys() -> dict[str, str]:
    """Return names by id; none for whoever may see a team's own projects alone."""
    try:
        return {key.id: key.name for key in session.serving.all_keys()}
    except NotAllowedError:
        return {}


def _counts(entry: Usage) -> tuple[int, int, int]:
    return entry.requests, entry.input_tokens, entry.output_tokens
