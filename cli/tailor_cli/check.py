"""``tailor check``: find every problem of a dataset locally, before anything is uploaded or paid for."""

import errno
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from tailor import catalog
from tailor.datasets.prepare import Progress, prepare_dataset, reject_dataset
from tailor.datasets.report import Report
from tailor.errors import InvalidInputError, RecipeError
from tailor.recipe import METHODS, Method
from tailor.storage import FolderStorage
from tailor.training.recipe_check import findings_of
from tailor_cli.context import err, out, say_json, shown_errors
from tailor_cli.findings import show
from tailor_cli.language import said
from tailor_cli.sources import recipe_of, source_of

NOT_USABLE, USAGE = 1, 2


def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="files, a folder, or s3://bucket/folder/")],
    model: Annotated[
        str | None, typer.Option(help="base model, for example nova-lite (tailor models lists them)")
    ] = None,
    method: Annotated[str | None, typer.Option(help=f"one of {', '.join(METHODS)}")] = None,
    json: Annotated[bool, typer.Option("--json", help="print report.json instead of a table")] = False,
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="folder to write the converted data, the repairs and the report to"),
    ] = None,
) -> None:
    """Find all problems of a dataset for a model and a method, in one pass.

    Nothing is uploaded or changed. Uses the tailor.yaml beside the data; options override it.

    Exit code: 0 if the dataset is usable (warnings allowed), 1 if it is not, 2 if the command is wrong.
    """
    with shown_errors(ends_with=USAGE), tempfile.TemporaryDirectory(prefix="tailor-check-") as scratch:
        report = _check(paths, model, method, write, Path(scratch), quiet=json)
    if json:
        say_json(report.to_json().rstrip())
    else:
        show(report)
        if write:
            folders = "prepared/ and report/" if report.manifest else "report/"
            out.print(f"Written to {escape(str(write))}: {folders} (open report/report.html)", soft_wrap=True)
    raise typer.Exit(0 if report.usable else NOT_USABLE)


def _check(
    paths: list[str], model: str | None, method: str | None, write: Path | None, scratch: Path, *, quiet: bool
) -> Report:
    storage, prefix = source_of(paths)
    changes = _overruled(model, method)
    work, out = scratch / "work", write or scratch / "out"
    work.mkdir()
    if write:
        _make_folder(write, paths)
    else:
        out.mkdir()
    try:
        recipe, base = recipe_of(storage, prefix, changes)
    except RecipeError as error:
        return reject_dataset(FolderStorage(out), "", findings_of(error.problems))
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} " + said("rows")))
    hidden = quiet or not err.is_terminal
    with Bar(*columns, TimeElapsedColumn(), console=err, transient=True, disable=hidden, auto_refresh=False) as bar:
        task = bar.add_task(said("starting"), total=None)

        def watch(progress: Progress) -> None:
            bar.update(task, description=said(progress.stage), completed=progress.rows)
            bar.refresh()

        try:
            return prepare_dataset(
                storage,
                prefix,
                FolderStorage(out),
                "",
                recipe,
                base,
                bucket_owner=None,
                scratch=work,
                progress=watch,
                write_unusable=write is not None,
            )
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            hint = "free some space there, or give --write a folder on another disk"
            raise InvalidInputError(f"the disk that holds {out} is full", hint=hint) from error


def _make_folder(folder: Path, paths: list[str]) -> None:
    """Create the folder. Raises InvalidInputError if it can't be written to or is inside the dataset."""
    for path in paths:
        if Path(path).is_dir() and folder.resolve().is_relative_to(Path(path).resolve()):
            message = f"{folder} is inside the dataset {path}: the next check would read what this one writes"
            raise InvalidInputError(message, hint="give --write a folder outside of it")
    try:
        (folder / "report").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        message = f"can't write to {folder}: {(error.strerror or 'unknown').lower()}"
        raise InvalidInputError(message, hint="give --write a folder; it is created if it does not exist") from error


def _overruled(model: str | None, method: str | None) -> dict[str, Any]:
    """Return the settings given as options.

    Raises:
        InvalidInputError: the method does not exist, or the model does not support it.
        NotFoundError: there is no such model.
    """
    changes: dict[str, Any] = {"model": catalog.model(model).name} if model else {}
    if method:
        changes["method"] = _known_method(method)
    if model and method:
        catalog.model(model).method(changes["method"])
    return changes


def _known_method(name: str) -> Method:
    for known in METHODS:
        if known == name:
            return known
    raise InvalidInputError(f"there is no method {name!r}", hint=f"known methods: {', '.join(METHODS)}")
