"""Two ways to serve a custom model, with one interface: on-demand deployments and Provisioned Throughput.

A create that repeats its token, or whose name is taken, returns what exists.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from botocore.exceptions import ClientError

from tailor.aws.failures import code_of, translated
from tailor.errors import ConflictError, NotOursError
from tailor.recipe_serving import Commitment

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

TAKEN = frozenset({"ConflictException", "ValidationException"})
PROVISIONED_ARN = ":provisioned-model/"
_DURATIONS: Mapping[Commitment, Literal["OneMonth", "SixMonths"]] = {"1-month": "OneMonth", "6-months": "SixMonths"}
# Bedrock's states of Provisioned Throughput, as those of a deployment. While it is updated, it answers.
_STATES = {"InService": "Active", "Updating": "Active"}


class HostingApi(Protocol):
    """Bedrock's operations for one way of serving models. ``what`` names it in errors."""

    what: str

    def create(self, name: str, model_arn: str, tags: list[dict[str, str]], units: int, commitment: str | None) -> str:
        """Return the ARN of a new one. The name is the request's token."""

    def get(self, identifier: str) -> dict[str, Any]:
        """Return the API's answer, with ``arn``, ``name``, ``modelArn`` and a deployment's ``status``."""

    def found(self, name_contains: str = "") -> Iterator[dict[str, Any]]:
        """Return summaries with ``arn``, ``name``, ``modelArn``, ``created`` and a deployment's ``status``."""

    def delete(self, identifier: str) -> None:
        """Delete one, irreversibly."""


class OnDemand:
    what = "deployment"

    def __init__(self, bedrock: "BedrockClient") -> None:
        self._bedrock = bedrock

    def create(self, name: str, model_arn: str, tags: list[dict[str, str]], units: int, commitment: str | None) -> str:
        request: dict[str, Any] = {"modelDeploymentName": name, "modelArn": model_arn, "clientRequestToken": name}
        return self._bedrock.create_custom_model_deployment(**request | _tagged(tags))["customModelDeploymentArn"]

    def get(self, identifier: str) -> dict[str, Any]:
        answer = self._bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
        return {**answer, "arn": answer["customModelDeploymentArn"], "name": answer["modelDeploymentName"]}

    def found(self, name_contains: str = "") -> Iterator[dict[str, Any]]:
        pages = self._bedrock.get_paginator("list_custom_model_deployments").paginate(**_containing(name_contains))
        for page in pages:
            for each in page.get("modelDeploymentSummaries", []):
                named = {"arn": each["customModelDeploymentArn"], "name": each["customModelDeploymentName"]}
                yield {**each, **named, "created": each["createdAt"]}

    def delete(self, identifier: str) -> None:
        self._bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=identifier)


class Provisioned:
    what = "provisioned throughput"

    def __init__(self, bedrock: "BedrockClient") -> None:
        self._bedrock = bedrock

    def create(self, name: str, model_arn: str, tags: list[dict[str, str]], units: int, commitment: str | None) -> str:
        request: dict[str, Any] = {"provisionedModelName": name, "modelId": model_arn, "clientRequestToken": name}
        request |= {"modelUnits": units} | _tagged(tags)
        request |= {"commitmentDuration": commitment} if commitment else {}
        return self._bedrock.create_provisioned_model_throughput(**request)["provisionedModelArn"]

    def get(self, identifier: str) -> dict[str, Any]:
        return _as_deployment(self._bedrock.get_provisioned_model_throughput(provisionedModelId=identifier))

    def found(self, name_contains: str = "") -> Iterator[dict[str, Any]]:
        pages = self._bedrock.get_paginator("list_provisioned_model_throughputs").paginate(**_containing(name_contains))
        for page in pages:
            yield from map(_as_deployment, page.get("provisionedModelSummaries", []))

    def delete(self, identifier: str) -> None:
        self._bedrock.delete_provisioned_model_throughput(provisionedModelId=identifier)


def create(
    api: HostingApi,
    name: str,
    model_arn: str,
    *,
    tags: Mapping[str, str],
    units: int = 1,
    commitment: Commitment | None = None,
) -> str:
    """Create one and return its ARN, or that of an existing one of this name and model.

    Raises:
        NotOursError: one of this name serves another model.
    """
    pairs = [{"key": key, "value": value} for key, value in sorted(tags.items())]
    with translated(f"creating the {api.what} {name}"):
        try:
            return api.create(name, model_arn, pairs, units, _DURATIONS[commitment] if commitment else None)
        except ClientError as error:
            existing = find(api, name) if code_of(error) in TAKEN else None
            if existing is None:
                raise
            if existing["modelArn"] != model_arn:
                message = f"the {api.what} {name} exists and serves another model: {existing['modelArn']}"
                raise NotOursError(message) from error
            return str(existing["arn"])


def find(api: HostingApi, name: str) -> dict[str, Any] | None:
    """Return the one of exactly this name, or None."""
    return next((found for found in listed(api, name) if found["name"] == name), None)


def listed(api: HostingApi, name_contains: str = "") -> Iterator[dict[str, Any]]:
    """Return summaries of the account's, optionally only of those whose name contains a text."""
    with translated(f"listing every {api.what}"):
        yield from api.found(name_contains)


def get(api: HostingApi, identifier: str) -> dict[str, Any]:
    """Return one by ARN or name. Raises NotFoundError."""
    with translated(f"reading the {api.what} {identifier}"):
        return api.get(identifier)


def delete(api: HostingApi, identifier: str) -> None:
    """Delete one, irreversibly; keep the custom model. Idempotent.

    Model units with a commitment stay until its end: Bedrock refuses to delete them before.
    """
    with translated(f"deleting the {api.what} {identifier}"):
        try:
            api.delete(identifier)
        except ClientError as error:
            code = code_of(error)
            if code != "ResourceNotFoundException" and not (code in TAKEN and _is_bound(api, identifier)):
                raise


def _is_bound(api: HostingApi, identifier: str) -> bool:
    """Return whether a commitment lasts; what is gone by now is not bound."""
    try:
        until = api.get(identifier).get("commitmentExpirationTime")
    except ClientError:
        return False
    return until is not None and until > datetime.now(UTC)


def repoint(bedrock: "BedrockClient", arn: str, model_arn: str, name: str) -> None:
    """Have model units serve another model of the same base, under another name. Idempotent.

    Raises:
        ConflictError: an earlier update lasts.
        NotFoundError: they are gone.
    """
    with translated(f"having {arn} serve {model_arn}"):
        found = bedrock.get_provisioned_model_throughput(provisionedModelId=arn)
        wanted: dict[str, Any] = {}
        if found["desiredModelArn"] != model_arn:
            wanted["desiredModelId"] = model_arn
        if found["provisionedModelName"] != name:
            wanted["desiredProvisionedModelName"] = name
        if not wanted:
            return
        if found["status"] == "Updating":
            raise ConflictError(f"{arn} is being updated already")
        bedrock.update_provisioned_model_throughput(provisionedModelId=arn, **wanted)


def _as_deployment(answer: Mapping[str, Any]) -> dict[str, Any]:
    status = _STATES.get(answer["status"], answer["status"])
    named = {"arn": answer["provisionedModelArn"], "name": answer["provisionedModelName"]}
    named |= {"created": answer["creationTime"]}
    return {**answer, **named, "status": status}


def _containing(name: str) -> dict[str, Any]:
    return {"nameContains": name} if name else {}


def _tagged(tags: list[dict[str, str]]) -> dict[str, Any]:
    return {"tags": tags} if tags else {}
