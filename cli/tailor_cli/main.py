"""The `tailor` command: one module for each command, loaded when its command runs."""

import ast
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from importlib.resources import files
from typing import Annotated, Any

import click
import typer
from click.shell_completion import CompletionItem
from typer.core import TyperCommand, TyperGroup

from tailor import __version__
from tailor.commands import DEFAULT_STACK
from tailor_cli import language, line

GROUPS = {  # module and function by name, in the groups and in the order of --help
    "Data": {
        "recipe": ("recipe", "recipe"),
        "models": ("model_commands", "app"),
        "check": ("check", "check"),
        "quote": ("quote", "quote"),
        "grade": ("grade", "grade"),
        "push": ("push", "push"),
    },
    "Runs": {
        "runs": ("runs", "runs"),
        "show": ("runs", "show"),
        "watch": ("watch", "watch"),
        "report": ("report", "report"),
        "approve": ("runs", "approve"),
        "decline": ("runs", "decline"),
        "stop": ("runs", "stop"),
        "retry": ("runs", "retry"),
        "adopt": ("adopt", "adopt"),
        "evaluate": ("evaluate", "evaluate"),
        "judge": ("judge", "judge"),
        "labels": ("labels", "labels"),
        "train-curve": ("curve", "train_curve"),
    },
    "Serving": {
        "chat": ("chat", "chat"),
        "promote": ("runs", "promote"),
        "rollback": ("runs", "rollback"),
        "retire": ("runs", "retire"),
        "offline": ("runs", "offline"),
        "restore": ("runs", "restore"),
        "keys": ("keys", "app"),
        "usage": ("usage", "usage"),
        "budget": ("budget", "budget"),
        "console": ("console", "console"),
    },
    "Account": {
        "up": ("local", "up"),
        "down": ("local", "down"),
        "deploy": ("deploy", "deploy"),
        "doctor": ("doctor", "doctor"),
        "verify": ("verify", "verify"),
        "bill": ("bill", "bill"),
        "policy": ("policy", "policy"),
        "mcp": ("mcp_server", "mcp"),
        "erase": ("erase", "erase"),
        "destroy": ("destroy", "destroy"),
    },
}
COMMANDS = {name: place for commands in GROUPS.values() for name, place in commands.items()}
GROUPS_OF = {name: group for group, commands in GROUPS.items() for name in commands}
_AS_JSON = "tailor.as_json"
_ANYWHERE = (
    "--local, --stack, --lang and --json may stand anywhere on the line. With --json a command prints one JSON "
    "document, and errors are JSON on standard error."
)


class Commands(TyperGroup):
    """Commands that are imported when they are used; ``--help`` reads their docstrings without importing them."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name) for name in COMMANDS}
        self._listing = False

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Run a command and end the process. Errors in the command line are printed as JSON if that is asked for."""
        words = line.own_arguments() if args is None else list(args)
        language.use("en" if line.wants_json(words) else language.chosen(words, os.environ))
        self.context_class = language.context_class()
        begin = partial(super().main, words, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return begin()
        try:
            code = begin()
        except (click.ClickException, click.Abort) as error:
            code = line.end_with(error, words)
        if code == line.INTERRUPTED:
            line.end_interrupted(words)
        raise SystemExit(code if isinstance(code, int) else 0)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Accept the program's options anywhere on the line."""
        words = line.arranged(args)
        ctx.meta[_AS_JSON] = line.wants_json(words)
        return super().parse_args(ctx, words)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command itself or, while ``--help`` lists them, its name and summary."""
        if self._listing or cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        return load(cmd_name)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with self._summaries():
            language.translate_help(self)
            super().format_help(ctx, formatter)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return completions of a word; names of commands without importing them."""
        with self._summaries():
            return super().shell_complete(ctx, incomplete)

    @contextmanager
    def _summaries(self) -> Iterator[None]:
        for name, command in self.commands.items():
            command.help = documented(name)
            setattr(command, "rich_help_panel", language.said(GROUPS_OF[name]))  # noqa: B010  (typer's own attribute)
        self._listing = True
        try:
            yield
        finally:
            self._listing = False


def load(name: str) -> click.Command:
    """Return the named command; imports its module and what that needs."""
    module, function = COMMANDS[name]
    found = getattr(import_module(f"tailor_cli.{module}"), function)
    if isinstance(found, typer.Typer):
        return language.translate_help(typer.main.get_command(found))
    single = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    single.command(name)(found)
    return language.translate_help(typer.main.get_command(single))


def documented(name: str) -> str:
    """Return the docstring of a command's function, or of its module if the command is a group."""
    module, function = COMMANDS[name]
    tree = ast.parse(files("tailor_cli").joinpath(f"{module}.py").read_text("utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == function]
    return ast.get_docstring(functions[0] if functions else tree) or ""


app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tailor {__version__}")
        raise typer.Exit


@app.callback(epilog=_ANYWHERE)
def choose_stack(
    context: typer.Context,
    stack: Annotated[str, typer.Option(envvar="TAILOR_STACK", help="name of the CloudFormation stack")] = DEFAULT_STACK,
    local: Annotated[bool, typer.Option("--local", help="use the local cloud (tailor up) instead of AWS")] = False,
    lang: Annotated[
        language.Language | None,
        typer.Option("--lang", envvar=language.SETTING, help="en or vi (tiếng Việt); default: the locale's"),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="print the version")
    ] = False,
) -> None:
    """Custom Amazon Bedrock models from your data: measured, deployed, served."""
    from tailor_cli.context import err, session, shown_errors

    session.as_json = err.quiet = bool(context.meta.get(_AS_JSON))
    with shown_errors(ends_with=2):
        reach(stack, local=local)


def reach(stack: str, *, local: bool) -> None:
    """Make this process's commands use a stack. Raises NotFoundError if no local cloud runs."""
    from tailor_cli.context import session

    session.stack_name, session.local = stack, local
    if region := os.environ.get("AWS_REGION"):
        os.environ["AWS_DEFAULT_REGION"] = region  # botocore reads this name alone, the AWS CLI the other one first
    if local:
        _use_local_cloud()


def _use_local_cloud() -> None:
    from tailor.errors import NotFoundError
    from tailor_cli.local import installed

    cloud = installed()
    if not cloud.is_up():
        raise NotFoundError("no local cloud runs here", hint="start it: tailor up")
    cloud.use()


if __name__ == "__main__":
    app()
