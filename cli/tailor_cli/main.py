"""The `tailor` command: one module a command, put together here."""

from typing import Annotated

import typer

from tailor import __version__
from tailor_cli import (
    check,
    curve,
    doctor,
    evaluate,
    grade,
    judge,
    keys,
    models,
    push,
    quote,
    recipe,
    report,
    runs,
    usage,
    verify,
)
from tailor_cli.context import DEFAULT_STACK, err, session

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tailor {__version__}")
        raise typer.Exit


@app.callback()
def choose_stack(
    stack: Annotated[str, typer.Option(envvar="TAILOR_STACK", help="name of the CloudFormation stack")] = DEFAULT_STACK,
    local: Annotated[bool, typer.Option("--local", help="talk to the local cloud (make up)")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="say which version this is")
    ] = False,
) -> None:
    """Custom Amazon Bedrock models from your data: measured, deployed, served."""
    session.stack_name, session.local = stack, local
    if local:
        try:
            from tailor_local.cloud import use_local_cloud
            from tailor_local.errors import LocalCloudError
        except ModuleNotFoundError as error:
            err.print("[bold red]error[/] the local cloud is not installed", soft_wrap=True)
            err.print("fix: clone Tailor's repository and run `make up` in it", soft_wrap=True)
            raise typer.Exit(2) from error
        try:
            use_local_cloud()
        except LocalCloudError as error:
            err.print(f"[bold red]error[/] {error}", soft_wrap=True)
            raise typer.Exit(error.exit_code) from error


BEFORE = (recipe.recipe, models.models, check.check, quote.quote, grade.grade, doctor.doctor, verify.verify)
RUNS = (push.push, runs.runs, runs.show, runs.watch, report.report, runs.approve, runs.decline, runs.stop)
AFTER = (
    evaluate.evaluate,
    judge.judge,
    runs.promote,
    runs.retry,
    runs.rollback,
    runs.retire,
    runs.offline,
    usage.usage,
)
for command in (*BEFORE, *RUNS, *AFTER):
    app.command()(command)
app.command("train-curve")(curve.train_curve)
app.add_typer(keys.app, name="keys")

if __name__ == "__main__":
    app()
