"""Parse the request of an upload (names, recipe, model, method), and report everything wrong with it at once."""

from tailor.catalog import Model
from tailor.errors import Problem, RecipeError, TailorError
from tailor.findings import Finding, finding
from tailor.names import DatasetPath
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.steps.folders import fingerprint, name_problems
from tailor.steps.opening import read_recipe
from tailor.storage import FrozenStorage
from tailor.training.preflight import Offers, Place, check_offer, check_training_job
from tailor.training.recipe_check import check_recipe, findings_of, read_checked
from tailor.training.trainers import choose


def read_request(run: Run, upload: FrozenStorage) -> tuple[list[Finding], Recipe, Model | None]:
    """Return the findings about an upload's request, its recipe, and its model (None if the model is unknown)."""
    path = DatasetPath.parse(run.prefix + "x")
    findings = [*name_problems(path)] if path else []
    files = list(upload.list(run.prefix))
    if fingerprint(run.prefix, files) != run.fingerprint:
        findings.append(finding("dataset-changed"))
    recipe = run.recipe
    try:
        text = read_recipe(upload, run.prefix, files)
        if text is None:
            model = check_recipe(recipe)
        else:
            recipe, model = read_checked(text, **(run.adopted.settings if run.adopted else {}))
    except RecipeError as error:
        return [*findings, *findings_of(error.problems)], recipe, None
    return findings, recipe, model.without_training() if run.adopted and run.adopted.measured_only else model


def offer_problems(
    recipe: Recipe, model: Model, region: str, offers: Offers, *, training_jobs: bool = False
) -> list[Finding]:
    """Return a finding if the model can't be trained here; none if Bedrock can't be asked now.

    It is asked again before the job.
    """
    try:
        if choose(recipe, model, region=region, enabled=training_jobs).name == "sagemaker":
            check = check_training_job(recipe, model, Place(region, "", "", training_jobs=training_jobs))
        else:
            check = check_offer(recipe, model, region, offers)
    except TailorError:
        return []
    return findings_of([Problem("model", check.message, check.remedy)]) if check.status == "failed" else []
