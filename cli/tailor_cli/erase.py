"""`tailor erase`: remove a project from the stack's stores and from Bedrock, and report what was removed."""

import json
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from tailor.errors import ConflictError
from tailor.steps.erase import Deployments, Erasure, Models, Receipt, RunRecords, Tally
from tailor_cli.context import AsJson, confirm, err, in_a_line, out, person, say_json, session, shown_errors
from tailor_cli.runs import Project, now

PAUSE = 5.0


def erase(
    project: Project,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="list and count what there is, and change nothing")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="erase without being asked")] = False,
    receipt: Annotated[
        Path | None, typer.Option(help="file for the receipt; default: erased-PROJECT-TIME.json")
    ] = None,
    as_json: AsJson = False,
    timeout: Annotated[
        float, typer.Option(help="maximum seconds to wait until jobs and functions have stopped")
    ] = 1800,
) -> None:
    """Erase a project: its uploads in all versions, its runs with their files, models, deployments, keys and usage.

    It can't be undone. What was cut short is finished by the same command again. Exit code: 0 if nothing is left, 3 if
    a job or function still has to stop, 1 otherwise.
    """
    with shown_errors():
        erasure = prepare(project)
        found = erasure.survey()
        if dry_run:
            say_json(json.dumps(_tallies(found), indent=2)) if as_json else out.print(_table(found))
            raise typer.Exit
        if not any(tally.count for tally in found):
            say_json(_tallies(found)) if as_json else out.print(f"nothing is left of {project}")
            raise typer.Exit
        if not yes:
            if not as_json:
                out.print(_table(found))
            confirm(f"Erase {project} for good")
        if not _runs_have_ended(erasure, timeout):
            raise typer.Exit(3)
        file = receipt or Path(f"erased-{project}-{now():%Y%m%dT%H%M%SZ}.json")
        done = _erased(erasure, file, timeout, [tally for tally in found if tally.what == "deployments"])
        if as_json:
            say_json(json.dumps(done.document(), indent=2))
        else:
            out.print(_table(done.removed))
            out.print(f"the receipt is {file}; it names what stays elsewhere", soft_wrap=True)
        if done.left:
            err.print(f"something came meanwhile: {session.tailor} erase {project}", soft_wrap=True)
            raise typer.Exit(1)


def prepare(project: str) -> Erasure:
    """Return the erasure of a project of the session's stack."""
    from tailor.aws.erasure import ObjectVersions, ProjectBookings, ProjectFolders, ProjectKeys, ProjectRows

    table = session.stack.serving_table
    filled = (ProjectFolders(session.folders),) if session.folders else ()
    stores = (
        Deployments(session.control),
        Models(session.control),
        ObjectVersions(session.stack.bucket),
        ProjectKeys(table),
        ProjectRows(table),
        ProjectBookings(table, now()),
        *filled,
        RunRecords(session.runs),
    )
    return Erasure(project, session.services, stores, person())


def _runs_have_ended(erasure: Erasure, timeout: float) -> bool:
    """Return whether all runs ended in time; print each thing it waits for once."""
    said, deadline = set[str](), time.monotonic() + timeout
    while waits := erasure.end_runs(now()):
        for wait in waits:
            if wait not in said:
                err.print(in_a_line(f"waiting: {wait}"), soft_wrap=True, markup=False)
                said.add(wait)
        if time.monotonic() > deadline:
            err.print("nothing is erased yet: give the same command again later")
            return False
        time.sleep(PAUSE)
    return True


def _erased(erasure: Erasure, file: Path, timeout: float, ended: Sequence[Tally]) -> Receipt:
    """Return the receipt of the whole erasure, which is written to ``file`` after each try.

    A model can be deleted only a while after its deployment.

    Args:
        ended: what went with the runs' end.
    """
    deadline, removed = time.monotonic() + timeout, list(ended)

    def keep(part: Receipt) -> None:
        whole = _together(part, removed)
        file.write_text(json.dumps(whole.document(), indent=2) + "\n", encoding="utf-8")
        removed[:] = whole.removed

    while True:
        try:
            last = erasure.run(session.stack_name, now, keep)
            return _together(last, removed, also=False)
        except ConflictError:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE)


def _together(part: Receipt, earlier: Sequence[Tally], *, also: bool = True) -> Receipt:
    """Return a receipt that also counts what earlier attempts removed."""
    sums = {tally.what: Tally(tally.what, tally.count, tally.bytes, list(tally.names)) for tally in earlier}
    for tally in part.removed if also else []:
        known = sums.setdefault(tally.what, Tally(tally.what))
        known.count += tally.count
        known.bytes += tally.bytes
        if tally.names:
            known.names = list(dict.fromkeys([*known.names, *tally.names]))
            known.count = len(known.names)
    began: datetime = part.began_at
    return Receipt(part.project, part.stack, part.by, began, part.ended_at, list(sums.values()), part.left)


def _tallies(found: Sequence[Tally]) -> list[dict[str, object]]:
    return [{"what": each.what, "count": each.count, "bytes": each.bytes, "names": each.names} for each in found]


def _table(found: Sequence[Tally]) -> Table:
    table = Table("what", Column("number", justify="right"), Column("bytes", justify="right"), "names", box=None)
    for tally in found:
        names = ", ".join(tally.names[:5]) + (", …" if len(tally.names) > 5 else "")
        table.add_row(tally.what, f"{tally.count:,}", f"{tally.bytes:,}" if tally.bytes else "", in_a_line(names))
    return table
