"""`tailor push`: upload a folder as a dataset, then the empty file that marks the upload as complete."""

import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.filesize import decimal
from rich.markup import escape
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from tailor.errors import InvalidInputError, NotFoundError
from tailor.file_kinds import FileKind, kind_of, recipe_among, starts_a_run
from tailor.management import summary
from tailor.names import UPLOADS, check_name, run_id
from tailor.runs import Run
from tailor.steps.again import ENDED_WITHOUT_MODEL
from tailor.steps.folders import fingerprint
from tailor.steps.outlook import obstacles
from tailor.steps.uploading import LocalFile, Piece, begin, content_type, finish
from tailor.training.recipe_check import read_checked
from tailor_cli.context import (
    AsJson,
    err,
    in_a_line,
    in_words,
    local_time,
    out,
    person,
    read_run,
    say_json,
    say_line,
    session,
    shown_errors,
)
from tailor_cli.language import said
from tailor_cli.sources import files_of_dataset
from tailor_cli.watch import DAY, follow

UPLOADS_AT_ONCE = 16
WAIT_FOR_RUN = 120.0  # seconds from the last upload until the run must be in the table


def push(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH…", exists=True, help="data files, or a folder with data, media and a tailor.yaml"),
    ],
    target: Annotated[str, typer.Argument(metavar="PROJECT/DATASET")],
    wait: Annotated[bool, typer.Option("--wait", help="follow the run until it finishes or needs your input")] = False,
    as_json: AsJson = False,
) -> None:
    """Upload a dataset and print the run that it started.

    The same command again goes on with an upload that was cut off.
    """
    with shown_errors(interrupted="the same command again sends what has not arrived; no run starts before"):
        run, known = push_dataset(paths, target)
        notes = list(obstacles(run.recipe, session.serving.alias(run.project)))
        if as_json and wait:
            say_line({"run": run.id, "state": run.state, "new": not known, "notes": notes})
        elif as_json:
            say_json({**summary(run).model_dump(mode="json"), "new": not known, "notes": notes})
        else:
            out.print(f"run [bold]{run.id}[/] is {in_words(run.state)}", soft_wrap=True)
        for text in notes:
            err.print(f"[yellow]note[/] {escape(in_a_line(text))}", soft_wrap=True)
        if known:
            before = local_time(run.created_at)
            err.print(f"[yellow]no new run[/]: the same files and recipe were already uploaded on {before}")
            err.print("      to train again, change a file or the recipe (for example split.seed)")
    if wait:
        follow(run, DAY, as_json=as_json)


def push_dataset(paths: Sequence[Path], target: str) -> tuple[Run, bool]:
    """Upload a dataset; return its run, and whether that run existed before (the same upload is the same run).

    Waits until the run is in the table.

    Raises:
        InvalidInputError: raised before anything is uploaded.
        NotFoundError: the run did not begin in time.
    """
    project, slash, dataset = target.partition("/")
    if not slash:
        raise InvalidInputError(f"{target!r} names no dataset", hint=f"write PROJECT/DATASET: {target}/NAME")
    prefix, names = checked_dataset(paths, project, dataset)
    before = {run.id: run for run in session.runs.project_runs(project)}
    upload(names, prefix)
    finish(session.bucket, prefix)
    mark = fingerprint(prefix, list(session.bucket.list(prefix)))
    wanted = run_id(session.stack.name, project, dataset, mark)
    earlier = before.get(wanted)
    ended = earlier is not None and earlier.state in ENDED_WITHOUT_MODEL
    run = _wait_for(wanted, project, after=earlier.sequence if earlier and ended else 0)
    return run, earlier is not None and run.sequence == earlier.sequence


def checked_dataset(paths: Sequence[Path], project: str, dataset: str) -> tuple[str, dict[str, Path]]:
    """Return a dataset's folder and its files by name. Raises InvalidInputError for what would start no run."""
    check_name(project, "project")
    check_name(dataset, "dataset")
    prefix = f"{UPLOADS}{project}/{dataset}/"
    found = files_of_dataset(paths)
    kinds = {name: kind_of(name, file.stat().st_size) for name, file in found.items()}
    names = {name: file for name, file in found.items() if kinds[name] not in (FileKind.JUNK, FileKind.DONE)}
    if not starts_a_run(kinds.values()):
        raise InvalidInputError(
            f"there is no data file in {' '.join(map(str, paths))}",
            hint="docs/data-formats.md lists the supported files",
        )
    _check_recipe(names, prefix)
    return prefix, names


def _check_recipe(names: Mapping[str, Path], prefix: str) -> None:
    """Check the recipe that the upload will have. Raises RecipeError."""
    own = recipe_among(names)
    if own is not None:
        read_checked(names[own].read_bytes())
    there = [file.key.removeprefix(prefix) for file in session.bucket.list(prefix)]
    kept = recipe_among({*names, *there})
    if kept is not None and own is None:
        err.print(f"      this upload has no recipe: {kept} of an earlier upload is used")


def upload(files: Mapping[str, Path], prefix: str) -> None:
    """Upload files, or the missing ones of an interrupted upload. No run starts before the upload is ended."""
    stats = {name: file.stat() for name, file in files.items()}
    given = [LocalFile(name, stat.st_size, stat.st_mtime_ns // 1_000_000) for name, stat in stats.items()]
    begun = begin(given, session.bucket, prefix, by=person(), now=datetime.now(UTC), replace=True)
    uploads = {file.name: file.upload for file in begun.plan.files}
    total = begun.plan.bytes
    if begun.resumed:
        size = decimal(total - begun.remaining_bytes)
        err.print(f"      an upload of {local_time(begun.plan.begun_at)} goes on: {size} are there already")

    def send(piece: Piece) -> int:
        key, file = prefix + piece.name, files[piece.name]
        if piece.part == 0:
            session.bucket.upload(key, file, content_type(piece.name))
        else:
            with file.open("rb") as opened:
                opened.seek(piece.offset)
                data = opened.read(piece.size)
            session.bucket.put_part(key, uploads[piece.name], piece.part, data)
        return piece.size

    columns = (
        TextColumn(said("uploading")),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=err, transient=True, disable=not err.is_terminal)
    with ThreadPoolExecutor(UPLOADS_AT_ONCE) as pool, bar as progress:
        task = progress.add_task("uploading", total=total, completed=total - begun.remaining_bytes)
        sent = [pool.submit(send, piece) for piece in begun.remaining]
        try:
            for each in as_completed(sent):
                progress.advance(task, each.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)  # what is under way is finished, nothing else is begun
            raise


def _wait_for(wanted: str, project: str, *, after: int = 0) -> Run:
    """Return the run once its history is longer than ``after``: the upload retries a run that had ended."""
    deadline = time.monotonic() + WAIT_FOR_RUN
    while True:
        try:
            run = read_run(wanted, project)
        except NotFoundError:
            if time.monotonic() > deadline:
                hint = (
                    "after the first deployment, EventBridge takes up to five minutes; "
                    f"look again with {session.tailor} runs"
                )
                raise NotFoundError(
                    f"the upload is complete, but its run {wanted} has not started", hint=hint
                ) from None
        else:
            if run.sequence > after or time.monotonic() > deadline:
                return run
        time.sleep(0.2)
