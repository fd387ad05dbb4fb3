"""Every check of a recipe before data is read: its settings, against each other and the catalogue.

The one place for it: the functions, ``tailor check``, ``tailor quote`` and ``tailor push`` refuse the same recipes, so
nobody pays for what can't be trained, evaluated or deployed.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tailor import catalog, slack_ids
from tailor.catalog import Model
from tailor.errors import NotFoundError, Problem, RecipeError
from tailor.evaluation import settings
from tailor.findings import Finding, finding
from tailor.names import RECIPE_FILE
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.training import methods

_DECISIVE = {"model", "method"}  # settings without which it is unknown what the others are for


def read_checked(text: str | bytes, **changes: Any) -> tuple[Recipe, Model]:
    """Parse a recipe, apply ``changes`` to it, and return it with its model.

    Raises:
        RecipeError: lists every problem, unknown settings included.
    """
    recipe, wrong = Recipe.read(text)
    recipe = recipe.model_copy(update=changes)
    unknown = {problem.where for problem in wrong} & _DECISIVE - set(changes)
    found = [*wrong, *(_of_settings(recipe) if unknown else problems(recipe))]
    if found:
        raise RecipeError(found)
    return recipe, catalog.model_of(recipe)


def check_recipe(recipe: Recipe) -> Model:
    """Return the recipe's model. Raises RecipeError that lists every problem."""
    if found := problems(recipe):
        raise RecipeError(found)
    return catalog.model_of(recipe)


def problems(recipe: Recipe) -> list[Problem]:
    try:
        model = catalog.model_of(recipe)
    except NotFoundError as error:
        return [Problem("model", error.message, error.hint), *_of_settings(recipe)]
    return [*methods.problems(recipe, model), *_of_settings(recipe)]


def findings_of(problems: Sequence[Problem]) -> list[Finding]:
    """Return the problems as findings of a dataset's report."""
    return [_finding(problem) for problem in problems]


def _finding(problem: Problem) -> Finding:
    where = problem.where.removeprefix(RECIPE_FILE).lstrip(", ")
    values = {"where": where, "reason": problem.message, "remedy": problem.fix}
    return finding("invalid-recipe/setting" if where else "invalid-recipe", RECIPE_FILE, path=problem.where, **values)


def _of_settings(recipe: Recipe) -> list[Problem]:
    """Return problems that don't depend on the model."""
    evaluation = recipe.evaluation
    found = [*_of_names(recipe), *settings.problems(evaluation)]
    if evaluation.max_rows < evaluation.minimum_rows:
        message = f"at most {evaluation.max_rows} rows would be asked: fewer than evaluation.minimum_rows can't decide"
        found.append(Problem("evaluation.max_rows", message, f"choose {evaluation.minimum_rows} or more"))
    mention = recipe.notifications.mention
    if mention is not None and (fix := slack_ids.fix(mention)):
        message = f"{mention[:80]!r} is not the id of a Slack member (U…) or user group (S…)"
        found.append(Problem("notifications.mention", message, fix))
    return [*found, *_of_deployment(recipe.deployment, datetime.now(UTC))]


def _of_deployment(deployment: Deployment, now: datetime) -> Iterable[Problem]:
    if deployment.kind == "on-demand":
        for name in ("units", "hours", "until", "idle_hours", "schedule", "commitment", "take_over"):
            if getattr(deployment, name) != Deployment.model_fields[name].default:
                message = "an on-demand deployment has no model units: it bills by token, and nothing while idle"
                yield Problem(f"deployment.{name}", message, "leave it out, or write kind: provisioned")
        return
    if deployment.commitment:
        for name in ("hours", "until", "idle_hours", "schedule"):
            if getattr(deployment, name) is not None:
                message = f"model units with a commitment of {deployment.commitment} can't be deleted before its end"
                yield Problem(f"deployment.{name}", message, "leave it out, or leave commitment out")
    ends = deployment.ends_at(now)
    if ends is None and deployment.idle_hours is None and deployment.schedule is None:
        message = "provisioned model units bill by the hour, used or not, until they are deleted: they need an end"
        fix = "add hours: 8, idle_hours: 2, a schedule, or until: and a time; or leave kind out: on demand"
        yield Problem("deployment", message, fix)
    elif ends is not None and ends <= now:
        message = f"{ends:%Y-%m-%d %H:%M} UTC has passed: the model units would be deleted at once"
        yield Problem("deployment.until", message, "write a later time, or hours: 8 in its place")


def _of_names(recipe: Recipe) -> Iterable[Problem]:
    """Return problems of models other than the base model. Distillation checks its own teacher."""
    wanted = [("evaluation.judge", recipe.evaluation.judge)]
    if recipe.method != "distillation":
        wanted.append(("teacher", recipe.teacher))
    for where, name in wanted:
        try:
            if name is not None:
                catalog.model(name)
        except NotFoundError as error:
            yield Problem(where, error.message, error.hint)
