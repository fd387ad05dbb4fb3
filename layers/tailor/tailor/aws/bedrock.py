"""Bedrock's control plane: customization jobs, custom models, deployments, foundation models.

Bedrock ignores a create that repeats its token, or reports that the name is taken. Both mean that the object exists,
so a create here returns it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tailor.aws import hosting
from tailor.aws.clients import client
from tailor.aws.failures import code_of, translated
from tailor.catalog import DeploymentKind
from tailor.errors import NotFoundError
from tailor.recipe_serving import Commitment

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient


class Bedrock:
    """Client of the control plane. Answers are Bedrock's own documents.

    Raises tailor.errors: NotFoundError, NotAllowedError, ConflictError, InvalidInputError, QuotaError (wait for other
    jobs to end), ThrottledError and RetryableError.
    """

    def __init__(self, bedrock: "BedrockClient | None" = None) -> None:
        self._bedrock: BedrockClient = bedrock or client("bedrock")
        self._apis: Mapping[DeploymentKind, hosting.HostingApi] = {
            "on-demand": hosting.OnDemand(self._bedrock),
            "provisioned": hosting.Provisioned(self._bedrock),
        }

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a job, a custom model, a deployment or Provisioned Throughput."""
        with translated(f"reading the tags of {arn}"):
            return {tag["key"]: tag["value"] for tag in self._bedrock.list_tags_for_resource(resourceARN=arn)["tags"]}

    # ------------------------------------------------------------ customization jobs

    def create_job(self, request: Mapping[str, Any]) -> str:
        """Create a job and return its ARN, or that of the existing job with this name."""
        name = request["jobName"]
        with translated(f"creating the customization job {name}"):
            try:
                return self._bedrock.create_model_customization_job(**request)["jobArn"]
            except ClientError as error:
                existing = self.find_job(name) if code_of(error) in hosting.TAKEN else None
                if existing is None:
                    raise
                return str(existing["jobArn"])

    def find_job(self, name: str) -> dict[str, Any] | None:
        """Return the job of this exact name: ``jobArn``, ``jobName``, ``status``, ``statusDetails``,
        ``creationTime``; None if there is none.
        """
        with translated(f"looking for the customization job {name}"):
            pages = self._bedrock.get_paginator("list_model_customization_jobs").paginate(nameContains=name)
            summaries = (summary for page in pages for summary in page["modelCustomizationJobSummaries"])
            return next((dict(summary) for summary in summaries if summary["jobName"] == name), None)

    def get_job(self, identifier: str) -> dict[str, Any]:
        """Return GetModelCustomizationJob's answer, by ARN or name."""
        with translated(f"reading the customization job {identifier}"):
            return dict(self._bedrock.get_model_customization_job(jobIdentifier=identifier))

    def stop_job(self, identifier: str) -> None:
        """Stop a job. Does nothing if it has ended or is stopping."""
        with translated(f"stopping the customization job {identifier}"):
            try:
                self._bedrock.stop_model_customization_job(jobIdentifier=identifier)
            except ClientError as error:
                if code_of(error) not in hosting.TAKEN or self.get_job(identifier).get("status") == "InProgress":
                    raise

    def open_jobs(self) -> list[dict[str, Any]]:
        """Return summaries of the account's running jobs, which count against the quota."""
        with translated("listing customization jobs"):
            pages = self._bedrock.get_paginator("list_model_customization_jobs").paginate(statusEquals="InProgress")
            return [dict(summary) for page in pages for summary in page["modelCustomizationJobSummaries"]]

    # ------------------------------------------------------------ custom models

    def find_model(self, name: str) -> dict[str, Any] | None:
        """Return the custom model of exactly this name: ``modelArn``, ``modelName``, ``creationTime``."""
        return next((found for found in self.list_models(name) if found["modelName"] == name), None)

    def list_models(self, name_contains: str = "") -> Iterator[dict[str, Any]]:
        """Return summaries of the account's custom models, optionally of those whose name contains a text."""
        given: dict[str, Any] = {"nameContains": name_contains} if name_contains else {}
        with translated("listing custom models"):
            for page in self._bedrock.get_paginator("list_custom_models").paginate(**given):
                yield from (dict(summary) for summary in page["modelSummaries"])

    def get_model(self, identifier: str) -> dict[str, Any]:
        """Return GetCustomModel's answer, by ARN or name."""
        with translated(f"reading the custom model {identifier}"):
            return dict(self._bedrock.get_custom_model(modelIdentifier=identifier))

    def create_model(self, request: Mapping[str, Any]) -> str:
        """Import a model that SageMaker AI trained, and return its ARN, or that of the existing model of this name."""
        name = request["modelName"]
        with translated(f"importing the custom model {name}"):
            try:
                return self._bedrock.create_custom_model(**request)["modelArn"]
            except ClientError as error:
                existing = self.find_model(name) if code_of(error) in hosting.TAKEN else None
                if existing is None:
                    raise
                return str(existing["modelArn"])

    def delete_model(self, identifier: str) -> None:
        """Delete a custom model, irreversibly. Idempotent. Raises ConflictError while it is deployed."""
        with translated(f"deleting the custom model {identifier}"):
            try:
                self._bedrock.delete_custom_model(modelIdentifier=identifier)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    # ------------------------------------------------------------ deployments and Provisioned Throughput

    def create_deployment(
        self,
        name: str,
        model_arn: str,
        *,
        tags: Mapping[str, str],
        kind: DeploymentKind = "on-demand",
        units: int = 1,
        commitment: Commitment | None = None,
    ) -> str:
        """Create a deployment or Provisioned Throughput, see :func:`tailor.aws.hosting.create`."""
        return hosting.create(self._apis[kind], name, model_arn, tags=tags, units=units, commitment=commitment)

    def list_deployments(self, kind: DeploymentKind = "on-demand") -> Iterator[dict[str, Any]]:
        """Return summaries of the account's."""
        return hosting.listed(self._apis[kind])

    def get_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        """Return one by ARN, whatever its kind, or by name. Provisioned Throughput has a deployment's status here."""
        return hosting.get(self._api(identifier, kind), identifier)

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        """Have Provisioned Throughput serve another model, see :func:`tailor.aws.hosting.repoint`."""
        hosting.repoint(self._bedrock, arn, model_arn, name)

    def delete_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> None:
        """Delete one, irreversibly; keep the custom model. Idempotent."""
        hosting.delete(self._api(identifier, kind), identifier)

    def _api(self, identifier: str, kind: DeploymentKind) -> hosting.HostingApi:
        if identifier.startswith("arn:"):
            kind = "provisioned" if hosting.PROVISIONED_ARN in identifier else "on-demand"
        return self._apis[kind]

    # ------------------------------------------------------------ foundation models

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]:
        """Return the models of this Region for FINE_TUNING, CONTINUED_PRE_TRAINING or DISTILLATION."""
        given: dict[str, Any] = {"byCustomizationType": customization} if customization else {}
        with translated("listing foundation models"):
            return [dict(summary) for summary in self._bedrock.list_foundation_models(**given)["modelSummaries"]]

    def guardrail(self, identifier: str, version: str) -> dict[str, Any] | None:
        """Return a version of a guardrail, or None if this account and Region do not have it."""
        try:
            with translated(f"reading the guardrail {identifier}"):
                return dict(self._bedrock.get_guardrail(guardrailIdentifier=identifier, guardrailVersion=version))
        except NotFoundError:
            return None

    def foundation_model(self, identifier: str) -> dict[str, Any] | None:
        """Return a model's details, or None if this Region does not have it."""
        try:
            with translated(f"reading the foundation model {identifier}"):
                return dict(self._bedrock.get_foundation_model(modelIdentifier=identifier)["modelDetails"])
        except NotFoundError:
            return None
