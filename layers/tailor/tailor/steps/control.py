"""Interface of Amazon Bedrock's control plane, as far as the steps use it.

:class:`tailor.aws.bedrock.Bedrock` implements it for a whole account, :class:`tailor.steps.ownership.OwnControl` for
what one stack made.
"""

from collections.abc import Mapping
from typing import Any, Protocol


class Control(Protocol):
    """Jobs, models and deployments. Answers have the API's shape (botocore, service ``bedrock``).

    Creating something twice returns the first one again: names and request tokens are derived from the run. Methods
    raise the errors of :mod:`tailor.errors`.
    """

    def create_job(self, request: Mapping[str, Any]) -> str:
        """Call CreateModelCustomizationJob and return the job's ARN. QuotaError and RetryableError mean "later"."""

    def get_job(self, identifier: str) -> dict[str, Any]:
        """Call GetModelCustomizationJob, by ARN or name."""

    def stop_job(self, identifier: str) -> None:
        """Call StopModelCustomizationJob; do nothing if the job has ended or is stopping. Raises NotOursError."""

    def get_model(self, identifier: str) -> dict[str, Any]:
        """Call GetCustomModel, by ARN or name. ``modelStatus`` may be missing: models of old jobs have none."""

    def delete_model(self, identifier: str) -> None:
        """Call DeleteCustomModel; do nothing if it is gone, or another stack's. ConflictError: it is deployed."""

    def create_deployment(self, name: str, model_arn: str, *, tags: Mapping[str, str]) -> str:
        """Call CreateCustomModelDeployment and return the deployment's ARN."""

    def get_deployment(self, identifier: str) -> dict[str, Any]:
        """Call GetCustomModelDeployment, by ARN or name."""

    def deployment_states(self) -> dict[str, str]:
        """Call ListCustomModelDeployments and return the status of each deployment of the account, by ARN."""

    def delete_deployment(self, identifier: str) -> None:
        """Call DeleteCustomModelDeployment; do nothing if it is gone, or another stack's."""


class AccountControl(Control, Protocol):
    """All jobs and deployments of an account, of any stack."""

    def tags(self, arn: str) -> dict[str, str]:
        """Call ListTagsForResource; return an empty dict if there are no tags. Raises NotFoundError."""
