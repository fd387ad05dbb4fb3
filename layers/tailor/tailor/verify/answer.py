"""Represent AWS's answers, including refusals: a check observes both."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tailor.errors import TailorError


class CannotCheckError(TailorError):
    """Raised if the check can't observe: a permission, a checkout or an operation is missing. This is not a
    difference."""

    code = "can-not-check"


@dataclass(frozen=True, slots=True)
class AwsAnswer:
    """``code`` and ``message`` are empty if AWS did what it was asked; ``status`` is HTTP's."""

    document: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""
    message: str = ""
    status: int = 200

    @property
    def ok(self) -> bool:
        return not self.code

    @property
    def said(self) -> str:
        """Return the refusal in one line; empty if there is none."""
        return f"{self.code}: {self.message}" if self.code else ""

    @property
    def unasked(self) -> bool:
        """Return whether the request was rejected before it was examined: not allowed, unknown there, unavailable."""
        return self.code in _UNASKED or self.status >= 500

    def needed(self) -> Mapping[str, Any]:
        """Return the document. Raises CannotCheckError for a refusal."""
        if self.code:
            raise CannotCheckError(self.said)
        return self.document

    def asked(self) -> "AwsAnswer":
        """Return the answer. Raises CannotCheckError if it says nothing about what was asked."""
        if self.unasked:
            raise CannotCheckError(self.said)
        return self


_UNASKED = frozenset(
    {
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAction",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "SignatureDoesNotMatch",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "UnauthorizedOperation",
        "UnknownOperationException",
        "UnrecognizedClientException",
    }
)
