"""prepared → awaiting-approval, or prepared | approved → training: submit a run's customization job once."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from tailor import catalog
from tailor.catalog import Model
from tailor.costs import Approval
from tailor.errors import ConflictError, InvalidInputError, NotAllowedError, NotFoundError, NotOursError, QuotaError
from tailor.run_records import JobRecord, JobStatus
from tailor.runs import Run, RunStore, State, find
from tailor.steps.control import Control
from tailor.steps.trainers import AdoptedTrainer, BedrockTrainer, Trainer, Trainers, stop_unnoted
from tailor.storage import Storage
from tailor.training.approval import needs_approval
from tailor.training.line import BUDGET, FEW, TURN, has_its_turn, room_for_jobs, waits_for
from tailor.training.preflight import Offers, Place, failures, preflight, preflight_adopted
from tailor.training.request import Job, job_name
from tailor.training.spending import Spending
from tailor.training.trainers import choose
from tailor.training.translate import explain

BY = "train"


@dataclass(frozen=True, slots=True)
class TrainServices:
    """Services that start a training. ``offers`` and ``spending`` guard money: nothing is paid for without them.
    ``sagemaker`` is the second trainer, if the stack has it enabled; ``import_role_arn`` is Bedrock's for the import
    of adopted models, and ``package_tags`` reads the tags of a model package.

    ``bucket`` is rooted at the bucket that ``bucket_name`` names; ``grader_arn`` is the reward function's,
    ``logs_bucket`` holds invocation logs, ``kms_key`` encrypts custom models: each may be empty.
    """

    bucket: Storage
    bucket_name: str
    runs: RunStore
    control: Control
    offers: Offers
    spending: Spending
    region: str
    role_arn: str
    budget_limit: Decimal
    tags: Mapping[str, str]
    grader_arn: str = ""
    logs_bucket: str = ""
    kms_key: str = ""
    sagemaker: Trainer | None = None
    import_role_arn: str = ""
    package_tags: Callable[[str], Mapping[str, str]] = lambda arn: {}

    @property
    def trainers(self) -> Trainers:
        adopted = AdoptedTrainer(self.control, self.import_role_arn, self.kms_key, self.package_tags)
        return Trainers(BedrockTrainer(self.control), self.sagemaker, self.region, adopted)

    @property
    def place(self) -> Place:
        return Place(
            self.region,
            self.bucket_name,
            self.role_arn,
            grader_arn=self.grader_arn,
            logs_bucket=self.logs_bucket,
            training_jobs=self.sagemaker is not None,
        )

    def job(self, run: Run, model: Model, manifest: dict[str, Any]) -> Job:
        tags = {**self.tags, "run": run.id, "project": run.project}
        role, grader = self.role_arn, self.grader_arn
        return Job(run, model, manifest, self.bucket_name, role, tags, grader, self.region, self.kms_key)


def train(run_id: str, services: TrainServices, *, now: datetime) -> Run | None:
    """Return the run after this call's work, or None if there is nothing to do.

    Raises:
        RetryableError: Bedrock can't take the job now. The run keeps its place.
    """
    runs = services.runs
    run = find(runs, run_id)
    if run is None or run.state not in {State.PREPARED, State.APPROVED}:
        _end_unnoted_job(run, services.trainers)
        return None
    if run.state == State.PREPARED:
        reason = needs_approval(run.quote, run.recipe, services.budget_limit)
        if reason:
            until = now + timedelta(hours=run.recipe.budget.approval_hours)
            quote = run.quote and run.quote.model_copy(update={"approval": Approval(reason=reason, until=until)})
            return runs.save(run.moved(State.AWAITING_APPROVAL, by=BY, reason=reason, now=now, quote=quote))
    model = catalog.model_of(run.recipe)
    if reason := _comes_later(run, services):
        return _wait(run, reason, runs=runs, now=now)
    if reason := _obstacles(run, model, services):
        return runs.save(run.moved(State.TRAINING_FAILED, by=BY, reason=reason, now=now))
    if reason := services.spending.hold(run, now):
        waiting = run.held_up("warn", BUDGET, reason, now)
        return runs.save(waiting) if waiting else None
    try:
        manifest: dict[str, Any] = json.loads(services.bucket.read(f"{run.files}prepared/manifest.json"))
        trainer = services.trainers.of(run)
        # Should this function die after the next line, the repeat finds the same job by its derived name.
        made = trainer.submit(services.job(run, model, manifest))
    except QuotaError as error:
        return _wait(run, error.message, runs=runs, now=now)
    except (InvalidInputError, NotAllowedError, NotFoundError) as error:
        reason = explain(error.message)
        return runs.save(run.moved(State.TRAINING_FAILED, by=BY, reason=reason, now=now))
    submitted = {"arn": made.arn, "status": JobStatus.IN_PROGRESS, "submitted_at": now, "request": made.request}
    if trainer.name != "bedrock":
        submitted["trainer"] = trainer.name
    reason = _how(run, trainer, services)
    job = (run.job or JobRecord()).model_copy(update=submitted)
    try:
        return runs.save(run.moved(State.TRAINING, by=BY, reason=reason, now=now, job=job))
    except ConflictError:
        if not runs.get(run.id).is_open:
            trainer.stop_job(made.arn)  # the run was stopped since: nobody would follow its job
        raise


def _obstacles(run: Run, model: Model, services: TrainServices) -> str:
    """Return what keeps the job from starting; of an adopted model, its deployment. Empty if nothing does."""
    place, offers = services.place, services.offers
    if run.adopted is not None:
        return failures(preflight_adopted(run.recipe, model, place, offers=offers))
    name = job_name(run)
    return failures(preflight(run.recipe, model, place, offers=offers, access=None, name=name, files=run.files))


def _how(run: Run, trainer: Trainer, services: TrainServices) -> str:
    """Return what the run's history says of its trainer, if it is not Bedrock."""
    if run.adopted is not None:
        return f"nothing is trained: its model was {run.adopted.origin}"
    if trainer.name != "sagemaker":
        return ""
    why = choose(run.recipe, catalog.model_of(run.recipe), region=services.region, enabled=True).why
    return f"a training job of SageMaker trains it: {why}"


def _comes_later(run: Run, services: TrainServices) -> str:
    """Return why the run does not submit its job now; empty if there is quota and no other run comes first.

    A run that waits already was called by reconcile, which knows the line. Where many runs are open, a new one joins
    the line without asking Bedrock. A model that was made elsewhere needs no job, and so no room for one.
    """
    if run.adopted is not None:
        return ""
    called = waits_for(run)
    known = [] if called else services.runs.open_runs(most=FEW + 1)
    if len(known) > FEW:
        return "many runs are open: it is called within a minute of its turn"
    jobs = services.offers.open_jobs()
    room = room_for_jobs(jobs)
    submitted = job_name(run) in {str(job["jobName"]) for job in jobs}  # this step was cut short after it
    free = room > 0 if called else has_its_turn(run, known, room)
    return "" if free or submitted else "other runs come first"


def _end_unnoted_job(run: Run | None, trainers: Trainers) -> None:
    """Stop the job of an ended run, in case a call was interrupted between creating and recording it."""
    if run and run.state in {State.SUPERSEDED, State.STOPPED}:
        with suppress(NotFoundError, NotOursError, InvalidInputError):
            stop_unnoted(run, trainers)


def _wait(run: Run, reason: str, *, runs: RunStore, now: datetime) -> Run | None:
    """Record that other runs come first, and return the run; None if already recorded. Reconcile tries it again."""
    waiting = run.held_up("wait", TURN, reason, now)
    return runs.save(waiting) if waiting else None
