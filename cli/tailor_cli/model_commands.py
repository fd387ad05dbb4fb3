"""List base models with their limits and prices, and delete custom models that nobody needs."""

from typing import Annotated

import click
import typer
from typer.core import TyperGroup

from tailor_cli.models import models


class ListFirst(TyperGroup):
    """A group whose arguments are those of ``list`` unless they begin with a command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and args[0] != "--help"):
            args = ["list", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=ListFirst, add_completion=False, pretty_exceptions_enable=False, help=__doc__)
app.command("list")(models)


@app.command()
def delete(
    runs: Annotated[list[str], typer.Argument(metavar="RUN…", help="runs whose custom models are deleted")],
    reason: Annotated[str, typer.Option(help="recorded on the run")] = "",
    yes: Annotated[bool, typer.Option("--yes", help="delete without being asked")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="print JSON")] = False,
) -> None:
    """Delete the custom models of runs that have ended.

    It can't be undone; what is live or kept stays.
    """
    from tailor.steps.models import delete_models
    from tailor_cli.context import confirm, in_words, out, person, say_json, session, shown_errors
    from tailor_cli.language import said
    from tailor_cli.runs import find, now

    with shown_errors():
        found = [find(name) for name in runs]
        if not yes:
            for run in found if not as_json else ():
                what = said(f"{run.recipe.method} of {run.recipe.model}")
                out.print(f"{run.id}: {in_words(run.state)}, {what}", soft_wrap=True)
            confirm("Delete these models for good")
        for run in found:
            delete_models(run, session.services, by=person(), reason=reason or "by hand", now=now())
            if not as_json:
                out.print(f"the model of {run.id} is deleted", soft_wrap=True)
        if as_json:
            say_json({"deleted": [run.id for run in found]})
