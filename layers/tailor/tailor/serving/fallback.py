"""Choose who answers where the live version can't: the previous version, or the base model, as the recipe says."""

from dataclasses import dataclass

from tailor.serving.aliases import Alias, Version
from tailor.serving.errors import ModelCallError, to_api_error

PAUSED = "model_paused"
# Failures that another model may not have. A request that Bedrock refuses, or an answer that takes too long, is none.
_REASONS = frozenset(
    {
        "InternalServerException",
        "ModelErrorException",
        "ModelNotReadyException",
        "ResourceNotFoundException",
        "ServiceQuotaExceededException",
        "ServiceUnavailableException",
        "ThrottlingException",
    }
)


@dataclass(frozen=True, slots=True)
class Fallback:
    """A version that answers in place of the run ``instead_of``. ``code``: the API's code of what failed."""

    version: Version
    kind: str
    instead_of: str
    code: str

    def mark(self) -> dict[str, str]:
        """Return the member of an answer that tells of it."""
        return {"to": self.kind, "instead_of": self.instead_of, "code": self.code}

    def headers(self) -> dict[str, str]:
        """Return the header that tells of it."""
        return {"x-tailor-fallback": self.kind}


def fallback_for(alias: Alias, version: Version, failure: ModelCallError) -> Fallback | None:
    """Return who answers in place of a live version that failed, or None."""
    if failure.reason not in _REASONS:
        return None
    other = version.as_base() if version.fallback == "base" else _previous(alias, version)
    if other is None or version.fallback is None:
        return None
    return Fallback(other, version.fallback, version.run, to_api_error(failure).code)


def fallback_while_paused(alias: Alias) -> Fallback | None:
    """Return who answers until a paused version is back, or None."""
    paused = alias.paused
    if paused is None or paused.meanwhile is None:
        return None
    return Fallback(paused.meanwhile, "base", paused.run, PAUSED)


def _previous(alias: Alias, version: Version) -> Version | None:
    """Return the newest version that nobody went back from; under the live version's guardrail, if that has one."""
    found = next((other for other in alias.previous if other.rolled_back is None), None)
    return found and found.model_copy(update={"guardrail": version.guardrail or found.guardrail})
