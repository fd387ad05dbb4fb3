"""What the steps ask of Amazon Bedrock's control plane.

:class:`tailor.aws.bedrock.Bedrock` implements it for a whole account, :class:`tailor.steps.ownership.OwnControl` for
what one stack made.
"""

from collections.abc import Mapping
from typing import Any, Protocol


class Control(Protocol):
    """Answers are as the API's (botocore, service ``bedrock``). Errors are those of :mod:`tailor.errors`.

    Creating the same thing twice gives the first one again: names and request tokens are derived from the run.
    """

    def create_job(self, request: Mapping[str, Any]) -> str:
        """CreateModelCustomizationJob; the job's ARN. RetryableError where a quota or throttling says "later"."""

    def get_job(self, identifier: str) -> dict[str, Any]:
        """GetModelCustomizationJob, by ARN or name."""

    def stop_job(self, identifier: str) -> None:
        """StopModelCustomizationJob; fine where it has ended or stops already. NotOursError for another stack's."""

    def get_model(self, identifier: str) -> dict[str, Any]:
        """GetCustomModel, by ARN or name. ``modelStatus`` may be missing: models of old jobs have none."""

    def create_deployment(self, name: str, model_arn: str, *, tags: Mapping[str, str]) -> str:
        """CreateCustomModelDeployment; the deployment's ARN."""

    def get_deployment(self, identifier: str) -> dict[str, Any]:
        """GetCustomModelDeployment, by ARN or name."""

    def deployment_states(self) -> dict[str, str]:
        """ListCustomModelDeployments: the status of each deployment of the account, by ARN."""

    def delete_deployment(self, identifier: str) -> None:
        """DeleteCustomModelDeployment; fine where it is gone already. Another stack's is left alone."""


class AccountControl(Control, Protocol):
    """All of an account's jobs and deployments, whoever made them."""

    def tags(self, arn: str) -> dict[str, str]:
        """ListTagsForResource; empty where there are none. Raises NotFoundError."""
