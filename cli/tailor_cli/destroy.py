"""`tailor destroy`: remove a stack from an AWS account, and print what remains."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError
from tailor_cli.context import session, shown_errors


def destroy(
    region: Annotated[str, typer.Option(help="AWS Region, if the shell sets none")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="remove without being asked")] = False,
    answers: Annotated[
        Path | None, typer.Option(dir_okay=False, help="file of the deployment's answers; default: deploy.toml")
    ] = None,
    timeout: Annotated[float, typer.Option(help="maximum seconds to wait until jobs have stopped")] = 1800,
) -> None:
    """Stop all jobs, take down all deployments and remove the stack.

    The bucket, tables and models stay.
    """
    with shown_errors():
        try:
            from tailor_cli.deploying.removal import Removal, remove
        except ModuleNotFoundError as error:
            raise InvalidInputError(
                f"this needs a checkout of Tailor and its tools: {error.name} is not installed",
                hint="clone Tailor's repository, and run make destroy there",
            ) from error
        remove(Removal(session.stack_name, region, yes, answers, timeout))
