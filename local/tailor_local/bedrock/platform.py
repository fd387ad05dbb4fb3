"""The parts of the emulator that the stand-in uses. `tailor_local.hooks` is the one that touches the emulator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Scope:
    """Whose resources: nothing is shared between accounts or Regions."""

    account: str
    region: str

    def arn(self, kind: str, name: str) -> str:
        """``kind`` is a resource type of Bedrock, for example custom-model."""
        account = "" if kind == "foundation-model" else self.account
        return f"arn:aws:bedrock:{self.region}:{account}:{kind}/{name}"

    def owns(self, arn: str) -> bool:
        return arn.startswith(f"arn:aws:bedrock:{self.region}:{self.account}:")


@dataclass(frozen=True)
class Credentials:
    access_key: str
    secret_key: str
    token: str


class Platform(Protocol):
    """The emulator, as far as Bedrock sees it."""

    endpoint: str

    def scope(self) -> Scope:
        """Return the account and Region of the request being answered."""
        ...

    def denial(self, headers: Mapping[str, str], action: str, resource: str, context: Mapping[str, str]) -> str | None:
        """Return why the caller may not do this (AWS's wording), or None if IAM allows it."""
        ...

    def take_role(
        self, role_arn: str, scope: Scope, source_arn: str, service: str = "bedrock.amazonaws.com"
    ) -> Credentials | None:
        """Credentials of a service role, or None if its trust policy does not let the service take it for this
        source."""
        ...

    def own_credentials(self) -> Credentials:
        """Credentials of AWS's own hands, for what a service keeps in the account's name."""
        ...

    def publish(
        self,
        scope: Scope,
        detail_type: str,
        detail: Mapping[str, Any],
        resources: list[str],
        source: str = "aws.bedrock",
    ) -> None:
        """Send an event as a service of AWS to the default bus."""
        ...
