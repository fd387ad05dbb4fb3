"""Interface of Amazon Bedrock's control plane, limited to what the steps use.

:class:`tailor.aws.bedrock.Bedrock` implements it for a whole account, :class:`tailor.steps.ownership.OwnControl` for
what one stack made.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tailor.catalog import DeploymentKind
from tailor.recipe_serving import Commitment


class Control(Protocol):
    """Jobs, models, and their deployments: on demand or by Provisioned Throughput.

    Answers have the API's shape (botocore, service ``bedrock``).

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

    def create_model(self, request: Mapping[str, Any]) -> str:
        """Call CreateCustomModel and return the model's ARN. The model is not ready yet; see :meth:`get_model`."""

    def delete_model(self, identifier: str) -> None:
        """Call DeleteCustomModel; do nothing if it is gone or another stack's. ConflictError: it is deployed."""

    def list_models(self) -> Iterable[dict[str, Any]]:
        """Call ListCustomModels; return the account's, each with ``modelArn``, ``modelName`` and ``creationTime``."""

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
        """Call CreateCustomModelDeployment or CreateProvisionedModelThroughput; return the ARN."""

    def get_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        """Return a deployment by ARN or name, with ``arn``, ``modelArn`` and ``status``.

        Args:
            kind: of a name; an ARN tells its own.
        """

    def list_deployments(self, kind: DeploymentKind = "on-demand") -> Iterable[dict[str, Any]]:
        """Return the account's deployments, each with ``arn``, ``name``, ``modelArn``, ``status`` and ``created``."""

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        """Call UpdateProvisionedModelThroughput, if need be: they answer with the old model until it has been done.

        Raises ConflictError while an earlier update lasts, NotFoundError if they are gone, or another stack's.
        """

    def delete_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> None:
        """Delete a deployment; do nothing if it is gone, another stack's, or bound by a commitment that lasts.

        Raises ConflictError while it is being created.
        """


class AccountControl(Control, Protocol):
    """Jobs and deployments of the whole account, of any stack."""

    def tags(self, arn: str) -> dict[str, str]:
        """Call ListTagsForResource; return an empty dict if there are no tags. Raises NotFoundError."""
