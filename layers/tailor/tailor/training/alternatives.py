"""Models, Regions and trainers that are left where AWS does not offer or retires a model: the remedies of preflight."""

from tailor.catalog import Model, models, training_registries
from tailor.recipe import Method

_TAKES_JOBS = frozenset({"active", "unknown"})
NO_DOCUMENTS = (
    "make questions and answers of the documents and fine-tune on them, or leave the documents as they are and look "
    "them up when a question comes (retrieval)"
)

_NO_PREFERENCES = (
    "deploy it with SageMakerTraining=enabled, or learn the better answers alone by fine-tuning "
    "(data.columns.answer names their column)"
)


def without_training_jobs(method: Method, model: Model) -> str:
    """Return the remedy where a run needs a training job of SageMaker, and the stack may submit none."""
    facts = model.methods.get(method)
    if facts is not None and not facts.bedrock:
        return _NO_PREFERENCES
    return "deploy it with SageMakerTraining=enabled, or leave trainer out of the recipe"


def what_is_left(method: Method, model: Model, region: str, training_jobs: bool) -> str:
    """Return what can be trained by the method instead of a model that AWS retires: where, and by whom."""
    others = [other for other in models() if other.name != model.name and other.lifecycle.status in _TAKES_JOBS]
    by_method = {other.name: other for other in others if method in other.methods and other.hosting.kinds}
    here = [name for name, other in by_method.items() if region in other.regions and other.methods[method].bedrock]
    with_jobs = [name for name, other in by_method.items() if other.methods[method].sagemaker]
    said = []
    if here:
        said.append(f"choose {' or '.join(here)}, of which Bedrock takes {method} in {region}")
    if with_jobs and region in training_registries() and not set(with_jobs) <= set(here):
        switch = "" if training_jobs else ", once the stack is deployed with SageMakerTraining=enabled"
        said.append(f"have SageMaker train {' or '.join(with_jobs)} (trainer: sagemaker){switch}")
    if not said:
        regions = sorted({region for other in by_method.values() for region in other.regions})
        said.append(
            f"deploy Tailor in {' or '.join(regions)}, where {' or '.join(by_method)} can be trained by {method}"
            if regions
            else f"no model of the catalogue takes {method} any more: choose another method (tailor models)"
        )
    return "; or ".join(said)


def elsewhere(model: Model) -> str:
    """Return the Regions in which AWS lists a model for customization, or the advice to choose another one."""
    if model.regions:
        return f"deploy Tailor in {' or '.join(model.regions)}, where AWS lists it"
    return "choose another model (tailor models)"
