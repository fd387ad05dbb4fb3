"""Shared parts of all commands: the stack they use, the terminal, and how errors are shown."""

import getpass
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console, ConsoleDimensions, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment
from rich.status import Status
from rich.table import Table

from tailor.commands import DEFAULT_STACK, addressed
from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError, RecipeError, TailorError
from tailor.names import RECIPE_FILE, possible_projects
from tailor.printable import one_line, printable, printable_json
from tailor_cli.language import said, spoken
from tailor_cli.line import INTERRUPTED, say_error

if TYPE_CHECKING:  # boto3 takes a second to import, and many commands don't need it
    from tailor.aws.folders import FolderTable
    from tailor.aws.runs import DynamoRunStore
    from tailor.aws.s3_uploads import S3Uploads
    from tailor.aws.serving import ServingTable
    from tailor.aws.stack import Stack
    from tailor.runs import Change, Run, State
    from tailor.steps.ownership import OwnControl
    from tailor.steps.services import RunServices
    from tailor.steps.trainers import SageMakerTrainer
    from tailor.training.spending import Spending


class Output(Console):
    """A console that wraps lines only in a terminal; output to a pipe or a file is never cut.

    All text passes :func:`tailor.printable.printable`: names and messages come from strangers' files. Text with markup
    is the program's own, and printed in the language in use, as are the heads of tables; ``markup=False`` is for data.
    """

    def print(self, *objects: Any, markup: bool | None = None, **options: Any) -> None:
        own = objects if markup is False else map(_in_language, objects)
        super().print(*own, markup=markup, **options)

    def status(self, status: RenderableType, **options: Any) -> Status:
        return super().status(_in_language(status), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for text, style, control in super().render(renderable, options):
            yield Segment(text if control else printable(text), style, control)

    @property
    def size(self) -> ConsoleDimensions:
        size = super().size
        return size if self.is_terminal else ConsoleDimensions(UNLIMITED, size.height)

    @size.setter
    def size(self, new_size: tuple[int, int]) -> None:
        self._width, self._height = new_size


def _in_language(printed: Any) -> Any:
    if isinstance(printed, Table):
        for column in printed.columns:
            column.header = _in_language(column.header)
    return said(printed) if isinstance(printed, str) else printed


UNLIMITED = 1000  # columns
AsJson = Annotated[bool, typer.Option("--json", help="print JSON")]
out = Output(highlight=False)
err = Output(stderr=True, highlight=False)


OF_A_TEAM = (
    "a team's credentials reach its own projects, and move no run: that, and calls of models, need an API key. "
    "Whoever operates the stack gives keys and permissions"
)


@dataclass
class Session:
    """The stack that commands use, looked up at first use: offline commands never call AWS."""

    stack_name: str = DEFAULT_STACK
    local: bool = False
    as_json: bool = False

    @property
    def tailor(self) -> str:
        """Return the start of commands to print: ``tailor`` with the options that select this stack."""
        words = ["tailor", *(["--local"] if self.local else [])]
        if self.stack_name != os.environ.get("TAILOR_STACK", DEFAULT_STACK):
            words.append(f"--stack {self.stack_name}")
        return " ".join(words)

    def addressed(self, text: str) -> str:
        """Return ``text`` with its ``tailor`` commands extended by the options that select this stack."""
        return addressed(text, self.tailor)

    @cached_property
    def stack(self) -> "Stack":
        from tailor.aws.stack import find_stack

        return find_stack(self.stack_name)

    @cached_property
    def runs(self) -> "DynamoRunStore":
        from tailor.aws.runs import DynamoRunStore

        return DynamoRunStore(self.stack.runs_table)

    @cached_property
    def folders(self) -> "FolderTable | None":
        """Return the folders that changed lately; None if the stack is of an earlier version without them."""
        from tailor.aws.folders import FolderTable

        return FolderTable(self.stack.folders_table) if self.stack.folders_table else None

    @cached_property
    def bucket(self) -> "S3Uploads":
        from tailor.aws.s3_uploads import S3Uploads

        return S3Uploads(self.stack.bucket)

    @cached_property
    def serving(self) -> "ServingTable":
        from tailor.aws.serving import ServingTable

        return ServingTable(self.stack.serving_table)

    @cached_property
    def control(self) -> "OwnControl":
        """Return Bedrock's control plane, limited to this stack's own resources."""
        from tailor.aws.bedrock import Bedrock
        from tailor.steps.ownership import OwnControl

        return OwnControl(Bedrock(), self.stack.owner)

    @property
    def services(self) -> "RunServices":
        """Return the services with which commands steer runs."""
        from tailor.aws.access import region
        from tailor.steps.services import RunServices

        return RunServices(self.runs, self.control, self.serving, self.sagemaker, region())

    @cached_property
    def sagemaker(self) -> "SageMakerTrainer | None":
        """Return the stack's second trainer, as far as people follow and stop its jobs; None if it is disabled."""
        from tailor.aws.training import TrainingJobSettings, sagemaker_trainer

        settings = TrainingJobSettings(bucket=self.stack.bucket, training_jobs=self.stack.sagemaker_training)
        return sagemaker_trainer(self.control, self.stack.owner, settings)

    @cached_property
    def spending(self) -> "Spending":
        """Return the ledger of this month's costs, with the stack's limits."""
        from tailor.aws.ledger import LedgerTable
        from tailor.training.spending import MonthLimits, Spending

        limits = MonthLimits.of(self.stack.project_monthly_limit, self.stack.stack_monthly_limit)
        return Spending(LedgerTable(self.stack.serving_table), limits, self.runs)


session = Session()


def read_run(run_id: str, project: str = "") -> "Run":
    """Return a run by its id, also with credentials limited to a team's own projects. Raises NotFoundError.

    The table knows ids, and a policy can't tell by an id whose run it is; its index knows projects.
    """
    try:
        return session.runs.get(run_id)
    except NotAllowedError:
        for name in [project] if project else possible_projects(run_id):
            with suppress(NotAllowedError):
                if found := next((run for run in session.runs.project_runs(name) if run.id == run_id), None):
                    return found
        raise NotFoundError(f"there is no run {run_id!r} in the projects that these credentials may see") from None


def say_json(document: str | bytes | Mapping[str, Any] | list[Any]) -> None:
    """Print a JSON document for programs, identically in every terminal and pipe."""
    if isinstance(document, bytes):
        document = document.decode()
    if not isinstance(document, str):
        document = json.dumps(document, indent=2, ensure_ascii=False, default=str)
    typer.echo(printable_json(document))


def say_line(document: Mapping[str, Any]) -> None:
    """Print one line of JSON Lines."""
    typer.echo(printable_json(json.dumps(document, ensure_ascii=False, default=str)))


def confirm(question: str) -> None:
    """Ask a person. Raises typer.Abort for a no, InvalidInputError for a program that reads JSON."""
    if session.as_json:
        raise InvalidInputError("this asks for confirmation", hint="with --json, give --yes too")
    typer.confirm(said(question), abort=True, err=True)


def in_words(state: "State") -> str:
    """Return a run's state as people of the language in use call it; in English that is its code."""
    if spoken() == "en":
        return str(state)
    from tailor.notices.words import VIETNAMESE

    return VIETNAMESE.states[state]


def local_time(moment: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    """Return a moment in this machine's time, with UTC beside it where that differs."""
    form = form.replace("%Y-%m-%d", "%d/%m/%Y") if spoken() == "vi" else form
    local, universal = moment.astimezone(), moment.astimezone(UTC)
    if not local.utcoffset():
        return f"{universal:{form}} UTC"
    return f"{local:{form}} ({universal:%H:%M} UTC)"


def figure(text: str) -> str:
    """Return a figure or a date as people of the language in use write it."""
    if spoken() == "en":
        return text
    from tailor.vietnamese import value

    return value(text)


def reason_in_words(change: "Change") -> str:
    """Return why a run changed, on one printable line; a person's and AWS's own words stay as they are."""
    if spoken() == "en":
        return plain_line(change.reason)
    from tailor.vietnamese import reason_in_vietnamese

    return plain_line(reason_in_vietnamese(change.reason, change.by))


def plain_line(text: str) -> str:
    """Return a text as one printable line, with commands as this shell begins them."""
    return one_line(session.addressed(text))


def in_a_line(text: str) -> str:
    """Return a message of the library, in the language in use, as :func:`plain_line` does."""
    return plain_line(said(text))


def person() -> str:
    """Return the local user as ``person:NAME``, for the run's history; CloudTrail has the AWS identity."""
    try:
        return f"person:{getpass.getuser()}"
    except OSError:  # an account without a name, as in some containers
        return f"person:{os.getuid()}"


@contextmanager
def shown_errors(recipe: Path | None = None, *, ends_with: int = 1, interrupted: str = "") -> Iterator[None]:
    """Print Tailor's own errors as a sentence and a hint instead of a traceback, then exit.

    Args:
        recipe: the recipe file given by the user; None for the tailor.yaml beside the data.
        ends_with: the exit code.
        interrupted: how to go on after Ctrl-C.
    """
    try:
        yield
    except TailorError as error:
        show_error(_explained(error), recipe)
        sys.exit(ends_with)
    except KeyboardInterrupt:
        if session.as_json:
            say_error("interrupted", "interrupted", in_a_line(interrupted))
        else:
            how = f": {in_a_line(interrupted)}" if interrupted else ""
            err.print("\n" + escape(said("interrupted") + how), soft_wrap=True)
        sys.exit(INTERRUPTED)


def _explained(error: TailorError) -> TailorError:
    """Return an error about credentials if they are the cause: then no stack is missing, and no retry helps."""
    if error.__cause__ is None or "botocore" not in sys.modules:
        return error
    from tailor.aws.credentials import trouble

    found = trouble(error.__cause__)
    return error if found is None else found


def show_error(error: TailorError, recipe: Path | None = None) -> None:
    """Print an error for a person or, if JSON is asked for, for a program."""
    if session.as_json:
        more = {}
        if isinstance(error, RecipeError):
            more["problems"] = [
                {"where": each.where, "message": each.message, "fix": session.addressed(each.fix)}
                for each in error.problems
            ]
        say_error(error.code, in_a_line(error.message), in_a_line(error.hint), **more)
    elif isinstance(error, RecipeError):
        for problem in error.problems:
            within = problem.where.removeprefix(RECIPE_FILE).lstrip(", ")
            where = [str(recipe or RECIPE_FILE), *([within] if within else [])]
            _print_error(f"{': '.join(where)}: {said(problem.message)}", problem.fix)
    elif isinstance(error, NotAllowedError):
        _print_refusal(error)
    else:
        _print_error(error.message, error.hint)


def _print_refusal(error: NotAllowedError) -> None:
    """Print what these credentials may not do, whom to ask, and last AWS's message, which names the permission."""
    if not error.refused:
        _print_error(error.message, error.hint)
        return
    _print_error(f"these AWS credentials may not do this: {said(error.refused)}", error.hint or OF_A_TEAM)
    words = error.message.removeprefix(f"{error.refused}: ")
    err.print(f"      [dim]{said('AWS says')}: {escape(one_line(words))}[/]", soft_wrap=True)


def _print_error(message: str, hint: str) -> None:
    err.print(f"[bold red]{said('error')}[/] {escape(in_a_line(message))}", soft_wrap=True)
    if hint:
        err.print(f"      {escape(in_a_line(hint))}", soft_wrap=True)
