"""training → trained | training-failed | stopped: what Bedrock says of a job becomes what the table says of a run."""

from datetime import datetime
from typing import Any

from tailor.errors import NotFoundError
from tailor.runs import Run, RunStore, State
from tailor.steps.control import Control
from tailor.training.request import run_id_of
from tailor.training.stall import find_stall
from tailor.training.translate import explain, is_worth_one_retry

BY = "track"


def track(job_arn: str, *, runs: RunStore, control: Control, now: datetime) -> Run | None:
    """Looks a job up and moves its run; None where the job is not one of ours, or there is nothing new."""
    job = control.get_job(job_arn)
    try:
        run = runs.get(run_id_of(job["jobName"]))
    except NotFoundError:
        return None
    return follow(run, job, runs=runs, by=BY, now=now)


def follow(run: Run, job: dict[str, Any], *, runs: RunStore, by: str, now: datetime) -> Run | None:
    """Moves ``run`` to where its job is. A run that is not (or not yet, or no longer) in training is left alone:
    the event came late, or before the job's ARN was written, and reconcile asks again."""
    if run.state != State.TRAINING or run.job.get("arn") != job["jobArn"]:
        return None
    known = {**run.job, **progress(job)}
    status = job.get("status", "InProgress")
    if status == "Completed" and "stop_asked_by" in known:
        reason = f"{_stopped(run, known)}; the job was done by then, and its model {job['outputModelArn']} is kept"
        return runs.save(run.moved(State.STOPPED, by=by, now=now, job=known, reason=reason))
    if status == "Completed":
        return runs.save(run.moved(State.TRAINED, by=by, now=now, job={**known, "model_arn": job["outputModelArn"]}))
    if status == "Failed":
        if "stop_asked_by" not in known and _may_try_again(known, job.get("failureMessage", "")):
            reason = "Bedrock failed with an internal error before training began: the job is submitted once more"
            again = {"attempt": 2, "first": {"arn": job["jobArn"], "failure": job.get("failureMessage", "")}}
            return runs.save(run.moved(State.APPROVED, by=by, now=now, job=again, reason=reason))
        reason = explain(job.get("failureMessage", ""))
        return runs.save(run.moved(State.TRAINING_FAILED, by=by, now=now, job=known, reason=reason))
    if status == "Stopped":
        return runs.save(run.moved(State.STOPPED, by=by, now=now, job=known, reason=_stopped(run, known)))
    if known == run.job:
        return None
    return runs.save(run.model_copy(update={"job": known}))


def _stopped(run: Run, known: dict[str, Any]) -> str:
    if "stop_asked_by" in known:
        return f"{known['stop_asked_by']} stopped it" + (f": {known['stop_reason']}" if known["stop_reason"] else "")
    return str(run.stall.get("message", "the job was stopped"))


def _may_try_again(known: dict[str, Any], message: str) -> bool:
    """Once, and only where nothing can have been billed: training had not begun."""
    begun = known["phases"].get("training", {}).get("status", "NotStarted") != "NotStarted"
    return not begun and known.get("attempt", 1) == 1 and is_worth_one_retry(message)


def watch(run: Run, job: dict[str, Any], *, runs: RunStore, control: Control, now: datetime) -> Run | None:
    """A job that hangs is noted, and by that told, then stopped: Bedrock says nothing of it. None where all is well or
    nothing is new. A stop that somebody asked for, and that never reached Bedrock, is asked for again."""
    if run.state == State.TRAINING and "stop_asked_by" in run.job and job.get("status", "InProgress") == "InProgress":
        control.stop_job(job["jobArn"])
        return None
    stall = find_stall(job, run.recipe.patience, now)
    if stall is None or run.state != State.TRAINING:
        return None
    if stall.level == "stuck" and stall.phase != "stopping" and run.recipe.patience.stop:
        control.stop_job(job["jobArn"])
    noted = run.held_up(stall.level, stall.phase, stall.message, now)
    return runs.save(noted) if noted else None


def progress(job: dict[str, Any]) -> dict[str, Any]:
    """Status, phases and losses of a job, as a run keeps them. Phases: validation, data-processing, training."""
    details = job.get("statusDetails") or {}
    phases = {
        name: {"status": phase["status"], "since": phase["lastModifiedTime"].isoformat()}
        for name, key in (
            ("validation", "validationDetails"),
            ("data-processing", "dataProcessingDetails"),
            ("training", "trainingDetails"),
        )
        if "lastModifiedTime" in (phase := details.get(key) or {})
    }
    known: dict[str, Any] = {"status": job.get("status", "InProgress"), "phases": phases}
    if "trainingLoss" in (metrics := job.get("trainingMetrics") or {}):
        known["training_loss"] = metrics["trainingLoss"]
    losses = [metric["validationLoss"] for metric in job.get("validationMetrics") or [] if "validationLoss" in metric]
    if losses:
        known["validation_loss"] = losses[0]
    return known
