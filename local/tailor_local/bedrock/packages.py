"""Model packages: versions in a group that name a checkpoint. Bedrock imports those of restricted storage.

AWS makes such packages of its own trainings. Here a caller makes one of a checkpoint in SageMaker's bucket.
"""

import time
from collections.abc import Mapping
from typing import Any

from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import ModelPackage, State


def package_arn(scope: Scope, name: str) -> str:
    """Return the ARN of a package, ``<group>/<version>``, or of a pattern of them."""
    return f"arn:aws:sagemaker:{scope.region}:{scope.account}:model-package/{name}"


def resource(scope: Scope, operation: str, request: Mapping[str, Any]) -> str:
    """Return the ARN that a request about packages needs a permission on."""
    if operation == "CreateModelPackage":
        group = str(request.get("ModelPackageGroupName", "")).rpartition("/")[2]
        return package_arn(scope, f"{group}/*")
    name = str(request.get("ModelPackageName", ""))
    return name if name.startswith("arn:") else package_arn(scope, name)


def create(state: State, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
    group = str(request.get("ModelPackageGroupName", "")).rpartition("/")[2]
    if not group:
        raise _invalid("ModelPackageGroupName is required.")  # packages without versions are not part of this stand-in
    if request.get("ManagedStorageType") == "Restricted":
        _checkpoint(request)
    prefix = package_arn(scope, f"{group}/")
    arn = f"{prefix}{1 + sum(known.startswith(prefix) for known in state.packages)}"
    state.packages[arn] = ModelPackage(arn=arn, created=time.time(), request=request)
    if tags := {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}:
        state.tags[arn] = tags
    return {"ModelPackageArn": arn}


def describe(state: State, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
    package = state.packages.get(resource(scope, "DescribeModelPackage", request))
    if package is None:
        raise _invalid(f"ModelPackage {request['ModelPackageName']} does not exist.")
    group, version = package.arn.split("/")[-2:]
    given = ("InferenceSpecification", "ManagedStorageType", "ModelPackageDescription", "ModelApprovalStatus")
    return {
        "ModelPackageName": f"{group}-{version}",
        "ModelPackageGroupName": group,
        "ModelPackageVersion": int(version),
        "ModelPackageArn": package.arn,
        "CreationTime": package.created,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": []},
        **{name: package.request[name] for name in given if name in package.request},
    }


def checkpoint_of(state: State, arn: str) -> str | None:
    """Return the folder of a package's checkpoint; None for a package that is not there, or not restricted."""
    package = state.packages.get(arn)
    if package is None or package.request.get("ManagedStorageType") != "Restricted":
        return None
    return _checkpoint(package.request)


def _checkpoint(request: Mapping[str, Any]) -> str:
    containers = (request.get("InferenceSpecification") or {}).get("Containers") or [{}]
    source = (containers[0].get("ModelDataSource") or {}).get("S3DataSource") or {}
    if "S3Uri" not in source:
        raise _invalid("InferenceSpecification names no ModelDataSource.")
    return str(source["S3Uri"]).rstrip("/")


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)
