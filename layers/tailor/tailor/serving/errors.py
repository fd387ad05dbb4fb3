"""Errors of the API: OpenAI's shape, stable codes, and a status that shows who can fix it.

:func:`render` formats every error of the inference function; the template's gateway responses give API Gateway's own
errors the same shape. docs/api.md lists the codes and their remedies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tailor.errors import RetryableError, TailorError

INVALID_REQUEST = "invalid_request_error"
RATE_LIMIT = "rate_limit_error"
QUOTA = "insufficient_quota"
SERVER = "server_error"

# Bedrock returns no waiting time. Its quotas count by the minute; a model that is not ready needs longer.
RETRY_THROTTLED = 10
RETRY_NOT_READY = 30
RETRY_UNAVAILABLE = 5


class ApiError(TailorError):
    """An error with its HTTP status. ``param`` names the request's field, ``retry_after`` is in seconds.

    ``should_retry`` tells OpenAI's clients whether to try again; None leaves it to them.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        type: str = INVALID_REQUEST,
        param: str | None = None,
        retry_after: int | None = None,
        should_retry: bool | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.http_status = status
        self.headers = headers or {}
        self.code = code
        self.type = type
        self.param = param
        self.retry_after = retry_after
        self.should_retry = should_retry


class ModelCallError(TailorError):
    """Bedrock refused or failed a model call. ``reason`` is AWS's error code."""

    code = "model-call-failed"

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class _Kind:
    status: int
    type: str
    code: str
    message: str
    retry_after: int | None = None


# By AWS's error code. Bedrock's own message is passed on only if it is about the caller's request.
_BEDROCK: Mapping[str, _Kind] = {
    "ValidationException": _Kind(400, INVALID_REQUEST, "invalid_request", "Bedrock refused the request: {detail}"),
    "AccessDeniedException": _Kind(
        403, INVALID_REQUEST, "model_access_denied", "this installation may not call the model: its operator must look"
    ),
    "ResourceNotFoundException": _Kind(
        404, INVALID_REQUEST, "model_not_found", "the model's deployment is gone: its operator must look"
    ),
    "ThrottlingException": _Kind(
        429, RATE_LIMIT, "rate_limit_exceeded", "Bedrock's quota for this model is used up for now", RETRY_THROTTLED
    ),
    "ServiceQuotaExceededException": _Kind(
        429, RATE_LIMIT, "rate_limit_exceeded", "Bedrock's quota for this model is used up for now", RETRY_THROTTLED
    ),
    "ModelNotReadyException": _Kind(
        503, SERVER, "model_not_ready", "the model is being made ready: try again soon", RETRY_NOT_READY
    ),
    "ModelTimeoutException": _Kind(
        504, SERVER, "model_timeout", "the model did not answer in time: ask for fewer tokens, or try again"
    ),
    "ModelErrorException": _Kind(502, SERVER, "model_error", "the model failed on this request"),
    "InternalServerException": _Kind(
        503, SERVER, "service_unavailable", "Bedrock failed: try again", RETRY_UNAVAILABLE
    ),
    "ServiceUnavailableException": _Kind(
        503, SERVER, "service_unavailable", "Bedrock is not available: try again", RETRY_UNAVAILABLE
    ),
}
_UNKNOWN_FAILURE = _Kind(502, SERVER, "model_error", "the model call failed")

# Bedrock distinguishes too long prompts from other bad requests only in its message. A wrong guess changes only the
# code by which client libraries decide to shorten a conversation, not the status.
_TOO_LONG = re.compile(
    r"too (long|many (input )?tokens)|maximum (context|input)|context (length|window)|input tokens", re.I
)
_ARN = re.compile(r"arn:aws[\w-]*:\S+")


def from_bedrock(error: ModelCallError) -> ApiError:
    """Return the API's error for a failed model call; replaces ARNs in its message."""
    kind = _BEDROCK.get(error.reason, _UNKNOWN_FAILURE)
    detail = _ARN.sub("(the model)", error.message)[:500]
    code = kind.code
    if error.reason == "ValidationException" and _TOO_LONG.search(error.message):
        code = "context_length_exceeded"
    return ApiError(
        kind.status, kind.message.format(detail=detail), code=code, type=kind.type, retry_after=kind.retry_after
    )


_UNAVAILABLE = _Kind(
    503, SERVER, "service_unavailable", "a part of the service is not available: try again", RETRY_UNAVAILABLE
)
_BUG = _Kind(500, SERVER, "internal_error", "the service failed; the operator finds the cause by the request id")


def to_api_error(error: Exception) -> ApiError:
    """Return what a caller may know about an exception.

    Faults of a request are raised as ApiError where they are found; any other exception is the installation's fault.
    """
    if isinstance(error, ApiError):
        return error
    if isinstance(error, ModelCallError):
        return from_bedrock(error)
    kind = _UNAVAILABLE if isinstance(error, RetryableError) else _BUG
    return ApiError(kind.status, kind.message, code=kind.code, type=kind.type, retry_after=kind.retry_after)


def render(error: ApiError) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the body, in OpenAI's shape, and extra headers."""
    body = {"error": {"message": error.message, "type": error.type, "param": error.param, "code": error.code}}
    headers = dict(error.headers)
    if error.retry_after is not None:
        headers["retry-after"] = str(error.retry_after)
    if error.should_retry is not None:
        headers["x-should-retry"] = str(error.should_retry).lower()
    return body, headers
