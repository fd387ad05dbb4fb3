"""One module for each method: its job's request, and its cost."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol

from tailor.catalog import Model
from tailor.costs import Advice, Quote, Range
from tailor.errors import InvalidInputError, Problem, RecipeError
from tailor.recipe import Method, Recipe
from tailor.run_records import AdoptedRecord
from tailor.training.advice import about_data, too_long
from tailor.training.methods import (
    continued_pretraining,
    distillation,
    fine_tuning,
    preference_optimization,
    reinforcement,
)
from tailor.training.quote import Basis
from tailor.training.request import Job
from tailor.training.trainers import choose


class MethodModule(Protocol):
    def check(self, recipe: Recipe, model: Model) -> None:
        """Raise RecipeError or InvalidInputError for settings that the model does not support for this method."""

    def build_job(self, job: Job) -> dict[str, Any]:
        """Return the complete CreateModelCustomizationJob request. Raises RecipeError or InvalidInputError."""

    def quote(self, basis: Basis) -> Quote:
        """Return what the run would cost. Raises RecipeError or InvalidInputError."""


_METHODS: Mapping[Method, MethodModule] = {
    "fine-tuning": fine_tuning,
    "distillation": distillation,
    "continued-pre-training": continued_pretraining,
    "reinforcement": reinforcement,
    "preference-optimization": preference_optimization,
}


def of(recipe: Recipe) -> MethodModule:
    return _METHODS[recipe.method]


def build_job(job: Job) -> dict[str, Any]:
    """Return the request for the method of the run's recipe."""
    return of(job.recipe).build_job(job)


def problems(recipe: Recipe, model: Model) -> list[Problem]:
    """Return the recipe's settings that don't fit the model, found before any data is read."""
    found: list[Problem] = []
    try:
        of(recipe).check(recipe, model)
    except RecipeError as error:
        found += error.problems
    except InvalidInputError as error:
        found.append(Problem("model", error.message, error.hint))
    if recipe.data.questions is not None and recipe.method != "continued-pre-training":
        fix = "name the files train.jsonl and test.jsonl, or mark rows in a split column: such rows are held out"
        found.append(Problem("data.questions", f"{recipe.method} holds out rows of its own data", fix))
    if recipe.data.columns.worse is not None and recipe.method != "preference-optimization":
        fix = "leave it out, or write method: preference-optimization, which learns from both answers"
        found.append(Problem("data.columns.worse", f"{recipe.method} does not learn from two answers", fix))
    if recipe.evaluation.sealed and recipe.method == "continued-pre-training":
        fix = "leave it out, or hold back a file of questions of your own"
        found.append(Problem("evaluation.sealed", "documents can't be sealed", fix))
    return [*found, *too_long("evaluation.max_tokens", recipe.evaluation.max_tokens, model)]


def quote(
    manifest: Mapping[str, Any],
    recipe: Recipe,
    model: Model,
    advice: Iterable[Advice] = (),
    *,
    live: bool = False,
    examples: Range | None = None,
    priced: Callable[[Model], Model] = lambda model: model,
    notes: Callable[[], Iterable[str]] = tuple,
    region: str = "",
    training_jobs: bool = False,
    adopted: AdoptedRecord | None = None,
) -> Quote:
    """Return the estimated cost of a run with this recipe on this prepared dataset, with advice.

    Args:
        live, examples, priced: see :class:`Basis`.
        notes: returns notes on the prices; called after they were used.
        region, training_jobs: decide who trains, see :func:`tailor.training.trainers.choose`.
        adopted: the model that is measured in place of training one.
    """
    trainer = choose(recipe, model, region=region, enabled=training_jobs).name
    found = of(recipe).quote(Basis(manifest, recipe, priced(model), live, examples, priced, trainer))
    hints = (*about_data(manifest, recipe, model), *advice)
    if adopted is not None:
        found = _without_training(found, stored=adopted.imported)
        hints = tuple(item for item in hints if item.code in _OF_EVALUATION)
    return found.model_copy(update={"assumptions": (*found.assumptions, *notes()), "advice": hints})


_OF_TRAINING = frozenset({"headroom", "training", "teacher"})  # items
_OF_EVALUATION = frozenset({"few-held-out-rows", "metric-fooled"})  # advice


def _without_training(quote: Quote, *, stored: bool) -> Quote:
    """Return the cost of a run whose model was made elsewhere.

    Args:
        stored: the run has a model made, whose storage is billed from then on.
    """
    left_out = _OF_TRAINING if stored else _OF_TRAINING | {"storage"}
    kept = "its import has no price on AWS's pages" if stored else "whoever made it pays for its storage already"
    lines = tuple(line for line in quote.lines if line.item not in left_out)
    assumptions = (f"nothing is trained: the model was made elsewhere; {kept}",)
    return quote.model_copy(update={"lines": lines, "assumptions": assumptions, "training_tokens": None})
