"""AWS's error codes and the errors of :mod:`tailor.errors` that they stand for."""

from tailor.errors import (
    ConflictError,
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    QuotaError,
    RetryableError,
    TailorError,
    ThrottledError,
)

CONDITION_FAILED = "ConditionalCheckFailedException"

_KINDS: dict[type[TailorError], frozenset[str]] = {
    NotFoundError: frozenset(
        {
            "404",
            "NoSuchKey",
            "NoSuchVersion",
            "NoSuchBucket",
            "NotFound",
            "ResourceNotFoundException",
            "NoSuchEntity",
            "ResourceNotFound",
        }
    ),
    NotAllowedError: frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}),
    ConflictError: frozenset({CONDITION_FAILED, "ConflictException", "PreconditionFailed", "ResourceInUse"}),
    InvalidInputError: frozenset({"ValidationException", "InvalidRequest", "TooManyTagsException"}),
    QuotaError: frozenset({"ServiceQuotaExceededException", "LimitExceededException", "ResourceLimitExceeded"}),
    ThrottledError: frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"}),
}
_CLASS = {code: kind for kind, codes in _KINDS.items() for code in codes}


class RefusalError(Exception):
    """An answer of AWS that is an error. ``code`` is AWS's name of it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def refused(code: str, action: str, message: str) -> TailorError:
    """Return the error that a code stands for; errors that are not known to be permanent are retryable.

    Args:
        action: what was tried, in Tailor's words.
        message: AWS's own.
    """
    kind = _CLASS.get(code, RetryableError)
    if kind is NotAllowedError:
        return NotAllowedError(f"{action}: {message}", refused=action)
    return kind(f"{action}: {message}")
