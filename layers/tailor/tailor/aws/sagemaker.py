"""SageMaker AI's training jobs.

A job's name is unique for good: creating it again reports that it is in use, and the job that exists is returned.
"""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from tailor.aws.clients import client
from tailor.aws.failures import code_of, translated
from tailor.errors import InvalidInputError, NotFoundError

_NONE_ALLOWED = "is 0 Instances"
"""Part of the message of an account that may have no such instance: it can't be waited for."""


class SageMaker:
    """Client of training jobs. Answers are SageMaker's own documents; raises tailor.errors."""

    def __init__(self, sagemaker: Any = None) -> None:
        self._sagemaker = sagemaker or client("sagemaker")

    def create(self, request: Mapping[str, Any]) -> str:
        """Create a job and return its ARN, or that of the existing job with this name.

        Raises:
            InvalidInputError: the account's quota of such instances is 0.
        """
        name = request["TrainingJobName"]
        with translated(f"creating the training job {name}"):
            try:
                return str(self._sagemaker.create_training_job(**request)["TrainingJobArn"])
            except ClientError as error:
                if code_of(error) == "ResourceInUse":
                    return str(self.describe(name)["TrainingJobArn"])
                message = error.response["Error"].get("Message", "")
                if code_of(error) == "ResourceLimitExceeded" and _NONE_ALLOWED in message:
                    hint = "request the quota in Service Quotas, Amazon SageMaker: … for training job usage"
                    raise InvalidInputError(message, hint=hint) from error
                raise

    def describe(self, name: str) -> dict[str, Any]:
        """Return DescribeTrainingJob's answer. Raises NotFoundError."""
        with translated(f"reading the training job {name}"):
            try:
                return dict(self._sagemaker.describe_training_job(TrainingJobName=name))
            except ClientError as error:
                if "not found" in error.response["Error"].get("Message", "").lower():  # a ValidationException
                    raise NotFoundError(f"there is no training job {name}") from error
                raise

    def stop(self, name: str) -> None:
        """Stop a job. Does nothing if it has ended or is stopping."""
        with translated(f"stopping the training job {name}"):
            try:
                self._sagemaker.stop_training_job(TrainingJobName=name)
            except ClientError:
                if self.describe(name)["TrainingJobStatus"] == "InProgress":
                    raise

    def tags(self, arn: str) -> dict[str, str]:
        with translated(f"reading the tags of {arn}"):
            return {tag["Key"]: tag["Value"] for tag in self._sagemaker.list_tags(ResourceArn=arn)["Tags"]}

    def open_jobs(self) -> list[dict[str, Any]]:
        """Return summaries of the account's running jobs: ``TrainingJobName``, ``TrainingJobArn`` and others."""
        with translated("listing training jobs"):
            pages = self._sagemaker.get_paginator("list_training_jobs").paginate(StatusEquals="InProgress")
            return [dict(summary) for page in pages for summary in page["TrainingJobSummaries"]]
