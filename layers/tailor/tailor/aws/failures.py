"""Translate botocore's errors to Tailor's: by error code, never by text."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

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

_KINDS: dict[type[TailorError], frozenset[str]] = {
    NotFoundError: frozenset(
        {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket", "NotFound", "ResourceNotFoundException", "NoSuchEntity"}
    ),
    NotAllowedError: frozenset({"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}),
    ConflictError: frozenset({"ConditionalCheckFailedException", "ConflictException", "PreconditionFailed"}),
    InvalidInputError: frozenset({"ValidationException", "InvalidRequest", "TooManyTagsException"}),
    QuotaError: frozenset({"ServiceQuotaExceededException", "LimitExceededException"}),
    ThrottledError: frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException"}),
}
_CLASS = {code: kind for kind, codes in _KINDS.items() for code in codes}


def code_of(error: ClientError) -> str:
    """Return AWS's error code."""
    return str(error.response.get("Error", {}).get("Code", ""))


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Raise AWS's refusals as tailor.errors; errors that are not known to be permanent are retryable."""
    try:
        yield
    except ClientError as error:
        message = error.response.get("Error", {}).get("Message") or str(error)
        raise _CLASS.get(code_of(error), RetryableError)(f"{action}: {message}") from error
    except BotoCoreError as error:
        raise RetryableError(f"{action}: {error}") from error
