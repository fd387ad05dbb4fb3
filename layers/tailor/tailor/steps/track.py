"""training → trained | training-failed | stopped: move a run by its job's status."""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any

from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError
from tailor.run_records import FailedJob, JobRecord, JobStatus, PhaseRecord
from tailor.runs import Run, RunStore, State
from tailor.steps.trainers import Trainer, Trainers
from tailor.training.request import run_id_of
from tailor.training.stall import find_stall
from tailor.training.translate import explain, is_worth_one_retry

BY = "track"


def track(job_arn: str, *, runs: RunStore, trainers: Trainers, now: datetime) -> Run | None:
    """Look up a job and return its run, moved; None if the job is not this stack's, or nothing changed."""
    trainer = trainers.of_job(job_arn)
    job = trainer.get_job(job_arn)
    try:
        run = runs.get(run_id_of(job["jobName"]))
    except NotFoundError:
        return None
    return follow(run, job, runs=runs, trainer=trainer, by=BY, now=now)


def follow(run: Run, job: dict[str, Any], *, runs: RunStore, trainer: Trainer, by: str, now: datetime) -> Run | None:
    """Return the run, moved by its job's status; None if nothing changed.

    A run that is not in training is left alone: the event came late, or before the job's ARN was recorded, and
    reconcile asks again.
    """
    if run.state != State.TRAINING or run.job is None or run.job.arn != job["jobArn"]:
        return None
    known = run.job.model_copy(update=progress(job))
    if known.status == JobStatus.COMPLETED and known.stop_asked_by is not None:
        if run.adopted is not None:  # its import could not be ended before; a model that others made stays
            trainer.stop_job(job["jobArn"])
            return runs.save(run.moved(State.STOPPED, by=by, now=now, job=known, reason=_stopped(run, known)))
        model = job.get("outputModelArn")
        kept = f"its model {model} is kept" if model else "what it trained stays with SageMaker, and is not imported"
        reason = f"{_stopped(run, known)}; the job was done by then, and {kept}"
        return runs.save(run.moved(State.STOPPED, by=by, now=now, job=known, reason=reason))
    if known.status == JobStatus.COMPLETED:
        try:
            done = known.model_copy(update={"model_arn": trainer.model_of(run, job)})
        except (InvalidInputError, NotAllowedError) as error:
            return runs.save(run.moved(State.TRAINING_FAILED, by=by, now=now, job=known, reason=error.message))
        return runs.save(run.moved(State.TRAINED, by=by, now=now, job=done))
    if known.status == JobStatus.FAILED:
        if known.stop_asked_by is None and _may_try_again(known, job.get("failureMessage", "")):
            reason = "Bedrock failed with an internal error before training began: the job is submitted once more"
            first = FailedJob(arn=job["jobArn"], failure=job.get("failureMessage", ""))
            again = JobRecord(attempt=2, first=first)
            return runs.save(run.moved(State.APPROVED, by=by, now=now, job=again, reason=reason))
        who = "SageMaker" if trainer.name == "sagemaker" else "Bedrock"
        reason = explain(job.get("failureMessage", ""), who)
        return runs.save(run.moved(State.TRAINING_FAILED, by=by, now=now, job=known, reason=reason))
    if known.status == JobStatus.STOPPED:
        return runs.save(run.moved(State.STOPPED, by=by, now=now, job=known, reason=_stopped(run, known, job)))
    if known == run.job:
        return None
    return runs.save(run.updated(job=known))


def _stopped(run: Run, known: JobRecord, job: Mapping[str, Any] = MappingProxyType({})) -> str:
    if known.stop_asked_by is not None:
        return f"{known.stop_asked_by} stopped it" + (f": {known.stop_reason}" if known.stop_reason else "")
    return job.get("failureMessage") or (run.stall.message if run.stall else "the job was stopped")


def _may_try_again(known: JobRecord, message: str) -> bool:
    """Return whether the job may be submitted again: only once, and only if training has not cost anything yet."""
    begun = known.training_status not in (None, "NotStarted")
    return not begun and known.attempt == 1 and is_worth_one_retry(message)


def watch(run: Run, job: dict[str, Any], *, runs: RunStore, trainer: Trainer, now: datetime) -> Run | None:
    """Record a job that makes no progress, and stop it when the recipe's patience ends; None if nothing changed.

    Bedrock reports no stall. A stop that a person asked for and that never reached Bedrock is asked for again.
    """
    asked = run.job is not None and run.job.stop_asked_by is not None
    if run.state == State.TRAINING and asked and job.get("status", JobStatus.IN_PROGRESS) == JobStatus.IN_PROGRESS:
        trainer.stop_job(job["jobArn"])
        return None
    stall = find_stall(job, run.recipe.patience, now)
    if stall is None or run.state != State.TRAINING:
        return None
    if stall.level == "stuck" and stall.phase != "stopping" and run.recipe.patience.stop:
        trainer.stop_job(job["jobArn"])
    noted = run.held_up(stall.level, stall.phase, stall.message, now)
    return runs.save(noted) if noted else None


def progress(job: dict[str, Any]) -> dict[str, Any]:
    """Return a job's status, phases (validation, data-processing, training) and losses as fields of a JobRecord."""
    details = job.get("statusDetails") or {}
    phases = {
        name: PhaseRecord(status=phase["status"], since=phase["lastModifiedTime"])
        for name, key in (
            ("validation", "validationDetails"),
            ("data-processing", "dataProcessingDetails"),
            ("training", "trainingDetails"),
        )
        if "lastModifiedTime" in (phase := details.get(key) or {})
    }
    known: dict[str, Any] = {"status": job.get("status", JobStatus.IN_PROGRESS), "phases": phases}
    if "trainingLoss" in (metrics := job.get("trainingMetrics") or {}):
        known["training_loss"] = metrics["trainingLoss"]
    losses = [metric["validationLoss"] for metric in job.get("validationMetrics") or [] if "validationLoss" in metric]
    if losses:
        known["validation_loss"] = losses[0]
    return known
