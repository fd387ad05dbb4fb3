"""Define the foundation models: which exist, what each accepts, and how a call may name them."""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from tailor_local.bedrock.errors import ServiceError, invalid, not_found
from tailor_local.bedrock.faults import Faults
from tailor_local.bedrock.platform import Scope

# Regions that an inference profile may be called in, and that it answers from: docs, "Supported cross-Region inference
# profiles" and the table of Regions for batch inference.
GEOGRAPHIES = {
    "us": ("us-east-1", "us-east-2", "us-west-2"),
    "eu": ("eu-central-1", "eu-north-1", "eu-south-1", "eu-south-2", "eu-west-1", "eu-west-3"),
    "apac": ("ap-northeast-1", "ap-northeast-2", "ap-south-1", "ap-southeast-1", "ap-southeast-2"),
}
INVALID_IDENTIFIER = "The provided model identifier is invalid."


@dataclass(frozen=True)
class FoundationModel:
    id: str
    training_id: str
    name: str
    provider: str
    input: list[str]
    regions: list[str]
    training_regions: list[str]
    started: date
    methods: list[str]
    hyperparameters: str
    deployments: list[str]
    max_output_tokens: int
    direct: list[str]
    profiles: list[str]
    teacher: bool = False
    retired: bool = False
    record: str = "converse"  # of a fine-tuning file: converse or prompt-completion
    teachers: list[str] = field(default_factory=list)

    def profile_in(self, region: str) -> str | None:
        """Return the inference profile that may be called in a Region; None if there is none."""
        prefix = next((name for name, regions in GEOGRAPHIES.items() if region in regions), None)
        return f"{prefix}.{self.id}" if prefix in self.profiles else None

    @property
    def names(self) -> list[str]:
        """Return its id and those of all its profiles."""
        return [self.id, *(f"{prefix}.{self.id}" for prefix in self.profiles)]

    @property
    def context_tokens(self) -> int | None:
        """Return the context length of a training id's suffix such as ``:300k``; None without one."""
        suffix = re.search(r":(\d+)k$", self.training_id)
        return 1000 * int(suffix[1]) if suffix else None


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(files("tailor_local.bedrock").joinpath("foundation_models.toml").read_text())


@cache
def everything() -> tuple[FoundationModel, ...]:
    return tuple(FoundationModel(**entry) for entry in _data()["models"])


def hyperparameter_rules(model: FoundationModel) -> dict[str, dict[str, Any]]:
    return _data()["hyperparameters"][model.hyperparameters]  # type: ignore[no-any-return]


def by_training_id(identifier: str) -> FoundationModel | None:
    return next((model for model in everything() if model.training_id == identifier), None)


def of_model(base: str) -> FoundationModel:
    """Return the foundation model of a job or custom model, whose training id was checked when it was made."""
    return next(model for model in everything() if model.training_id == base)


def methods(model: FoundationModel, faults: Faults) -> list[str]:
    """Return a model's customization types at AWS, and those that the configuration adds."""
    return model.methods + [kind for kind, ids in faults.offer.items() if model.training_id in ids]


def listed(scope: Scope, faults: Faults) -> list[FoundationModel]:
    return [
        model
        for model in everything()
        if scope.region in model.regions and (not model.retired or methods(model, faults))
    ]


def details(scope: Scope, faults: Faults) -> list[dict[str, Any]]:
    """Return entries of ListFoundationModels: one for each id to invoke, one for each id to train."""
    entries = []
    for model in listed(scope, faults):
        entries.append(_details(scope, model, model.id, [], ["ON_DEMAND"] if scope.region in model.direct else []))
        if scope.region in model.training_regions:
            known = [m for m in methods(model, faults) if m != "REINFORCEMENT_FINE_TUNING"]  # not in the API's enum
            entries.append(_details(scope, model, model.training_id, known, ["PROVISIONED"]))
    return entries


def _details(
    scope: Scope, model: FoundationModel, identifier: str, customizations: list[str], inference: list[str]
) -> dict[str, Any]:
    started = datetime.combine(model.started, datetime.min.time(), UTC).timestamp()
    return {
        "modelArn": scope.arn("foundation-model", identifier),
        "modelId": identifier,
        "modelName": model.name[:20],
        "providerName": model.provider,
        "inputModalities": [kind for kind in model.input if kind != "VIDEO"],
        "outputModalities": ["TEXT"],
        "responseStreamingSupported": True,
        "customizationsSupported": customizations,
        "inferenceTypesSupported": inference,
        "modelLifecycle": {"status": "ACTIVE", "startOfLifeTime": started},
    }


def bare(identifier: str) -> str:
    """Return a foundation model's or profile's id, given an id or an ARN."""
    return identifier.rsplit("/", 1)[1] if identifier.startswith("arn:") else identifier


def invoked(identifier: str, scope: Scope, faults: Faults) -> FoundationModel:
    """Return the foundation model that an inference call names. Raises as Bedrock does for ids that can't be
    invoked."""
    name = bare(identifier)
    for model in listed(scope, faults):
        if name == model.profile_in(scope.region) or (name == model.id and scope.region in model.direct):
            return model
        if name == model.id:
            raise invalid(
                f"Invocation of model ID {name} with on-demand throughput isn’t supported. Retry your request with the "
                "ID or ARN of an inference profile that contains this model."
            )
        if name == model.training_id:
            raise not_found("Model not found.")  # a training id with its context suffix can't be invoked
    raise invalid(INVALID_IDENTIFIER)


def trained(identifier: str, scope: Scope) -> FoundationModel:
    """Return the foundation model that a customization job names by its training id."""
    model = by_training_id(bare(identifier))
    if model is None or scope.region not in model.training_regions:
        raise invalid(INVALID_IDENTIFIER)
    return model


def check_hyperparameters(model: FoundationModel, given: dict[str, str]) -> None:
    rules = hyperparameter_rules(model)
    for name, text in given.items():
        rule = rules.get(name)
        if rule is None:
            raise invalid(f"Hyperparameter {name} is not supported for {model.training_id}.")
        try:
            value = int(text) if rule["kind"] == "integer" else float(text)
        except ValueError as error:
            raise invalid(f"Hyperparameter {name} must be of type {rule['kind']}.") from error
        if not rule["minimum"] <= value <= rule["maximum"]:
            raise ServiceError(
                "ValidationException",
                f"Hyperparameter {name} must be between {rule['minimum']} and {rule['maximum']}.",
            )
