"""The `tailor` command: one module for each command, loaded when its command runs."""

import ast
from importlib import import_module
from importlib.resources import files
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup

from tailor import __version__
from tailor.commands import DEFAULT_STACK

COMMANDS = {  # module and function by name, in the order of --help
    "recipe": ("recipe", "recipe"),
    "models": ("model_commands", "app"),
    "check": ("check", "check"),
    "quote": ("quote", "quote"),
    "grade": ("grade", "grade"),
    "doctor": ("doctor", "doctor"),
    "verify": ("verify", "verify"),
    "deploy": ("deploy", "deploy"),
    "destroy": ("destroy", "destroy"),
    "push": ("push", "push"),
    "runs": ("runs", "runs"),
    "show": ("runs", "show"),
    "watch": ("runs", "watch"),
    "report": ("report", "report"),
    "approve": ("runs", "approve"),
    "decline": ("runs", "decline"),
    "stop": ("runs", "stop"),
    "evaluate": ("evaluate", "evaluate"),
    "judge": ("judge", "judge"),
    "labels": ("labels", "labels"),
    "promote": ("runs", "promote"),
    "retry": ("runs", "retry"),
    "rollback": ("runs", "rollback"),
    "retire": ("runs", "retire"),
    "offline": ("runs", "offline"),
    "restore": ("runs", "restore"),
    "erase": ("erase", "erase"),
    "console": ("console", "console"),
    "bill": ("bill", "bill"),
    "usage": ("usage", "usage"),
    "budget": ("budget", "budget"),
    "train-curve": ("curve", "train_curve"),
    "keys": ("keys", "app"),
    "policy": ("policy", "policy"),
}


class Commands(TyperGroup):
    """Commands that are imported when they are used; ``--help`` reads their docstrings without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: click.Command(name) for name in COMMANDS}
        self._listing = False

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command itself or, while ``--help`` lists them, its name and summary."""
        if self._listing or cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        return load(cmd_name)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for name, command in self.commands.items():
            command.help = documented(name)
        self._listing = True
        super().format_help(ctx, formatter)


def load(name: str) -> click.Command:
    """Return the named command; imports its module and what that needs."""
    module, function = COMMANDS[name]
    found = getattr(import_module(f"tailor_cli.{module}"), function)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name)(found)
    return typer.main.get_command(single)


def documented(name: str) -> str:
    """Return the docstring of a command's function, or of its module if the command is a group."""
    module, function = COMMANDS[name]
    tree = ast.parse(files("tailor_cli").joinpath(f"{module}.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return ast.get_docstring(functions[0] if functions else tree) or ""


app = typer.Typer(cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tailor {__version__}")
        raise typer.Exit


@app.callback()
def choose_stack(
    stack: Annotated[str, typer.Option(envvar="TAILOR_STACK", help="name of the CloudFormation stack")] = DEFAULT_STACK,
    local: Annotated[bool, typer.Option("--local", help="use the local cloud (make up) instead of AWS")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Custom Amazon Bedrock models from your data: measured, deployed, served."""
    from tailor_cli.context import session, shown_errors

    session.stack_name, session.local = stack, local
    if local:
        with shown_errors(ends_with=2):
            _use_local_cloud()


def _use_local_cloud() -> None:
    from tailor.errors import NotFoundError

    try:
        from tailor_local.cloud import use_local_cloud
        from tailor_local.errors import LocalCloudError
    except ModuleNotFoundError as error:
        hint = "clone Tailor's repository, and run there: make up"
        raise NotFoundError("the local cloud is not installed", hint=hint) from error
    try:
        use_local_cloud()
    except LocalCloudError as error:
        from tailor_cli.context import err

        err.print(f"[bold red]error[/] {error}", soft_wrap=True)
        raise typer.Exit(error.exit_code) from error


if __name__ == "__main__":
    app()
