"""Map each operation to the IAM actions and resources it needs, from AWS's service authorization reference.

A model's own key: docs.aws.amazon.com/bedrock, "Encryption of custom models": who submits a job gives Bedrock a grant.

Converse and its stream have no actions of their own: they need InvokeModel and InvokeModelWithResponseStream.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tailor_local.bedrock import foundation
from tailor_local.bedrock.platform import Scope

INVOKING = ("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream")
ACTIONS = {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"}
# Member that names the resource, and the resource's type.
NAMED = {
    "GetModelCustomizationJob": ("jobIdentifier", "model-customization-job"),
    "StopModelCustomizationJob": ("jobIdentifier", "model-customization-job"),
    "GetCustomModel": ("modelIdentifier", "custom-model"),
    "DeleteCustomModel": ("modelIdentifier", "custom-model"),
    "CreateCustomModelDeployment": ("modelArn", "custom-model"),
    "GetCustomModelDeployment": ("customModelDeploymentIdentifier", "custom-model-deployment"),
    "DeleteCustomModelDeployment": ("customModelDeploymentIdentifier", "custom-model-deployment"),
    "GetProvisionedModelThroughput": ("provisionedModelId", "provisioned-model"),
    "DeleteProvisionedModelThroughput": ("provisionedModelId", "provisioned-model"),
    "CreateProvisionedModelThroughput": ("modelId", "custom-model"),
    "GetFoundationModel": ("modelIdentifier", "foundation-model"),
    "GetGuardrail": ("guardrailIdentifier", "guardrail"),
    "DeleteGuardrail": ("guardrailIdentifier", "guardrail"),
    "CreateGuardrailVersion": ("guardrailIdentifier", "guardrail"),
}
PASSING = ("CreateModelCustomizationJob", "CreateCustomModel")
OF_A_KEY = ("kms:CreateGrant", "kms:DescribeKey", "kms:GenerateDataKey", "kms:Decrypt")
OF_A_PACKAGE = (
    "sagemaker:DescribeModelPackage",
    "sagemaker:AccessModelPackageData",
)  # says API_ModelPackageArnDataSource
TAGGED = {
    "CreateModelCustomizationJob": (("jobTags", "model-customization-job"), ("customModelTags", "custom-model")),
    "CreateCustomModel": (("modelTags", "custom-model"),),
    "CreateCustomModelDeployment": (("tags", "custom-model-deployment"),),
    "CreateProvisionedModelThroughput": (("tags", "provisioned-model"),),
}


@dataclass(frozen=True)
class Check:
    """The caller must be allowed this. ``context`` holds condition keys."""

    action: str
    resource: str
    context: Mapping[str, str] = field(default_factory=dict)


def checks(operation: str, request: dict[str, Any], scope: Scope) -> Iterator[Check]:
    """Return all checks that a request needs; AWS names the first one that is denied."""
    action = f"bedrock:{ACTIONS.get(operation, operation)}"
    if operation in INVOKING:
        for resource, context in _invoked(str(request.get("modelId", "")), scope):
            yield Check(action, resource, context)
        if guardrail := (request.get("guardrailConfig") or {}).get("guardrailIdentifier"):
            yield Check("bedrock:ApplyGuardrail", _arn(str(guardrail), "guardrail", scope))
    else:
        for resource in _resources(operation, request, scope):
            yield Check(action, resource)
    for member, kind in TAGGED.get(operation, ()):
        if request.get(member):
            yield Check("bedrock:TagResource", scope.arn(kind, "*"))
    package = ((request.get("customModelDataSource") or {}).get("modelPackageArnDataSource") or {}).get(
        "modelPackageArn"
    )
    for action in OF_A_PACKAGE if package else ():
        yield Check(action, str(package))
    if operation in PASSING and "roleArn" in request:
        yield Check("iam:PassRole", request["roleArn"], {"iam:PassedToService": "bedrock.amazonaws.com"})
    if key := request.get("customModelKmsKeyId") or request.get("modelKmsKeyArn") or "":
        named = key if key.startswith("arn:") else f"arn:aws:kms:{scope.region}:{scope.account}:key/{key}"
        for action in OF_A_KEY:
            yield Check(action, named, {"kms:GrantIsForAWSResource": "true"} if action == OF_A_KEY[0] else {})


def _resources(operation: str, request: dict[str, Any], scope: Scope) -> Iterator[str]:
    if operation == "CreateModelCustomizationJob":
        yield _arn(str(request.get("baseModelIdentifier", "")), "foundation-model", scope)
        yield scope.arn("custom-model", "*")
    elif operation == "CreateCustomModel":
        yield scope.arn("custom-model", "*")
    elif operation == "UpdateCustomModelDeployment":
        yield _arn(str(request.get("customModelDeploymentIdentifier", "")), "custom-model-deployment", scope)
        yield _arn(str(request.get("modelArn", "")), "custom-model", scope)
    elif operation == "UpdateProvisionedModelThroughput":
        yield _arn(str(request.get("provisionedModelId", "")), "provisioned-model", scope)
        if "desiredModelId" in request:
            yield _arn(str(request["desiredModelId"]), "custom-model", scope)
    elif operation in NAMED:
        member, kind = NAMED[operation]
        yield _arn(str(request.get(member, "")), kind, scope)
    elif "resourceARN" in request:
        yield str(request["resourceARN"])
    else:
        yield "*"  # lists can't be limited to a resource


def _invoked(identifier: str, scope: Scope) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Resources that a call needs, with the condition keys that come with each: a profile, and the model in all Regions
    that it may answer from, called through it."""
    if identifier.startswith("arn:") and ":inference-profile/" not in identifier:
        yield identifier, {}
        return
    name = foundation.bare(identifier)
    profiled = next((model for model in foundation.everything() if name in model.names[1:]), None)
    if profiled is None:
        yield scope.arn("foundation-model", name), {}
        return
    profile = scope.arn("inference-profile", name)
    yield profile, {}
    for region in foundation.GEOGRAPHIES[name.partition(".")[0]]:
        model = Scope(scope.account, region).arn("foundation-model", profiled.id)
        yield model, {"bedrock:InferenceProfileArn": profile}


def _arn(identifier: str, kind: str, scope: Scope) -> str:
    return identifier if identifier.startswith("arn:") else scope.arn(kind, identifier)
