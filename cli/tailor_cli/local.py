"""`tailor up` and `tailor down`: start and stop the local cloud, which the package tailor-local provides."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tailor.errors import ConflictError, NotFoundError
from tailor_cli.context import AsJson, err, out, say_json, show_error, shown_errors

if TYPE_CHECKING:
    from types import ModuleType

INSTALL = "in a checkout: make up; elsewhere install its wheel beside this one (docs/local-cloud.md)"


def up(
    keep: Annotated[
        bool, typer.Option("--keep", help="keep its state when it stops, and take up what was kept")
    ] = False,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="default: TAILOR_PORT or 4566")] = None,
    as_json: AsJson = False,
) -> None:
    """Start the local cloud in the background and deploy Tailor to it.

    Exit code: 3 if the port is in use, 4 if one runs already, 5 if the deployment failed.
    """
    with shown_errors(interrupted="the local cloud is stopped"), _said():
        commands = installed()
        with err.status("starting the local cloud and deploying to it; the first time takes minutes"):
            running = commands.start(port, keep=keep)
        if as_json:
            say_json({name: str(value) for name, value in running._asdict().items()})
            return
        out.print(f"The local cloud runs at {running.endpoint}. Log: {running.log}", soft_wrap=True)
        out.print(f"The API answers at {running.api_url}", soft_wrap=True)
        out.print(f"The console is at {running.console_url}", soft_wrap=True)
        out.print("A link to it with a key: tailor --local console PROJECT")
        out.print("Use it: tailor --local runs. Stop it: tailor down")


def down(as_json: AsJson = False) -> None:
    """Stop the local cloud."""
    with shown_errors(), _said():
        stopped = installed().stop()
        if as_json:
            say_json({"stopped": stopped})
        else:
            out.print("the local cloud is stopped" if stopped else "no local cloud runs")


def installed() -> "ModuleType":
    """Return the local cloud's commands. Raises NotFoundError if the package is not installed."""
    try:
        from tailor_local import running
    except ModuleNotFoundError as error:
        raise NotFoundError("the local cloud is not installed", hint=INSTALL) from error
    return running


@contextmanager
def _said() -> Iterator[None]:
    """Show the local cloud's own errors, and end with their exit codes."""
    try:
        yield
    except Exception as error:
        code = getattr(error, "exit_code", None)
        if type(error).__module__ != "tailor_local.errors" or code is None:
            raise
        show_error(ConflictError(str(error)))
        raise typer.Exit(code) from error
