"""received → preparing → prepared | rejected: a dataset is checked, converted and split, and training gets a price."""

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tailor import catalog
from tailor.catalog import Model
from tailor.datasets.intake import prepare_dataset, reject_dataset
from tailor.datasets.model import Finding
from tailor.errors import InvalidInputError, NotFoundError, Problem, RecipeError, TailorError
from tailor.evaluation import metrics
from tailor.evaluation.ask import Asker
from tailor.evaluation.rows import read_rows
from tailor.names import RECIPE_FILE, DatasetPath, check_name
from tailor.recipe import Recipe
from tailor.runs import MAX_ATTEMPTS, Run, RunStore, State, claim, giving_back
from tailor.serving.aliases import AliasStore
from tailor.steps.receive import fingerprint, read_recipe
from tailor.storage import Storage
from tailor.training import methods
from tailor.training.advice import Advice
from tailor.training.calls import examples_in
from tailor.training.headroom import measure
from tailor.training.preflight import Offers, check_offer
from tailor.training.prices import priced
from tailor.training.quote import Range
from tailor.training.request import TRAIN_FILE

BY = "prepare"


def prepare(
    run_id: str,
    *,
    bucket: Storage,
    runs: RunStore,
    bucket_owner: str,
    scratch: Path,
    lease_seconds: float,
    now: datetime,
    offers: Offers | None = None,
    region: str = "",
    prices: Mapping[str, Mapping[str, Decimal]] = MappingProxyType({}),
    asker: Asker | None = None,
    aliases: AliasStore | None = None,
    settle_seconds: float = 0,
) -> Run | None:
    """The run as it is afterwards; None where another delivery does or did the work.

    A run that a data file alone started first waits ``settle_seconds``: tools upload in an order of their own, and
    where a recipe arrives meanwhile, its run takes over without a word.
    """
    if settle_seconds and not runs.get(run_id).has_recipe:
        time.sleep(settle_seconds)
    run = claim(runs, run_id, begin=State.RECEIVED, working=State.PREPARING, seconds=lease_seconds, by=BY, now=now)
    if run is None:
        return None
    with giving_back(runs, run):
        if not run.has_recipe and any(file.key == run.prefix + RECIPE_FILE for file in bucket.list(run.prefix)):
            return runs.save(
                run.moved(State.STOPPED, by=BY, reason="a recipe followed: the run that it starts takes over")
            )
        return _prepared(
            run,
            bucket,
            runs,
            bucket_owner,
            scratch,
            offers=offers,
            region=region,
            prices=prices,
            asker=asker,
            aliases=aliases,
            now=now,
        )


def _prepared(
    run: Run,
    bucket: Storage,
    runs: RunStore,
    bucket_owner: str,
    scratch: Path,
    *,
    offers: Offers | None,
    region: str,
    prices: Mapping[str, Mapping[str, Decimal]],
    asker: Asker | None,
    aliases: AliasStore | None,
    now: datetime,
) -> Run:
    problems, recipe, model = _read_intentions(run, bucket)
    if run.attempts > MAX_ATTEMPTS:
        fix = "nothing is wrong with your data as far as is known: tell the operator of this stack"
        problems = [_finding("gave-up", f"checking the dataset was cut short {MAX_ATTEMPTS} times", fix)]
    if model is not None and offers is not None and not problems:
        problems = _offer_problems(recipe, model, region, offers)
    if problems or model is None:
        return runs.save(_rejected(run, recipe, reject_dataset(bucket, run.files, problems)))
    report = prepare_dataset(
        bucket, run.prefix, bucket, run.files, recipe, model, bucket_owner=bucket_owner, scratch=scratch
    )
    if not report.usable:
        return runs.save(_rejected(run, recipe, report.summary()))
    summary = report.summary()
    advice: tuple[Advice, ...] = ()
    if asker is not None and recipe.headroom_rows and recipe.method != "continued-pre-training":
        summary["headroom"], advice = _headroom(bucket, run.files, recipe, model, asker)
    quote = methods.quote(
        report.manifest,
        recipe,
        model,
        advice,
        live=aliases is not None and aliases.alias(run.project).live is not None,
        examples=_examples(bucket, run.files, recipe, model),
        priced=lambda model: priced(model, prices, now.date()),
    )
    return runs.save(run.moved(State.PREPARED, by=BY, recipe=recipe, report=summary, quote=quote.document()))


def _headroom(
    bucket: Storage, files: str, recipe: Recipe, model: Model, asker: Asker
) -> tuple[dict[str, Any], tuple[Advice, ...]]:
    """How the base model does on a sample of the held-out rows. That it can't be asked is no reason to stop."""
    name = f"{files}prepared/test.jsonl"
    try:
        found = measure(read_rows(bucket.read(name), name), recipe, model, asker)
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


def _rejected(run: Run, recipe: Recipe, report: dict[str, Any]) -> Run:
    return run.moved(State.REJECTED, by=BY, reason=str(report.get("headline", "")), recipe=recipe, report=report)


def _read_intentions(run: Run, bucket: Storage) -> tuple[list[Finding], Recipe, Model | None]:
    """What the team asked for, and what is wrong with it: names, recipe, model, method, all in one pass."""
    findings = [*_name_problems(run)]
    files = list(bucket.list(run.prefix))
    if fingerprint(run.prefix, files) != run.fingerprint:
        fix = f"upload what is missing, then {RECIPE_FILE} (or the data file) once more, as the last one"
        findings.append(_finding("dataset-changed", "files were added or replaced after the upload began", fix))
    recipe = run.recipe
    if any(file.key == run.prefix + RECIPE_FILE for file in files):
        try:
            recipe = read_recipe(bucket, run.prefix)
        except RecipeError as error:
            findings += [_recipe_finding(problem) for problem in error.problems]
            return findings, recipe, None
    try:
        model = catalog.model(recipe.model)
    except NotFoundError as error:
        findings.append(_recipe_finding(Problem("model", error.message, error.hint)))
        return findings, recipe, None
    findings += [_recipe_finding(problem) for problem in methods.problems(recipe, model)]
    findings += [_recipe_finding(problem) for problem in _unknown_metrics(recipe)]
    if recipe.deployment.kind != "on-demand":
        fix = "leave it out: on-demand deployments bill by token, and nothing while idle"
        findings.append(_recipe_finding(Problem("deployment.kind", "Tailor deploys on demand only", fix)))
    return findings, recipe, model


def _unknown_metrics(recipe: Recipe) -> Iterable[Problem]:
    wanted = [("evaluation.metric", recipe.evaluation.metric)]
    wanted += [("evaluation.guards", guard.metric) for guard in recipe.evaluation.guards]
    for where, name in wanted:
        try:
            if name != "auto":
                metrics.check_name(name)
        except InvalidInputError as error:
            yield Problem(where, error.message, error.hint)


def _offer_problems(recipe: Recipe, model: Model, region: str, offers: Offers) -> list[Finding]:
    """A model that the Region does not offer is said before anything is written. What can't be asked now is asked again
    before the job."""
    try:
        check = check_offer(recipe, model, region, offers)
    except TailorError:
        return []
    return [_recipe_finding(Problem("model", check.message, check.remedy))] if check.status == "failed" else []


def _name_problems(run: Run) -> Iterable[Finding]:
    path = DatasetPath.parse(run.prefix + "x")
    for name, what in ((path.project, "project"), (path.dataset, "dataset")) if path else ():
        try:
            check_name(name, f"the {what}'s folder name")
        except InvalidInputError as error:
            yield _finding("invalid-name", error.message, f"upload under another folder name, {error.hint}")


def _recipe_finding(problem: Problem) -> Finding:
    message = f"{problem.where}: {problem.message}"
    return Finding("invalid-recipe", "error", RECIPE_FILE, None, message, problem.fix, problem.where)


def _finding(code: str, message: str, fix: str) -> Finding:
    return Finding(code, "error", "", None, message, fix)
