"""`tailor deploy`: deploy this checkout to an AWS account; shows every change first."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError
from tailor_cli.context import session, shown_errors


def deploy(
    arch: Annotated[str, typer.Option(help="processor of the functions: arm64 or x86_64")] = "",
    region: Annotated[str, typer.Option(help="AWS Region, if the shell sets none")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a parameter of template.yaml; repeatable")
    ] = None,
    ask: Annotated[bool, typer.Option(help="ask the answered questions again")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="ask no questions and deploy without confirmation")] = False,
    dry_run: Annotated[bool, typer.Option(help="show the change set, then remove it")] = False,
    answers: Annotated[
        Path | None, typer.Option(dir_okay=False, help="file that keeps the answers; default: deploy.toml")
    ] = None,
) -> None:
    """Build Tailor and deploy it to AWS: asks a few questions, shows the changes and waits for confirmation."""
    with shown_errors():
        try:
            import tailor_local.deployment  # noqa: F401  (part of a checkout, not of the wheel)
            from tailor_cli.deploying.steps import Wish, run
        except ModuleNotFoundError as error:
            raise InvalidInputError(
                f"deploying needs a checkout of Tailor and its tools: {error.name} is not installed",
                hint="clone Tailor's repository, and run make deploy there",
            ) from error
        run(
            Wish(
                stack=session.stack_name,
                architecture=arch,
                region=region,
                settings=settings or [],
                ask=ask,
                yes=yes,
                dry_run=dry_run,
                answers=answers,
            )
        )
