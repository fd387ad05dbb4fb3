"""One module a method: what its job's request looks like, and what it costs."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tailor.catalog import Model
from tailor.errors import InvalidInputError, Problem, RecipeError
from tailor.recipe import Method, Recipe
from tailor.runs import Run
from tailor.training.advice import Advice, about_data
from tailor.training.methods import continued_pretraining, distillation, fine_tuning, reinforcement
from tailor.training.quote import Quote


class MethodModule(Protocol):
    def check(self, recipe: Recipe, model: Model) -> None:
        """Raises RecipeError or InvalidInputError for settings that the model does not take by this method."""

    def build_job(
        self,
        run: Run,
        recipe: Recipe,
        model: Model,
        *,
        manifest: Mapping[str, Any],
        bucket: str,
        role_arn: str,
        tags: Mapping[str, str],
        grader_arn: str = "",
    ) -> dict[str, Any]:
        """The whole CreateModelCustomizationJob request. Raises RecipeError or InvalidInputError."""

    def quote(self, manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> Quote:
        """What the run would cost. Raises RecipeError or InvalidInputError."""


_METHODS: Mapping[Method, MethodModule] = {
    "fine-tuning": fine_tuning,
    "distillation": distillation,
    "continued-pre-training": continued_pretraining,
    "reinforcement": reinforcement,
}


def of(recipe: Recipe) -> MethodModule:
    return _METHODS[recipe.method]


def build_job(
    run: Run,
    recipe: Recipe,
    model: Model,
    *,
    manifest: Mapping[str, Any],
    bucket: str,
    role_arn: str,
    tags: Mapping[str, str],
    grader_arn: str = "",
) -> dict[str, Any]:
    """The request of the recipe's method; ``grader_arn`` (the reward function's) is for reinforcement only."""
    method = of(recipe)
    return method.build_job(
        run, recipe, model, manifest=manifest, bucket=bucket, role_arn=role_arn, tags=tags, grader_arn=grader_arn
    )


def problems(recipe: Recipe, model: Model) -> list[Problem]:
    """What of the recipe does not fit the model, whatever the data: found before any data is read."""
    try:
        of(recipe).check(recipe, model)
    except RecipeError as error:
        return error.problems
    except InvalidInputError as error:
        return [Problem("model", error.message, error.hint)]
    return []


def quote(manifest: Mapping[str, Any], recipe: Recipe, model: Model, advice: Iterable[Advice] = ()) -> Quote:
    """What a run with this recipe on this prepared dataset would cost, with what its counts (and ``advice``) say."""
    found = of(recipe).quote(manifest, recipe, model)
    return found.model_copy(update={"advice": (*about_data(manifest, recipe, model), *advice)})
