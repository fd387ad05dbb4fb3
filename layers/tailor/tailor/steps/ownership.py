"""Separate the resources of an account's stacks at Bedrock: the tags of a job or a deployment name its stack.

Names are derived from the stack (:func:`tailor.names.run_id`). The tags are the proof: what another stack made is never
adopted, stopped or deleted, whatever its name.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tailor.catalog import DeploymentKind
from tailor.errors import InvalidInputError, NotFoundError, NotOursError, RetryableError
from tailor.recipe_serving import Commitment
from tailor.steps.control import AccountControl, Control

APPLICATION = "tailor"


@dataclass(frozen=True, slots=True)
class Owner:
    """A stack. ``environment`` is its parameter ``Environment``."""

    stack: str
    environment: str

    @property
    def tags(self) -> dict[str, str]:
        """Return the tags of everything that this stack creates."""
        return {"application": APPLICATION, "environment": self.environment, "stack": self.stack}

    def owns(self, tags: Mapping[str, str]) -> bool:
        """Return whether tags are this stack's. Earlier versions wrote no tag ``stack``: the environment decides."""
        decides = "stack" if "stack" in tags else "environment"
        return all(tags.get(name) == self.tags[name] for name in ("application", decides))


class OwnControl(Control):
    """The control plane, limited to what belongs to one stack."""

    def __init__(self, account: AccountControl, owner: Owner) -> None:
        self._account, self._owner = account, owner

    def create_job(self, request: Mapping[str, Any]) -> str:
        arn = self._account.create_job(request)
        self._expect_own(arn, f"the customization job {request['jobName']}")
        return arn

    def get_job(self, identifier: str) -> dict[str, Any]:
        return self._account.get_job(identifier)

    def stop_job(self, identifier: str) -> None:
        arn = str(self._account.get_job(identifier)["jobArn"])
        self._expect_own(arn, f"the customization job {identifier}")
        self._account.stop_job(arn)

    def get_model(self, identifier: str) -> dict[str, Any]:
        return self._account.get_model(identifier)

    def create_model(self, request: Mapping[str, Any]) -> str:
        arn = self._account.create_model(request)
        self._expect_own(arn, f"the custom model {request['modelName']}")
        return arn

    def list_models(self) -> Iterable[dict[str, Any]]:
        return self._account.list_models()

    def own_model(self, identifier: str) -> str | None:
        """Return the ARN of a custom model, or None if there is none or it is another stack's."""
        return self._own(lambda: str(self._account.get_model(identifier)["modelArn"]))

    def delete_model(self, identifier: str) -> None:
        if arn := self.own_model(identifier):
            self._account.delete_model(arn)

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
        arn = self._account.create_deployment(name, model_arn, tags=tags, kind=kind, units=units, commitment=commitment)
        self._expect_own(arn, f"the deployment {name}")
        return arn

    def get_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        return self._account.get_deployment(identifier, kind)

    def list_deployments(self, kind: DeploymentKind = "on-demand") -> Iterable[dict[str, Any]]:
        return self._account.list_deployments(kind)

    def own_tags(self, arn: str) -> dict[str, str] | None:
        """Return the tags of a resource of this stack; None if it is gone or another stack's."""
        try:
            tags = self._account.tags(arn)
        except NotFoundError:
            return None
        return tags if self._owner.owns(tags) else None

    def own_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> str | None:
        """Return the ARN of a deployment, or None if there is none or it is another stack's."""
        return self._own(lambda: str(self._account.get_deployment(identifier, kind)["arn"]))

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        if self.own_deployment(arn) is None:
            raise NotFoundError(f"{arn} is gone, or not this stack's")
        self._account.repoint_units(arn, model_arn, name)

    def delete_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> None:
        if arn := self.own_deployment(identifier, kind):
            self._account.delete_deployment(arn)

    def _own(self, look: Callable[[], str]) -> str | None:
        try:
            arn = look()
        except NotFoundError:
            return None
        return None if self.own_tags(arn) is None else arn

    @property
    def owner(self) -> Owner:
        return self._owner

    def expect_outside(self, model_arn: str, project: str) -> None:
        """See :func:`expect_outside`, of a custom model."""
        expect_outside(self._owner, self._account.tags(model_arn), f"the custom model {model_arn}", project)

    def _expect_own(self, arn: str, what: str) -> None:
        expect_own(self._owner, self._account.tags(arn), what, arn)


def expect_own(owner: Owner, tags: Mapping[str, str], what: str, arn: str) -> None:
    """Raise NotOursError for another stack's resource, RetryableError while its tags can't be read yet."""
    if not tags:
        raise RetryableError(f"{what} has no tags, or they can't be read yet: {arn}")
    if not owner.owns(tags):
        whose = f"the stack {tags['stack']}" if "stack" in tags else "something else"
        raise NotOursError(f"{what} belongs to {whose}: {arn}", hint="its tags say whose it is")


def expect_outside(owner: Owner, tags: Mapping[str, str], what: str, project: str) -> None:
    """Refuse what a stack of Tailor made: only what was made elsewhere is adopted.

    Args:
        project: who asks; other projects' runs are not named.

    Raises:
        NotOursError: another stack made it.
        InvalidInputError: this one did.
    """
    if tags.get("application") != APPLICATION:
        return
    if not owner.owns(tags):
        whose = f"the stack {tags['stack']}" if "stack" in tags else "another stack"
        raise NotOursError(f"{what} belongs to {whose}: it is not adopted", hint="its tags say whose it is")
    run = tags.get("run", "RUN") if tags.get("project") == project else "RUN"
    hint = f"tailor promote {run} --reason WHY deploys the model of a run again"
    raise InvalidInputError(f"this stack made {what} itself", hint=hint)
