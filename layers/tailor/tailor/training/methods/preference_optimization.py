"""Preference optimization (DPO): of two answers to a question, the model learns which one is better.

Bedrock has no customization job for it. SageMaker trains Nova by AWS's recipe, with adapters.
"""

from typing import Any

from tailor.catalog import Model
from tailor.costs import Quote
from tailor.errors import InvalidInputError, Problem, RecipeError
from tailor.recipe import Recipe
from tailor.training import advice
from tailor.training.calls import evaluation_lines, headroom_lines
from tailor.training.quote import Basis, by_hours
from tailor.training.request import Job

_NO_JOB = "Bedrock has no customization job that learns from preference pairs"
_BY_SAGEMAKER = "leave trainer out, so that SageMaker trains; or learn the better answers alone by fine-tuning"


def check(recipe: Recipe, model: Model) -> None:
    facts = model.method("preference-optimization")
    if recipe.trainer == "bedrock":
        raise RecipeError([Problem("trainer", _NO_JOB, _BY_SAGEMAKER)])
    advice.hyperparameters(recipe, facts, facts.limits.min_rows)


def build_job(job: Job) -> dict[str, Any]:
    """Raise InvalidInputError: SageMaker's request is built by :mod:`tailor.training.sagemaker`."""
    raise InvalidInputError(_NO_JOB, hint=_BY_SAGEMAKER)


def quote(basis: Basis) -> Quote:
    others = (*headroom_lines(basis), *evaluation_lines(basis))
    quoted = by_hours(basis, others, "each pair is read with both answers, by the model and by its base")
    return quoted.model_copy(update={"training_tokens": None})  # it is billed by the hour, whatever it reads
