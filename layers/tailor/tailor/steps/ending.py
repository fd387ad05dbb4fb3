"""End everything that a project or a stack has in progress, so that it can be removed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tailor.errors import ConflictError
from tailor.runs import Run, State
from tailor.steps import steer
from tailor.steps.provision import SERVING
from tailor.steps.services import RunServices


def end_project(project: str, services: RunServices, **how: Any) -> list[str]:
    """Take a project out of service and end its runs. Return sentences that say what must still finish.

    A job stops within minutes, and a deployment that is being made is deleted once it is there. Idempotent.

    Args:
        how: ``by``, ``reason`` and ``now``, for the histories of the runs.
    """
    waits = list[str]()
    runs = services.runs.project_runs(project)
    if any(run.state in SERVING for run in runs) and services.aliases.alias(project).versions:
        with _noted(waits):
            steer.take_offline(project, services, **how)
    for run in map(services.runs.get, [run.id for run in runs]):
        if run.is_open:
            with _noted(waits):
                ended = _ended(run, services, how)
                if ended.is_open:
                    waits.append(f"run {ended.id} is {ended.state}, and is being stopped")
    return waits


def _ended(run: Run, services: RunServices, how: dict[str, Any]) -> Run:
    if run.state == State.AWAITING_APPROVAL:
        return steer.decline(run, services.runs, **how)
    return steer.retire(run, services, **how)


@contextmanager
def _noted(waits: list[str]) -> Iterator[None]:
    try:
        yield
    except ConflictError as error:
        waits.append(error.message)
