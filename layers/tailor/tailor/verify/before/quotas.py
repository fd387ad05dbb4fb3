"""Check that Service Quotas has the quotas that Tailor uses, and that this account has at least the documented
values."""

from typing import Any

from tailor import catalog
from tailor.training.capacity import BEDROCK, DEPLOYMENTS, JOBS, MODELS, SAGEMAKER, STARTING, instances
from tailor.verify.check import Check
from tailor.verify.cleaning import pages
from tailor.verify.world import World

# The catalogue's quotas, by AWS's names, and as `tailor doctor` finds them.
NAMES = {
    "customization_jobs": ("Scheduled customization jobs", JOBS),
    "custom_models": ("Custom models per account", MODELS),
    "deployments": ("Total custom model deployments", DEPLOYMENTS),
    "deployments_in_progress": ("In-progress custom model deployments", STARTING),
}
_CUSTOM_RATE = "on demand custom model deployment requests per minute"


def _quotas(world: World) -> dict[str, Any]:
    listed = list(pages(world, "service-quotas", "list_service_quotas", "Quotas", ServiceCode=BEDROCK))
    values = {quota["QuotaName"]: quota["Value"] for quota in listed}
    named = {name: wanted.find(listed) for name, (_, wanted) in NAMES.items()}
    found = {name: quota["Value"] if quota else None for name, quota in named.items()}
    documented = catalog.quotas()
    return {
        "values": found,
        "not named": sorted(NAMES[name][0] for name, value in found.items() if value is None),
        "less than documented": {
            name: value for name, value in found.items() if value is not None and value < getattr(documented, name)
        },
        "requests a minute of custom models": {
            name.rpartition(" for ")[2]: value for name, value in sorted(values.items()) if _CUSTOM_RATE in name
        },
    }


def training_instances() -> list[str]:
    """Return the types of instances that the catalogue's training jobs of SageMaker take."""
    facts = [facts.sagemaker for model in catalog.models() for facts in model.methods.values()]
    return sorted({job.instance_type for job in facts if job is not None})


def _instances(world: World) -> dict[str, Any]:
    listed = list(pages(world, "service-quotas", "list_service_quotas", "Quotas", ServiceCode=SAGEMAKER))
    found = {kind: quota["Value"] if (quota := instances(kind).find(listed)) else None for kind in training_instances()}
    return {"instances at once": found, "not named": sorted(kind for kind, value in found.items() if value is None)}


CHECKS = (
    Check(
        id="service-quotas",
        assumption="Service Quotas lists the quotas of customization jobs, custom models and deployments, and "
        "this account has at least the documented values.",
        source=catalog.quotas().source.url,
        when="before deploying",
        expected={"not named": [], "less than documented": {}},
        look=_quotas,
        permissions=("servicequotas:ListServiceQuotas",),
        varies=frozenset({"values", "requests a minute of custom models"}),
    ),
    Check(
        id="instance-quotas",
        assumption="Service Quotas names the quotas of the instances that SageMaker's training jobs of Nova take as "
        "Tailor looks for them. The values, 0 in many accounts, are only noted.",
        source="https://docs.aws.amazon.com/general/latest/gr/sagemaker.html",
        when="before deploying",
        expected={"not named": []},
        look=_instances,
        permissions=("servicequotas:ListServiceQuotas",),
        varies=frozenset({"instances at once"}),
    ),
)
