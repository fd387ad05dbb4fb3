"""What a person does to a run by hand; the run's history says who and why."""

from datetime import datetime

from tailor.errors import ConflictError
from tailor.runs import Run, RunStore, State


def approve(run: Run, *, runs: RunStore, by: str, reason: str, now: datetime) -> Run:
    """awaiting-approval → approved. Raises ConflictError where the run does not wait for an answer."""
    _must_wait(run)
    return runs.save(run.moved(State.APPROVED, by=by, reason=reason, now=now))


def decline(run: Run, *, runs: RunStore, by: str, reason: str, now: datetime) -> Run:
    """awaiting-approval → declined."""
    _must_wait(run)
    return runs.save(run.moved(State.DECLINED, by=by, reason=reason, now=now))


def _must_wait(run: Run) -> None:
    if run.state != State.AWAITING_APPROVAL:
        raise ConflictError(f"run {run.id} is {run.state}: it does not wait for approval")
