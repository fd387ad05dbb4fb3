"""Custom models, foundation models and tags."""

from collections.abc import Callable
from typing import Any

from tailor_local.bedrock import foundation
from tailor_local.bedrock.context import Call, find, page, wanted
from tailor_local.bedrock.errors import conflict, invalid, not_found
from tailor_local.bedrock.imports import IMPORTED
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Deployment, Model, State, Throughput

TAG_LIMIT = 50


def find_model(state: State, scope: Scope, identifier: str) -> Model:
    return find(state.models, scope, identifier, "model")


def get_custom_model(call: Call) -> dict[str, Any]:
    model = find_model(call.state, call.scope, call.request["modelIdentifier"])
    status = model.status(call.now)
    shown = {
        "modelArn": model.arn,
        "modelName": model.name,
        "baseModelArn": call.scope.arn("foundation-model", model.base) if model.base else None,
        "creationTime": model.created,
        "modelStatus": status,
        "failureMessage": model.failure if status == "Failed" else None,
    }
    if model.job_arn is None:
        imported = model.imported or {}
        return shown | {"customizationType": IMPORTED, "modelKmsKeyArn": imported.get("key")}
    job = call.state.jobs[model.job_arn]
    given = job.request
    return shown | {
        "jobName": job.name,
        "jobArn": job.arn,
        "customizationType": job.method,
        "modelKmsKeyArn": given.get("customModelKmsKeyId"),
        "hyperParameters": given.get("hyperParameters"),
        "trainingDataConfig": given["trainingDataConfig"],
        "validationDataConfig": given.get("validationDataConfig"),
        "outputDataConfig": given["outputDataConfig"],
        "customizationConfig": given.get("customizationConfig"),
        "trainingMetrics": {"trainingLoss": job.training_loss},
        "validationMetrics": [{"validationLoss": loss} for loss in job.validation_losses],
    }


def list_custom_models(call: Call) -> dict[str, Any]:
    request = call.request
    items = []
    for model in call.state.models.values():
        base_arn = call.scope.arn("foundation-model", model.base) if model.base else None
        if (
            call.scope.owns(model.arn)
            and wanted(request, model.name, model.created, "creationTimeBefore", "creationTimeAfter")
            and request.get("baseModelArnEquals", base_arn) == base_arn
            and request.get("foundationModelArnEquals", base_arn) == base_arn
            and request.get("modelStatus", model.status(call.now)) == model.status(call.now)
        ):
            items.append(
                {
                    "modelArn": model.arn,
                    "modelName": model.name,
                    "creationTime": model.created,
                    "baseModelArn": base_arn,
                    "baseModelName": model.base.split(":")[0] or None,
                    "customizationType": call.state.jobs[model.job_arn].method if model.job_arn else IMPORTED,
                    "ownerAccountId": call.scope.account,
                    "modelStatus": model.status(call.now),
                }
            )
    return page(call, items, "modelSummaries", "creationTime")


def delete_custom_model(call: Call) -> dict[str, Any]:
    model = find_model(call.state, call.scope, call.request["modelIdentifier"])
    users: list[Deployment | Throughput] = [*call.state.deployments.values(), *call.state.throughputs.values()]
    for user in users:
        if user.model_arn == model.arn:
            raise conflict(f"The model {model.arn} can't be deleted while {user.arn} uses it.")
    del call.state.models[model.arn]
    call.state.tags.pop(model.arn, None)
    if model.weights:
        (call.standin.directory / model.weights).unlink(missing_ok=True)
    return {}


def get_foundation_model(call: Call) -> dict[str, Any]:
    name = foundation.bare(call.request["modelIdentifier"])
    for entry in foundation.details(call.scope, call.standin.desk.faults):
        if entry["modelId"] == name:
            return {"modelDetails": entry}
    raise not_found("The provided model identifier is not found.")


def list_foundation_models(call: Call) -> dict[str, Any]:
    request = call.request
    filters: dict[str, Callable[[dict[str, Any], str], bool]] = {
        "byProvider": lambda entry, value: entry["providerName"].lower() == value.lower(),
        "byCustomizationType": lambda entry, value: value in entry["customizationsSupported"],
        "byOutputModality": lambda entry, value: value in entry["outputModalities"],
        "byInferenceType": lambda entry, value: value in entry["inferenceTypesSupported"],
    }
    entries = [
        entry
        for entry in foundation.details(call.scope, call.standin.desk.faults)
        if all(fits(entry, request[name]) for name, fits in filters.items() if name in request)
    ]
    return {"modelSummaries": entries}


def tag_resource(call: Call) -> dict[str, Any]:
    arn = _taggable(call)
    tags = call.state.tags.setdefault(arn, {})
    new = {tag["key"]: tag["value"] for tag in call.request["tags"]}
    if len(tags | new) > TAG_LIMIT:
        raise invalid(f"A resource can have at most {TAG_LIMIT} tags.")
    tags.update(new)
    return {}


def untag_resource(call: Call) -> dict[str, Any]:
    tags = call.state.tags.get(_taggable(call), {})
    for key in call.request["tagKeys"]:
        tags.pop(key, None)
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    tags = call.state.tags.get(_taggable(call), {})
    return {"tags": [{"key": key, "value": value} for key, value in tags.items()]}


def _taggable(call: Call) -> str:
    arn: str = call.request["resourceARN"]
    state = call.state
    if any(arn in resources for resources in (state.jobs, state.models, state.deployments, state.throughputs)):
        return arn
    raise not_found(f"The resource {arn} is not found.")
