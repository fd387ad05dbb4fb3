"""What a team asked for with an upload (names, recipe, model, method), and all that is wrong with it in one pass."""

from collections.abc import Iterable

from tailor import catalog
from tailor.catalog import Model
from tailor.datasets.model import Finding
from tailor.errors import InvalidInputError, NotFoundError, Problem, RecipeError, TailorError
from tailor.evaluation import metrics
from tailor.names import RECIPE_FILE, DatasetPath, check_name
from tailor.recipe import Recipe
from tailor.runs import Run
from tailor.steps.receive import fingerprint, read_recipe
from tailor.storage import Storage
from tailor.training import methods
from tailor.training.preflight import Offers, check_offer


def read_intentions(run: Run, bucket: Storage) -> tuple[list[Finding], Recipe, Model | None]:
    """What the team asked for, and what is wrong with it: names, recipe, model, method, all in one pass."""
    findings = [*_name_problems(run)]
    files = list(bucket.list(run.prefix))
    if fingerprint(run.prefix, files) != run.fingerprint:
        fix = f"upload what is missing, then {RECIPE_FILE} (or the data file) once more, as the last one"
        findings.append(dataset_error("dataset-changed", "files were added or replaced after the upload began", fix))
    recipe = run.recipe
    if any(file.key == run.prefix + RECIPE_FILE for file in files):
        try:
            recipe = read_recipe(bucket, run.prefix)
        except RecipeError as error:
            findings += [_of_recipe(problem) for problem in error.problems]
            return findings, recipe, None
    try:
        model = catalog.model(recipe.model)
    except NotFoundError as error:
        findings.append(_of_recipe(Problem("model", error.message, error.hint)))
        return findings, recipe, None
    findings += [_of_recipe(problem) for problem in methods.problems(recipe, model)]
    findings += [_of_recipe(problem) for problem in _unknown_metrics(recipe)]
    if recipe.deployment.kind != "on-demand":
        fix = "leave it out: on-demand deployments bill by token, and nothing while idle"
        findings.append(_of_recipe(Problem("deployment.kind", "Tailor deploys on demand only", fix)))
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


def offer_problems(recipe: Recipe, model: Model, region: str, offers: Offers) -> list[Finding]:
    """A model that the Region does not offer is said before anything is written. What can't be asked now is asked again
    before the job."""
    try:
        check = check_offer(recipe, model, region, offers)
    except TailorError:
        return []
    return [_of_recipe(Problem("model", check.message, check.remedy))] if check.status == "failed" else []


def _name_problems(run: Run) -> Iterable[Finding]:
    path = DatasetPath.parse(run.prefix + "x")
    for name, what in ((path.project, "project"), (path.dataset, "dataset")) if path else ():
        try:
            check_name(name, f"the {what}'s folder name")
        except InvalidInputError as error:
            yield dataset_error("invalid-name", error.message, f"upload under another folder name, {error.hint}")


def _of_recipe(problem: Problem) -> Finding:
    message = f"{problem.where}: {problem.message}"
    return Finding("invalid-recipe", "error", RECIPE_FILE, None, message, problem.fix, problem.where)


def dataset_error(code: str, message: str, fix: str) -> Finding:
    return Finding(code, "error", "", None, message, fix)
