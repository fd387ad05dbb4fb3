"""On-demand deployments of custom models, and provisioned throughput."""

from typing import Any

from tailor_local import timelapse
from tailor_local.bedrock import foundation
from tailor_local.bedrock.context import Call, find, page, wanted
from tailor_local.bedrock.errors import conflict, invalid, over_quota
from tailor_local.bedrock.models import find_model
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Deployment, State, Throughput


def find_deployment(state: State, scope: Scope, identifier: str) -> Deployment:
    return find(state.deployments, scope, identifier, "custom model deployment")


def settle(deployment: Deployment, now: float) -> None:
    """Let an update that has had its time take effect."""
    if deployment.update and now >= deployment.update["ready"]:
        deployment.model_arn = deployment.update["model_arn"]


def create_deployment(call: Call) -> dict[str, Any]:
    repeated = call.repeated()
    if repeated:
        return {"customModelDeploymentArn": repeated}
    model = find_model(call.state, call.scope, call.request["modelArn"])
    if model.status(call.now) != "Active":  # required by the API reference, which gives no wording of its own
        raise invalid("The custom model must be in the Active state.")
    base = foundation.of_model(model.base)
    if "ON_DEMAND" not in base.deployments or model.technique == "full":
        raise invalid("The provided model does not support on-demand deployment.")
    name = call.request["modelDeploymentName"]
    own = [item for item in call.state.deployments.values() if call.scope.owns(item.arn)]
    if any(item.name == name for item in own):
        raise invalid("The provided deployment name is already in use.")
    _check_deployment_quotas(call, own)
    deployment = Deployment(
        arn=call.scope.arn("custom-model-deployment", call.state.new_id()),
        name=name,
        model_arn=model.arn,
        created=call.now,
        updated=call.now,
        ready=call.now + timelapse.seconds(timelapse.DEPLOYMENT_MINUTES),
        description=call.request.get("description"),
        failure=call.standin.desk.deployment_failure(),
    )
    call.state.deployments[deployment.arn] = deployment
    call.tag(deployment.arn, "tags")
    call.remember_token(deployment.arn)
    return {"customModelDeploymentArn": deployment.arn}


def _check_deployment_quotas(call: Call, own: list[Deployment]) -> None:
    if len(own) >= call.standin.quota("deployments"):
        raise over_quota("You have reached the maximum number of custom model deployments for your account.")
    creating = sum(item.status(call.now) == "Creating" for item in own)
    if creating >= call.standin.quota("deployments-in-progress"):
        raise over_quota("You have reached the maximum number of custom model deployments in progress.")


def get_deployment(call: Call) -> dict[str, Any]:
    deployment = find_deployment(call.state, call.scope, call.request["customModelDeploymentIdentifier"])
    settle(deployment, call.now)
    status = deployment.status(call.now)
    update = None
    if deployment.update:
        done = call.now >= deployment.update["ready"]
        update = {
            "modelArn": deployment.update["model_arn"],
            "updateStatus": "UpdateCompleted" if done else "Updating",
        }
    return {
        "customModelDeploymentArn": deployment.arn,
        "modelDeploymentName": deployment.name,
        "modelArn": deployment.model_arn,
        "createdAt": deployment.created,
        "lastUpdatedAt": max(deployment.updated, min(call.now, deployment.ready)),
        "status": status,
        "description": deployment.description,
        "failureMessage": deployment.failure if status == "Failed" else None,
        "updateDetails": update,
    }


def list_deployments(call: Call) -> dict[str, Any]:
    request = call.request
    items = []
    for deployment in call.state.deployments.values():
        settle(deployment, call.now)
        status = deployment.status(call.now)
        if (
            call.scope.owns(deployment.arn)
            and wanted(request, deployment.name, deployment.created, "createdBefore", "createdAfter")
            and request.get("statusEquals", status) == status
            and request.get("modelArnEquals", deployment.model_arn) == deployment.model_arn
        ):
            items.append(
                {
                    "customModelDeploymentArn": deployment.arn,
                    "customModelDeploymentName": deployment.name,
                    "modelArn": deployment.model_arn,
                    "createdAt": deployment.created,
                    "lastUpdatedAt": max(deployment.updated, min(call.now, deployment.ready)),
                    "status": status,
                    "failureMessage": deployment.failure if status == "Failed" else None,
                }
            )
    return page(call, items, "modelDeploymentSummaries", "createdAt")


def update_deployment(call: Call) -> dict[str, Any]:
    deployment = find_deployment(call.state, call.scope, call.request["customModelDeploymentIdentifier"])
    settle(deployment, call.now)
    if deployment.status(call.now) != "Active":
        raise invalid("The custom model deployment must be Active to be updated.")
    if deployment.update and call.now < deployment.update["ready"]:
        raise invalid("An update of the custom model deployment is in progress.")
    model = find_model(call.state, call.scope, call.request["modelArn"])
    if model.base != call.state.models[deployment.model_arn].base:
        raise invalid("The new model must have the same base model as the deployed one.")
    wait = timelapse.seconds(timelapse.DEPLOYMENT_UPDATE_MINUTES)
    deployment.update = {"model_arn": model.arn, "ready": call.now + wait}
    deployment.updated = call.now
    return {"customModelDeploymentArn": deployment.arn}


def delete_deployment(call: Call) -> dict[str, Any]:
    deployment = find_deployment(call.state, call.scope, call.request["customModelDeploymentIdentifier"])
    if deployment.status(call.now) == "Creating":
        raise conflict("The custom model deployment can't be deleted while it is being created.")
    del call.state.deployments[deployment.arn]
    call.state.tags.pop(deployment.arn, None)
    return {}


def find_throughput(state: State, scope: Scope, identifier: str) -> Throughput:
    return find(state.throughputs, scope, identifier, "provisioned model")


def create_throughput(call: Call) -> dict[str, Any]:
    repeated = call.repeated()
    if repeated:
        return {"provisionedModelArn": repeated}
    request = call.request
    model = find_model(call.state, call.scope, request["modelId"])
    if not model.base:
        raise invalid("The custom model must be in the Active state.")
    base = foundation.of_model(model.base)
    if "PROVISIONED" not in base.deployments:
        raise invalid("The provided model does not support provisioned throughput.")
    own = [item for item in call.state.throughputs.values() if call.scope.owns(item.arn)]
    if any(item.name == request["provisionedModelName"] for item in own):
        raise invalid("The provided provisioned model name is already in use.")
    _check_unit_quota(call, own, base.name)
    throughput = Throughput(
        arn=call.scope.arn("provisioned-model", call.state.new_id()),
        name=request["provisionedModelName"],
        model_arn=model.arn,
        units=request["modelUnits"],
        created=call.now,
        modified=call.now,
        ready=call.now + timelapse.seconds(timelapse.PROVISIONING_MINUTES),
        commitment=request.get("commitmentDuration"),
    )
    call.state.throughputs[throughput.arn] = throughput
    call.tag(throughput.arn, "tags")
    call.remember_token(throughput.arn)
    return {"provisionedModelArn": throughput.arn}


def _check_unit_quota(call: Call, own: list[Throughput], base: str) -> None:
    """Model units with and without a commitment count apart."""
    bound = call.request.get("commitmentDuration") is not None
    used = sum(item.units for item in own if (item.commitment is not None) is bound)
    if used + call.request["modelUnits"] > call.standin.quota("committed-model-units" if bound else "model-units"):
        kind, where = ("committed", "AWS Support") if bound else ("no commitment", "Service Quotas")
        raise over_quota(
            f"Your account does not currently have any {kind} model units reserved for {base}. "
            f"Request an increase through {where}."
        )


def get_throughput(call: Call) -> dict[str, Any]:
    throughput = find_throughput(call.state, call.scope, call.request["provisionedModelId"])
    return _throughput(call, throughput)


def list_throughputs(call: Call) -> dict[str, Any]:
    request = call.request
    items = []
    for throughput in call.state.throughputs.values():
        shown = _throughput(call, throughput)
        if (
            call.scope.owns(throughput.arn)
            and wanted(request, throughput.name, throughput.created, "creationTimeBefore", "creationTimeAfter")
            and request.get("statusEquals", shown["status"]) == shown["status"]
            and request.get("modelArnEquals", shown["modelArn"]) == shown["modelArn"]
        ):
            items.append(shown)
    return page(call, items, "provisionedModelSummaries", "creationTime")


def _throughput(call: Call, throughput: Throughput) -> dict[str, Any]:
    if throughput.desired_model_arn and call.now >= throughput.ready:
        throughput.model_arn, throughput.desired_model_arn = throughput.desired_model_arn, None
    model = call.state.models[throughput.model_arn]
    return {
        "provisionedModelName": throughput.name,
        "provisionedModelArn": throughput.arn,
        "modelUnits": throughput.units,
        "desiredModelUnits": throughput.units,
        "modelArn": throughput.model_arn,
        "desiredModelArn": throughput.desired_model_arn or throughput.model_arn,
        "foundationModelArn": call.scope.arn("foundation-model", model.base),
        "status": throughput.status(call.now),
        "creationTime": throughput.created,
        "lastModifiedTime": throughput.modified,
        "commitmentDuration": throughput.commitment,
        "commitmentExpirationTime": _bound_until(throughput),
    }


def _bound_until(throughput: Throughput) -> float | None:
    """Return the end of a commitment; it is not shortened by time-lapse."""
    days = {"OneMonth": 30, "SixMonths": 180}.get(throughput.commitment or "")
    return throughput.created + days * 86_400 if days else None


def update_throughput(call: Call) -> dict[str, Any]:
    request = call.request
    throughput = find_throughput(call.state, call.scope, request["provisionedModelId"])
    if throughput.status(call.now) != "InService":
        raise invalid("The provisioned model must be InService to be updated.")
    if "desiredModelId" in request:
        model = find_model(call.state, call.scope, request["desiredModelId"])
        if model.base != call.state.models[throughput.model_arn].base:
            raise invalid("The desired model must have the same base model.")
        throughput.desired_model_arn = model.arn
        throughput.ready = call.now + timelapse.seconds(timelapse.DEPLOYMENT_UPDATE_MINUTES)
    throughput.name = request.get("desiredProvisionedModelName", throughput.name)
    throughput.modified = call.now
    return {}


def delete_throughput(call: Call) -> dict[str, Any]:
    throughput = find_throughput(call.state, call.scope, call.request["provisionedModelId"])
    bound_until = _bound_until(throughput)
    if bound_until is not None and call.now < bound_until:
        raise conflict("The provisioned model can't be deleted before its commitment ends.")
    if throughput.status(call.now) == "Creating":
        raise conflict("The provisioned model can't be deleted while it is being created.")
    del call.state.throughputs[throughput.arn]
    call.state.tags.pop(throughput.arn, None)
    return {}
