"""Who trains a run: Amazon Bedrock's customization jobs, SageMaker AI's training jobs, or nobody.

What each does is behind :class:`tailor.steps.trainers.Trainer`; which one a run gets is decided here, from its recipe,
the model and the Region, so that the quote, preflight and the submission say the same.
"""

from dataclasses import dataclass
from typing import Literal

from tailor import catalog
from tailor.catalog import Model
from tailor.recipe import Recipe

TrainerName = Literal["bedrock", "sagemaker", "adopted"]
"""``adopted``: nobody trains, because the model was made elsewhere."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A run's trainer. ``why`` is for people; empty where there was nothing to decide."""

    name: TrainerName
    why: str = ""


def choose(recipe: Recipe, model: Model, *, region: str = "", enabled: bool = False) -> Choice:
    """Return the run's trainer: the recipe's own, else Bedrock, else SageMaker for what Bedrock does not take.

    Args:
        region: the stack's, if known; ``enabled``: the stack may submit training jobs (parameter SageMakerTraining).
    """
    if recipe.trainer != "auto":
        return Choice(recipe.trainer, "the recipe says so")
    facts = model.methods.get(recipe.method)
    if facts and not facts.bedrock:
        return Choice("sagemaker", f"Bedrock has no job for {recipe.method}")
    if (
        enabled
        and facts
        and facts.sagemaker
        and region not in model.regions
        and region in catalog.training_registries()
    ):
        return Choice("sagemaker", f"Bedrock customizes no {model.title} in {region}")
    return Choice("bedrock")


def trainer_of_job(arn: str) -> TrainerName:
    """Return who runs a job, by its ARN. That of an adopted run is its custom model's."""
    if ":custom-model/" in arn:
        return "adopted"
    return "sagemaker" if arn.split(":")[2:3] == ["sagemaker"] else "bedrock"
