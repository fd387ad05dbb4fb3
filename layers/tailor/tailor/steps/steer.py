"""What a person does to a run by hand; the run's history says who and why."""

from contextlib import suppress
from datetime import datetime
from typing import Protocol

from tailor.errors import ConflictError, NotFoundError
from tailor.runs import Run, RunStore, State
from tailor.serving.aliases import AliasStore
from tailor.serving.aliases import rollback as move_pointer_back
from tailor.steps.provision import promote, stand_by
from tailor.training.request import job_name

_NOT_SUBMITTED = frozenset({State.RECEIVED, State.PREPARING, State.PREPARED, State.APPROVED})
_PROMOTABLE = frozenset(
    {State.DEPLOYED, State.PASSED, State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED, State.STANDBY}
)


class JobStopper(Protocol):
    def stop_job(self, identifier: str) -> None:
        """StopModelCustomizationJob by ARN or name; fine where the job has ended. Raises NotFoundError."""


def approve(run: Run, *, runs: RunStore, by: str, reason: str, now: datetime) -> Run:
    """awaiting-approval → approved. Raises ConflictError where the run does not wait for an answer."""
    _must_wait(run)
    return runs.save(run.moved(State.APPROVED, by=by, reason=reason, now=now))


def decline(run: Run, *, runs: RunStore, by: str, reason: str, now: datetime) -> Run:
    """awaiting-approval → declined. Raises ConflictError where the run does not wait for an answer."""
    _must_wait(run)
    return runs.save(run.moved(State.DECLINED, by=by, reason=reason, now=now))


def stop(run: Run, *, runs: RunStore, control: JobStopper, by: str, reason: str, now: datetime) -> Run:
    """Ends a run before it has a model. A job takes a while to stop: Bedrock's answer moves the run."""
    if run.state in _NOT_SUBMITTED:
        stopped = runs.save(run.moved(State.STOPPED, by=by, reason=reason, now=now))
        with suppress(NotFoundError):
            # A job may be there already, of a function that was killed before it could write that down.
            control.stop_job(job_name(run))
        return stopped
    if run.state == State.TRAINING:
        asked = runs.save(run.model_copy(update={"job": {**run.job, "stop_asked_by": by, "stop_reason": reason}}))
        control.stop_job(run.job["arn"])
        return asked
    raise ConflictError(f"run {run.id} is {run.state}: there is nothing to stop", hint="tailor retire takes it down")


def promote_by_hand(run: Run, *, runs: RunStore, aliases: AliasStore, by: str, reason: str, now: datetime) -> Run:
    """Puts a deployed version live whatever its verdict. Raises ConflictError where it is not deployed."""
    if run.state not in _PROMOTABLE:
        raise ConflictError(f"run {run.id} is {run.state}: only a deployed version can go live")
    return promote(run, runs=runs, aliases=aliases, by=by, now=now, reason=reason)


def roll_back(
    project: str, *, to: str | None, runs: RunStore, aliases: AliasStore, by: str, reason: str, now: datetime
) -> Run:
    """Points the project's name back at the version before, or at the run ``to``; returns the run that is live now.

    Raises NotFoundError where there is no such version any more.
    """
    was = aliases.alias(project).live
    live = move_pointer_back(aliases, project, by, to=to, now=now).live
    if live is None:
        raise ConflictError(f"{project} has no live version")
    run = runs.get(live.run)
    if run.state != State.LIVE:
        run = runs.save(run.moved(State.LIVE, by=by, reason=reason or "rolled back", now=now))
    if was is not None and was.run != live.run and (old := runs.get(was.run)).state == State.LIVE:
        stand_by(old, successor=live.run, runs=runs, by=by, now=now)
    return run


def _must_wait(run: Run) -> None:
    if run.state != State.AWAITING_APPROVAL:
        raise ConflictError(f"run {run.id} is {run.state}: it does not wait for approval")
