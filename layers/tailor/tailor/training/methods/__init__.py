"""One module a method: what its job's request looks like, and what it costs."""

from collections.abc import Mapping
from typing import Any, Protocol

from tailor.catalog import Model
from tailor.recipe import Method, Recipe
from tailor.runs import Run
from tailor.training.methods import continued_pretraining, distillation, fine_tuning, reinforcement
from tailor.training.quote import Quote


class MethodModule(Protocol):
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


def quote(manifest: Mapping[str, Any], recipe: Recipe, model: Model) -> Quote:
    """What a run with this recipe on this prepared dataset would cost."""
    return of(recipe).quote(manifest, recipe, model)
