"""Delete the custom models of ended runs: on request, or when their recipe's retention ends.

Storing a model is billed by the month, and an account has room for a limited number. What is live, kept for a rollback
or being made is never deleted, and neither is a model that was made elsewhere and adopted. A run without its model
can't be deployed again.
"""

from datetime import datetime, timedelta

from tailor.errors import ConflictError, NotFoundError
from tailor.run_records import ModelDeletion
from tailor.runs import Run, State, insist
from tailor.steps.services import RunServices
from tailor.training.request import job_names

BY = "reconcile"


def delete_models(run: Run, services: RunServices, *, by: str, reason: str, now: datetime) -> Run:
    """Delete all custom models that a run's jobs created, and record that on the run. Idempotent.

    Raises:
        ConflictError: the run goes on, is live or stands by, or Bedrock still serves the model.
        NotFoundError: the run has made no model.
    """
    run = insist(lambda: _marked(services.runs.get(run.id), services, by, reason, now))
    for name in job_names(run):
        services.control.delete_model(name)
    return run


def is_of_others(run: Run) -> bool:
    """Return whether the run's custom model was there before: what this stack did not make, it never deletes."""
    return run.adopted is not None and not run.adopted.imported


def _marked(run: Run, services: RunServices, by: str, reason: str, now: datetime) -> Run:
    """Record the deletion in advance, so that a deployment at the same moment either precedes it or fails."""
    if run.is_open:
        hint = f"tailor retire {run.id} ends it first"
        if run.state == State.LIVE:
            hint = f"promote another version first, or end its service: tailor offline {run.project} --reason WHY"
        raise ConflictError(f"run {run.id} is {run.state}: its model is needed", hint=hint)
    if run.job is None or run.job.model_arn is None:
        raise NotFoundError(f"run {run.id} has made no model")
    if run.job.model_deleted is not None:
        return run
    if is_of_others(run):
        message = f"the model of run {run.id} was made elsewhere: this stack adopted it, and does not delete it"
        raise ConflictError(message, hint=f"whoever made it may: aws bedrock delete-custom-model ({run.model_arn})")
    deleted = ModelDeletion(at=now, by=by, reason=reason)
    return services.runs.save(run.updated(job=run.job.model_copy(update={"model_deleted": deleted})))


def check_model(run: Run) -> None:
    """Raise ConflictError if the run's model was deleted and can't be deployed."""
    gone = run.job.model_deleted if run.job else None
    if gone is not None:
        message = f"the model of run {run.id} was deleted on {gone.at:%Y-%m-%d} by {gone.by} ({gone.reason})"
        raise ConflictError(message, hint="upload the dataset again with another split.seed: it is trained anew")


def retention_over(run: Run, now: datetime) -> str:
    """Return why the recipe requires that the run's model is deleted; empty if it is kept."""
    if run.is_open or run.job is None or run.job.model_arn is None or run.job.model_deleted is not None:
        return ""
    if is_of_others(run):
        return ""
    keep, passed = run.recipe.kept, bool({State.PASSED, State.LIVE} & set(run.states))
    days = keep.passed_days if passed else keep.not_passed_days
    if not days or now - run.history[-1].at < timedelta(days=days):
        return ""
    how = "passed, and nothing serves it" if passed else f"did not pass: the run is {run.state}"
    setting = "retention.passed_days" if passed else "retention.not_passed_days"
    return f"its model {how}, and {setting} is {days:g}"
