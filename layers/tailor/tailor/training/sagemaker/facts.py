"""The catalogue's facts of SageMaker's training jobs, with errors that name a way out."""

from tailor import catalog
from tailor.catalog import MethodFacts, TrainingJobFacts
from tailor.errors import InvalidInputError


def training_facts(facts: MethodFacts, title: str, method: str) -> TrainingJobFacts:
    """Return a method's facts for SageMaker. Raises InvalidInputError if there are none."""
    if facts.sagemaker is None:
        able = [known.name for known in catalog.models() for each in known.methods.values() if each.sagemaker]
        hint = f"leave trainer out, or choose {', '.join(dict.fromkeys(able))}"
        raise InvalidInputError(f"SageMaker's training jobs offer no {method} of {title}", hint=hint)
    return facts.sagemaker


def image_in(region: str, facts: TrainingJobFacts) -> str:
    """Return the training image's address. Raises InvalidInputError if AWS publishes none in the Region."""
    registries = catalog.training_registries()
    if region not in registries:
        hint = f"deploy Tailor in {' or '.join(registries)}"
        raise InvalidInputError(f"AWS publishes no training image of Nova in {region}", hint=hint)
    return f"{registries[region]}/{facts.image}"
