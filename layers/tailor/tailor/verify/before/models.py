"""Check that Bedrock has the catalogue's models here, in the stated state and for the stated methods."""

from typing import Any

from tailor import catalog
from tailor.catalog import Model
from tailor.training.preflight import LISTED
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.world import World

_LIFECYCLE = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-lifecycle.html"
_METHODS = "https://docs.aws.amazon.com/bedrock/latest/userguide/custom-model-supported.html"


def _here(world: World) -> list[Model]:
    found = [model for model in catalog.models() if world.region in model.regions]
    if not found:
        raise CannotCheckError(f"the catalogue knows no model that can be customized in {world.region}")
    return found


def _lifecycle(world: World) -> dict[str, Any]:
    seen = {model.name: _status(world, model) for model in _here(world)}
    assumed = {model.name: model.lifecycle.status.upper() for model in _here(world)}
    differing = {name: said for name, said in seen.items() if assumed[name] != "UNKNOWN" and said != assumed[name]}
    return {"models": seen, "otherwise than the catalogue says": differing}


def _status(world: World, model: Model) -> str:
    """Return ACTIVE or LEGACY as Bedrock says, RETIRED if it no longer has the model."""
    for identifier in (model.training_id, model.base_id):
        answer = world.call("bedrock", "get_foundation_model", modelIdentifier=identifier).asked()
        if answer.ok:
            return str(answer.document["modelDetails"].get("modelLifecycle", {}).get("status", "not said"))
    return "RETIRED"


def _methods(world: World) -> dict[str, Any]:
    offered = {
        method: {
            summary["modelId"]
            for summary in world.call("bedrock", "list_foundation_models", byCustomizationType=listed).needed()[
                "modelSummaries"
            ]
        }
        for method, listed in LISTED.items()
    }
    missing = []
    for model in _here(world):
        for method, facts in model.methods.items():
            known = offered.get("fine-tuning" if facts.record == "document" else method)  # documents are learnt so
            if model.can_be_trained and known is not None and not _among(model, known):
                missing.append(f"{model.name}: {method}")
    return {"listed": {method: len(found) for method, found in offered.items()}, "missing": sorted(missing)}


def _among(model: Model, offered: set[str]) -> bool:
    return any(identifier in model.ids or identifier.startswith(f"{model.base_id}:") for identifier in offered)


CHECKS = (
    Check(
        id="models-lifecycle",
        assumption="The models that the catalogue lists for this Region have the state that it states: active "
        "ones accept jobs, legacy ones do not.",
        source=_LIFECYCLE,
        when="before deploying",
        expected={"otherwise than the catalogue says": {}},
        look=_lifecycle,
        permissions=("bedrock:GetFoundationModel",),
        varies=frozenset({"models"}),
    ),
    Check(
        id="models-customizable",
        assumption="Bedrock offers the catalogue's models in this Region for the methods in the catalogue.",
        source=_METHODS,
        when="before deploying",
        expected={"missing": []},
        look=_methods,
        permissions=("bedrock:ListFoundationModels",),
        varies=frozenset({"listed"}),
    ),
)
