"""`tailor deploy`: from this checkout to an AWS account, with few questions and nothing that is not shown first."""

from pathlib import Path
from typing import Annotated

import typer

from tailor.errors import InvalidInputError
from tailor_cli.context import session, shown_errors


def deploy(
    arch: Annotated[str, typer.Option(help="processor of the functions: arm64 or x86_64")] = "",
    region: Annotated[str, typer.Option(help="AWS Region, where the shell says none")] = "",
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="a parameter of template.yaml; repeatable")
    ] = None,
    ask: Annotated[bool, typer.Option(help="ask again what is remembered")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="ask nothing, and deploy without a confirmation")] = False,
    dry_run: Annotated[bool, typer.Option(help="stop at the change set, show it, and remove it")] = False,
    answers: Annotated[Path | None, typer.Option(dir_okay=False, help="where answers are kept: deploy.toml")] = None,
) -> None:
    """Build Tailor and deploy it to AWS: asks what matters, shows what will change, and waits for a confirmation."""
    with shown_errors():
        try:
            import tailor_local.deployment  # noqa: F401  (a checkout's own: it is in no wheel)
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
