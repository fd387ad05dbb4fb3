"""The `tailor` command: one module a command, put together here."""

from typing import Annotated

import typer

from tailor_cli import keys, push, runs, usage
from tailor_cli.context import session

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def choose_stack(
    stack: Annotated[str, typer.Option(envvar="TAILOR_STACK", help="name of the CloudFormation stack")] = "tailor",
    local: Annotated[bool, typer.Option("--local", help="talk to the local cloud (make up)")] = False,
) -> None:
    """Custom Amazon Bedrock models from your data: measured, deployed, served."""
    session.stack_name = stack
    if local:
        from tailor_local.cloud import use_local_cloud

        use_local_cloud()


for command in (push.push, runs.runs, runs.show, runs.watch, runs.approve, runs.decline, usage.usage):
    app.command()(command)

app.add_typer(keys.app, name="keys")

if __name__ == "__main__":
    app()
