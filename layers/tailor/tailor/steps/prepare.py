"""received → preparing → prepared | rejected: check, convert and split a dataset, and quote its training."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tailor.catalog import Model
from tailor.costs import Advice, Quote, Range
from tailor.datasets.prepare import Assignment, Intake, reject_dataset
from tailor.datasets.report import Report
from tailor.errors import DatasetError, LostRaceError, NotAllowedError, NotFoundError, TailorError
from tailor.evaluation.questions import Row, part_of, read_rows
from tailor.findings import Finding, finding, from_error
from tailor.llm import Asker
from tailor.recipe import Recipe
from tailor.run_records import ReportRecord
from tailor.runs import MAX_ATTEMPTS, Run, State, find, giving_back
from tailor.steps.frozen import frozen_upload, gone, named
from tailor.steps.preparing import PrepareServices
from tailor.steps.upload_request import offer_problems, read_request
from tailor.storage import Storage
from tailor.training import methods
from tailor.training.calls import examples_in
from tailor.training.headroom import measure
from tailor.training.request import TRAIN_FILE

BY = "prepare"
MOST_SYSTEM = 20_000  # characters of a system prompt that a run and a live version keep: an item holds 400 KB


def prepare(
    run_id: str,
    services: PrepareServices,
    *,
    scratch: Path,
    lease_seconds: float,
    now: datetime,
    ended: str | None = None,
) -> Run | None:
    """Return the run after this call's work, or None if another call does it or did it.

    Args:
        scratch: an empty folder.
        ended: ARN of the execution whose shards have all been checked.
    """
    runs = services.runs
    run = find(runs, run_id)
    if run is None:
        return None
    claimed = services.fan_out.machine.claim(
        run, begin=State.RECEIVED, ended=ended, seconds=lease_seconds, by=BY, runs=runs, now=now
    )
    if claimed is None:
        return None
    with giving_back(runs, claimed):
        try:
            return _Step(claimed, services, scratch).outcome(now)
        except LostRaceError:
            if runs.get(run.id).state == State.PREPARING:
                raise
            return None  # it was superseded or stopped meanwhile: nobody waits for this work


@dataclass(frozen=True, slots=True)
class _Step:
    """Work on one claimed run."""

    run: Run
    services: PrepareServices
    scratch: Path

    def outcome(self, now: datetime) -> Run:
        run, services = self.run, self.services
        bucket, prices = services.bucket, services.prices
        if run.attempts > MAX_ATTEMPTS:  # before anything is read: that may be what fails
            return self._reject(run.recipe, [finding("gave-up", attempts=MAX_ATTEMPTS)])
        upload = frozen_upload(run, bucket)
        problems, recipe, model = read_request(run, upload)
        if model is not None and not problems and run.adopted is None:
            problems = offer_problems(
                recipe, model, services.region, services.offers, training_jobs=services.training_jobs
            )
        if problems or model is None:
            return self._reject(recipe, problems)
        owner, open_bucket = services.bucket_owner, services.open_bucket
        assignment = Assignment(upload, run.prefix, bucket, run.files, recipe, model, owner, self.scratch, open_bucket)
        try:
            done = self._check(assignment, now)
        except DatasetError as error:
            return self._reject(recipe, [from_error(error)])
        except (NotFoundError, NotAllowedError):
            missing = gone(run, bucket)
            if not missing:
                raise
            return self._reject(recipe, [finding("file-gone", names=named(missing))])
        if isinstance(done, Run):
            return done
        if isinstance(done, Finding):
            return self._reject(recipe, [done])
        if not done.usable:
            return self._end(State.REJECTED, recipe, done.summary(), reason=done.headline)
        name = f"{run.files}prepared/test.jsonl"
        held_out = cache(lambda: read_rows(bucket.read(name), name))  # two steps look at them; there may be none
        summary = done.summary() | _system_prompt(held_out)
        advice: tuple[Advice, ...] = ()
        share = recipe.evaluation.sealed
        if recipe.headroom_rows and recipe.method != "continued-pre-training" and run.adopted is None:
            summary["headroom"], advice = _headroom(
                lambda: part_of(held_out(), share, opened=False), recipe, model, services.asker, services.region
            )
        quote = methods.quote(
            done.manifest,
            recipe,
            model,
            advice,
            live=services.aliases.alias(run.project).live is not None,
            examples=_examples(bucket, run.files, recipe, model),
            priced=lambda model: prices.priced(model, now.date()),
            notes=lambda: prices.notes,
            region=services.region,
            training_jobs=services.training_jobs,
            adopted=run.adopted,
        )
        return self._end(State.PREPARED, recipe, summary, quote=quote)

    def _check(self, assignment: Assignment, now: datetime) -> Report | Run | Finding:
        """Return the report; the run if the state machine takes or will take it; or a finding if its shards failed."""
        with Intake(assignment) as intake:
            shards = self.services.fan_out.shards(self.run, intake, self.services.bucket, self.scratch)
            if shards is None:
                return intake.finish(intake.check(intake.worthwhile_workers()))
            if problem := shards.problem():
                return problem
            missing = shards.missing()
            if not missing:
                return intake.finish(shards.outputs)
            if self.services.fan_out.machine.spent(self.run):
                return finding("gave-up/shards", missing=len(missing), shards=shards.plan.shards)
            return self.services.fan_out.begin(self.run, shards, missing, self.services.runs, now)

    def _reject(self, recipe: Recipe, problems: list[Finding]) -> Run:
        report = reject_dataset(self.services.bucket, self.run.files, problems).summary()
        return self._end(State.REJECTED, recipe, report, reason=str(report["headline"]))

    def _end(
        self, state: State, recipe: Recipe, report: dict[str, Any], *, reason: str = "", quote: Quote | None = None
    ) -> Run:
        noted = self.services.fan_out.machine.noted(self.run)
        found = ReportRecord.model_validate(noted | report)
        run = self.services.runs.save(
            self.run.moved(state, by=BY, reason=reason, recipe=recipe, report=found, quote=quote)
        )
        if noted:
            # Only now: if this step had been cut short, its repeat would need the shards' results.
            self.services.fan_out.clear(run, self.services.bucket)
        return run


def _system_prompt(held_out: Callable[[], list[Row]]) -> dict[str, str]:
    """Return ``system``, the prompt that all held-out rows share; an empty dict if they differ.

    A live version gives it to requests without a system message (docs/api.md).
    """
    try:
        rows = held_out()
    except TailorError:
        return {}  # no rows were held out
    texts = {"\n".join(block["text"] for block in row.system if "text" in block) for row in rows}
    shared = texts.pop() if len(texts) == 1 else ""
    return {"system": shared} if shared.strip() and len(shared) <= MOST_SYSTEM else {}


def _headroom(
    held_out: Callable[[], list[Row]], recipe: Recipe, model: Model, asker: Asker, region: str
) -> tuple[dict[str, Any], tuple[Advice, ...]]:
    """Return the base model's result on some held-out rows, and advice; report a model that can't be asked."""
    try:
        found = measure(held_out(), recipe, model, asker, region=region)
    except TailorError as error:
        return {"error": error.message}, (Advice("headroom-unknown", error.message, error.hint),)
    if found is None:
        return {}, ()
    counts = {"score": found.score, "rows": found.rows, "failed": found.failed, "metric": found.metric}
    return counts, found.advice


def _examples(bucket: Storage, files: str, recipe: Recipe, model: Model) -> Range | None:
    try:
        return examples_in(bucket.read(files + TRAIN_FILE), recipe, model)
    except NotFoundError:
        return None  # the training data lie elsewhere (invocation logs)
