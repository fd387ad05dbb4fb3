"""Bedrock's control plane: customization jobs, custom models, deployments, foundation models.

Bedrock ignores a create that repeats its token, or reports that the name is taken. Both mean that the object exists,
so a create here returns it.
"""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from tailor.aws.clients import client
from tailor.aws.failures import code_of, translated
from tailor.errors import NotFoundError, NotOursError

if TYPE_CHECKING:
    from mypy_boto3_bedrock import BedrockClient

_TAKEN = frozenset({"ConflictException", "ValidationException"})


class Bedrock:
    """Client of the control plane. Answers are Bedrock's own documents.

    Raises tailor.errors: NotFoundError, NotAllowedError, ConflictError, InvalidInputError, QuotaError (wait for other
    jobs to end), ThrottledError and RetryableError.
    """

    def __init__(self, bedrock: "BedrockClient | None" = None) -> None:
        self._bedrock: BedrockClient = bedrock or client("bedrock")

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a job, a custom model or a deployment."""
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
                existing = self.find_job(name) if code_of(error) in _TAKEN else None
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
                if code_of(error) not in _TAKEN or self.get_job(identifier).get("status") == "InProgress":
                    raise

    def open_jobs(self) -> list[dict[str, Any]]:
        """Return summaries of the account's running jobs, which count against the quota."""
        with translated("listing customization jobs"):
            pages = self._bedrock.get_paginator("list_model_customization_jobs").paginate(statusEquals="InProgress")
            return [dict(summary) for page in pages for summary in page["modelCustomizationJobSummaries"]]

    # ------------------------------------------------------------ custom models

    def find_model(self, name: str) -> dict[str, Any] | None:
        """Return the custom model of exactly this name: ``modelArn``, ``modelName``, ``creationTime``."""
        with translated(f"looking for the custom model {name}"):
            pages = self._bedrock.get_paginator("list_custom_models").paginate(nameContains=name)
            summaries = (summary for page in pages for summary in page["modelSummaries"])
            return next((dict(summary) for summary in summaries if summary["modelName"] == name), None)

    def get_model(self, identifier: str) -> dict[str, Any]:
        """Return GetCustomModel's answer, by ARN or name."""
        with translated(f"reading the custom model {identifier}"):
            return dict(self._bedrock.get_custom_model(modelIdentifier=identifier))

    def delete_model(self, identifier: str) -> None:
        """Delete a custom model, irreversibly. Idempotent. Raises ConflictError while it is deployed."""
        with translated(f"deleting the custom model {identifier}"):
            try:
                self._bedrock.delete_custom_model(modelIdentifier=identifier)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    # ------------------------------------------------------------ on-demand deployments

    def create_deployment(self, name: str, model_arn: str, *, tags: Mapping[str, str], description: str = "") -> str:
        """Create a deployment and return its ARN, or that of an existing one of this name and model.

        The name is the token.

        Raises:
            NotOursError: a deployment of this name serves another model.
        """
        request: dict[str, Any] = {"modelDeploymentName": name, "modelArn": model_arn, "clientRequestToken": name}
        if description:
            request["description"] = description
        if tags:
            request["tags"] = [{"key": key, "value": value} for key, value in sorted(tags.items())]
        with translated(f"creating the deployment {name}"):
            try:
                return self._bedrock.create_custom_model_deployment(**request)["customModelDeploymentArn"]
            except ClientError as error:
                existing = self.find_deployment(name) if code_of(error) in _TAKEN else None
                if existing is None:
                    raise
                if existing["modelArn"] != model_arn:
                    message = f"the deployment {name} exists and serves another model: {existing['modelArn']}"
                    raise NotOursError(message) from error
                return str(existing["customModelDeploymentArn"])

    def find_deployment(self, name: str) -> dict[str, Any] | None:
        """Return the deployment of exactly this name: ``customModelDeploymentArn``, ``modelArn``, ``status``."""
        return next((found for found in self.deployments(name) if found["customModelDeploymentName"] == name), None)

    def deployments(self, name_contains: str = "") -> Iterator[dict[str, Any]]:
        """Return summaries of the account's deployments, optionally only of those whose name contains a text."""
        given: dict[str, Any] = {"nameContains": name_contains} if name_contains else {}
        with translated("listing deployments"):
            for page in self._bedrock.get_paginator("list_custom_model_deployments").paginate(**given):
                yield from (dict(summary) for summary in page.get("modelDeploymentSummaries", []))

    def deployment_states(self) -> dict[str, str]:
        """Return the status of each of the account's deployments, by ARN."""
        return {found["customModelDeploymentArn"]: str(found["status"]) for found in self.deployments()}

    def get_deployment(self, identifier: str) -> dict[str, Any]:
        """Return GetCustomModelDeployment's answer, by ARN or name."""
        with translated(f"reading the deployment {identifier}"):
            found = self._bedrock.get_custom_model_deployment(customModelDeploymentIdentifier=identifier)
            return dict(found)

    def delete_deployment(self, identifier: str) -> None:
        """Delete a deployment, irreversibly; keeps the custom model. Idempotent."""
        with translated(f"deleting the deployment {identifier}"):
            try:
                self._bedrock.delete_custom_model_deployment(customModelDeploymentIdentifier=identifier)
            except ClientError as error:
                if code_of(error) != "ResourceNotFoundException":
                    raise

    # ------------------------------------------------------------ foundation models

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]:
        """Return the models of this Region for FINE_TUNING, CONTINUED_PRE_TRAINING or DISTILLATION."""
        given: dict[str, Any] = {"byCustomizationType": customization} if customization else {}
        with translated("listing foundation models"):
            return [dict(summary) for summary in self._bedrock.list_foundation_models(**given)["modelSummaries"]]

    def foundation_model(self, identifier: str) -> dict[str, Any] | None:
        """Return a model's details, or None if this Region does not have it."""
        try:
            with translated(f"reading the foundation model {identifier}"):
                return dict(self._bedrock.get_foundation_model(modelIdentifier=identifier)["modelDetails"])
        except NotFoundError:
            return None
