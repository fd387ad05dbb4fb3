"""Operations of DynamoDB over signed requests, tried again as botocore's standard mode does."""

import json
import random
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any

from tailor.aws.refusals import RefusalError
from tailor.aws.signed import SignedService
from tailor.errors import RetryableError

ATTEMPTS = 5
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_TRANSIENT = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
        "TransactionInProgressException",
    }
)


class SignedDynamoDb:
    """Operations by their name, with parameters as in the API's JSON; safe to use from several threads."""

    def __init__(self, service: SignedService, pause: Callable[[float], None] = time.sleep) -> None:
        self._service, self._pause = service, pause

    def __call__(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Return an operation's answer. Raises RefusalError; RetryableError without an answer."""
        body = json.dumps(parameters, separators=(",", ":")).encode()
        headers = {"content-type": "application/x-amz-json-1.0", "x-amz-target": f"DynamoDB_20120810.{operation}"}
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                status, answer = self._send(headers, body)
            except (OSError, HTTPException) as error:
                if last:
                    raise RetryableError(f"DynamoDB gave no answer: {type(error).__name__}") from error
            else:
                if status == 200:
                    return answer
                refusal = _refusal(status, answer)
                if last or (status < 500 and refusal.code not in _TRANSIENT):
                    raise refusal
            self._pause(random.uniform(0, min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)))  # noqa: S311  (a pause)
        raise AssertionError("the last attempt returns or raises")

    def _send(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        exchange = self._service.post("/", headers, body)
        data = exchange.read()
        try:
            return exchange.status, json.loads(data or b"{}")
        except ValueError:
            return exchange.status if exchange.status >= 400 else 502, {}


def _refusal(status: int, answer: Mapping[str, Any]) -> RefusalError:
    code = str(answer.get("__type", "")).rpartition("#")[2].partition(":")[0]
    return RefusalError(code or str(status), str(answer.get("message") or answer.get("Message") or ""))
