"""Find the known name that a mistyped name may have meant."""

import difflib
import sys
from collections.abc import Iterable
from contextlib import suppress

import typer

from tailor.errors import NotFoundError, TailorError
from tailor.names import UPLOADS, possible_projects
from tailor_cli.context import err, session
from tailor_cli.language import said

_LIKE = 0.6  # as difflib counts likeness, from 0 to 1


def projects() -> list[str]:
    """Return the projects that have uploads or open runs, as far as these credentials may see them."""
    found = set[str]()
    with suppress(TailorError):
        found.update(session.bucket.folders(UPLOADS))
    with suppress(TailorError):
        found.update(run.project for run in session.runs.open_runs())
    return sorted(found)


def datasets(project: str) -> list[str]:
    """Return a project's datasets, by their folders."""
    with suppress(TailorError):
        return sorted(session.bucket.folders(f"{UPLOADS}{project}/"))
    return []


def runs_and_projects(name: str) -> list[str]:
    """Return what ``name`` may mean: projects, datasets (``project/dataset``), runs of similarly named projects."""
    known = projects()
    project, slash, _ = name.partition("/")
    like = list(dict.fromkeys([*difflib.get_close_matches(project, known, 2, _LIKE), *possible_projects(name)]))
    found = [each for each in like if each in known]
    if slash:
        return [f"{each}/{dataset}" for each in found for dataset in datasets(each)]
    with suppress(TailorError):
        known += [run.id for each in found for run in session.runs.project_runs(each)]
    return known


def meant(name: str, candidates: Iterable[str], otherwise: str) -> str:
    """Return the nearest known name if the user confirms it.

    Raises:
        NotFoundError: nobody can be asked, or no known name is like it; ``otherwise`` is the message.
        typer.Abort: the person meant something else.
    """
    close = next(iter(difflib.get_close_matches(name, candidates, 1, _LIKE)), None)
    if close is None:
        raise NotFoundError(otherwise, hint=f"list what there is: {session.tailor} runs")
    if session.as_json or not (err.is_terminal and sys.stdin.isatty()):
        raise NotFoundError(otherwise, hint=f"did you mean {close!r}?")
    typer.confirm(said(f"{otherwise}. Did you mean {close}"), default=True, abort=True, err=True)
    return close


def project_or_close(name: str) -> str:
    """Return ``name``, or the confirmed project if ``name`` is unknown. Raises NotFoundError."""
    known = projects()
    if name in known or not known:
        return name
    return meant(name, known, f"there is no project {name!r}")
