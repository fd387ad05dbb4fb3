"""``tailor check``: what is wrong with a dataset, on this machine, before anything is uploaded or paid for."""

import errno
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import Progress as Bar
from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

from tailor import catalog
from tailor.datasets.prepare import Progress, prepare_dataset, reject_dataset
from tailor.datasets.report import Report
from tailor.errors import InvalidInputError, RecipeError
from tailor.recipe import METHODS, Method
from tailor.storage import FolderStorage
from tailor.training.recipe_check import findings_of
from tailor_cli.context import err, shown_errors
from tailor_cli.findings import show
from tailor_cli.sources import recipe_of, source_of

NOT_USABLE, USAGE = 1, 2


def check(
    paths: Annotated[list[str], typer.Argument(metavar="PATH…", help="files, a folder, or s3://bucket/folder/")],
    model: Annotated[
        str | None, typer.Option(help="base model, for example nova-lite (tailor models lists them)")
    ] = None,
    method: Annotated[str | None, typer.Option(help=f"one of {', '.join(METHODS)}")] = None,
    json: Annotated[bool, typer.Option("--json", help="print report.json instead of the table")] = False,
    write: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="write the converted data, what was repaired, and the report here"),
    ] = None,
) -> None:
    """Checks a dataset for a model and a method: everything that is wrong, in one pass. Nothing is uploaded or changed.

    A tailor.yaml beside the data is respected; the options go before it.

    Ends with 0 when the dataset is usable (warnings allowed), 1 when it is not, 2 when the command is wrong.
    """
    with shown_errors(ends_with=USAGE), tempfile.TemporaryDirectory(prefix="tailor-check-") as scratch:
        report = _check(paths, model, method, write, Path(scratch), quiet=json)
    if json:
        typer.echo(report.to_json(), nl=False)
    else:
        show(report)
        if write:
            folders = "prepared/ and report/" if report.manifest else "report/"
            typer.echo(f"Written to {write}: {folders} (open report/report.html)")
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
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.completed:,.0f} rows"))
    hidden = quiet or not err.is_terminal
    with Bar(*columns, TimeElapsedColumn(), console=err, transient=True, disable=hidden, auto_refresh=False) as bar:
        task = bar.add_task("starting", total=None)

        def watch(progress: Progress) -> None:
            bar.update(task, description=progress.stage, completed=progress.rows)
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
            hint = "make room there, or give a folder on another disk to --write"
            raise InvalidInputError(f"the disk is full that {out} lies on", hint=hint) from error


def _make_folder(folder: Path, paths: list[str]) -> None:
    """Raises InvalidInputError for a place where nothing can be written, or that lies in the dataset."""
    for path in paths:
        if Path(path).is_dir() and folder.resolve().is_relative_to(Path(path).resolve()):
            message = f"{folder} lies in the dataset {path}: the next check would read what this one writes"
            raise InvalidInputError(message, hint="give a folder outside of it to --write")
    try:
        (folder / "report").mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        message = f"nothing can be written to {folder}: {(error.strerror or 'unknown').lower()}"
        raise InvalidInputError(message, hint="give a folder to --write; it is made where there is none") from error


def _overruled(model: str | None, method: str | None) -> dict[str, Any]:
    """Settings that the command line gives. Raises InvalidInputError or NotFoundError for what there is not."""
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
