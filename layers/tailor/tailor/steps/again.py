"""Retry a run that ended without a live model, and keep the work that is already done.

=================== ============ =================================================================
it ended as         it goes to   what is kept
=================== ============ =================================================================
``deploy-failed``   ``trained``  the model; ``restoring`` where the version was to go live again
``training-failed`` ``prepared`` the prepared data and the quote; a new job, and a new approval
``declined``        ``prepared`` the prepared data and the quote; a new approval
``stopped``         ``prepared`` the same, if the data were prepared; else ``received``
``superseded``      ``prepared`` as ``stopped``, where its folder holds the same again; where that was prepared, also
                                 if what the folder holds now was rejected: a version that people can't use must not
                                 take the place of one that they can
``rejected``        ``received`` nothing: the data are checked again
=================== ============ =================================================================
"""

from datetime import datetime

from tailor.errors import ConflictError
from tailor.run_records import EarlierCost, JobRecord, ReportRecord
from tailor.runs import Run, RunStore, State
from tailor.steps.folders import fingerprint
from tailor.steps.models import check_model
from tailor.storage import Storage
from tailor.training.request import MOST_ATTEMPTS, attempt_of
from tailor.training.spent import JOBS, spent

ENDED_WITHOUT_MODEL = frozenset(
    {State.REJECTED, State.DECLINED, State.TRAINING_FAILED, State.STOPPED, State.SUPERSEDED}
)


def again(run: Run, bucket: Storage, runs: RunStore, *, by: str, reason: str, now: datetime) -> Run:
    """Return the run at the state where its next try begins, not yet saved.

    Nothing is spent by this alone: a run that is prepared trains within the budget only, or asks for approval.

    Raises:
        ConflictError: the run has not ended so, or its folder has changed since, so that another run took its place.
    """
    if run.state == State.DEPLOY_FAILED:
        return _deployed_again(run, by, reason, now)
    if run.state not in ENDED_WITHOUT_MODEL:
        message = (
            f"run {run.id} is {run.state}: only a run that has ended without a model in service can be tried again"
        )
        raise ConflictError(message, hint=f"tailor promote {run.id} --reason WHY" if run.state == State.RETIRED else "")
    mark = fingerprint(run.prefix, list(bucket.list(run.prefix)))
    if mark != run.fingerprint and not (State.PREPARED in run.states and _rejected(run, mark, runs)):
        message = f"{run.prefix} no longer holds what run {run.id} was made of"
        raise ConflictError(message, hint=f"the new content has a run of its own: tailor runs {run.project}")
    if State.PREPARED not in run.states:
        return run.moved(State.RECEIVED, by=by, reason=reason, now=now, report=ReportRecord(), quote=None)
    if attempt_of(run) >= MOST_ATTEMPTS:
        message = f"run {run.id} was tried {MOST_ATTEMPTS} times"
        raise ConflictError(message, hint="change the recipe, for example split.seed, and upload it again")
    return run.moved(State.PREPARED, by=by, reason=reason, now=now, job=_next_job(run, now))


def _rejected(superseded: Run, mark: str, runs: RunStore) -> bool:
    """Return whether the upload that replaced the run, the folder's content with this fingerprint, was rejected."""
    if superseded.state != State.SUPERSEDED:
        return False
    others = (run for run in runs.project_runs(superseded.project) if run.prefix == superseded.prefix)
    return any(run.fingerprint == mark and run.state == State.REJECTED for run in others)


def _next_job(run: Run, now: datetime) -> JobRecord:
    """Return a job with the next number, hence a new name and token, and the cost of the earlier jobs."""
    cost = spent(run, now, JOBS)
    return JobRecord(attempt=attempt_of(run) + 1, spent_before=EarlierCost(least=cost.least, most=cost.most))


def _deployed_again(run: Run, by: str, reason: str, now: datetime) -> Run:
    """Return the run with its trained model about to be deployed. Nothing is trained or paid twice; what was not
    measured is measured before the model can go live."""
    check_model(run)
    tried = run.history[-2]
    if tried.state == State.RESTORING:
        return run.moved(State.RESTORING, by=by, reason=reason or tried.reason, now=now, deployment=None)
    return run.moved(State.TRAINED, by=by, reason=reason, now=now, deployment=None)
