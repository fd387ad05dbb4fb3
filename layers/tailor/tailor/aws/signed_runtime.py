"""Converse and ConverseStream over signed requests: what :mod:`tailor.aws.converse` does with botocore."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPException
from typing import Any
from urllib.parse import quote

from tailor.aws.deadline import StreamEvent, until
from tailor.aws.eventstream import BrokenStreamError, messages
from tailor.aws.signed import Exchange, SignedService, from_environment
from tailor.aws.tracing import traced_call
from tailor.serving.errors import ModelCallError
from tailor.serving.service import Runtime

_HEADERS = {"content-type": "application/json"}


def runtime(seconds: float) -> Runtime:
    """Return a client of models: over signed requests in a Lambda function, otherwise botocore's.

    Args:
        seconds: the most that an answer may take as a whole.
    """
    service = from_environment("bedrock-runtime", signed_as="bedrock", seconds=seconds)
    if service is not None:
        return SignedRuntime(service, seconds)
    from tailor.aws.converse import BedrockRuntime  # botocore, which takes long to import

    return BedrockRuntime(seconds)


class SignedRuntime:
    """Client of Converse and ConverseStream for the API: one attempt, as botocore's has."""

    def __init__(self, service: SignedService, seconds: float) -> None:
        self._service, self._seconds = service, seconds

    def converse(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return Converse's answer. Raises ModelCallError."""
        with _failures_told():
            exchange = self._post("converse", "Converse", request)
            answer: dict[str, Any] = json.loads(exchange.read())
        return answer

    def stream(self, request: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Return the events of ConverseStream as they come. Raises ModelCallError, also while they are read."""
        ends = time.monotonic() + self._seconds
        with _failures_told():
            exchange = self._post("converse-stream", "ConverseStream", request)
        return until(ends, _events(exchange))

    def _post(self, path: str, operation: str, request: Mapping[str, Any]) -> Exchange:
        body = {name: value for name, value in request.items() if name != "modelId"}
        # Lone halves of characters and NaN were refused with the request; bytes are images and videos.
        data = json.dumps(body, default=_base64, allow_nan=False, separators=(",", ":")).encode()
        with traced_call("Bedrock Runtime", operation, self._service.region) as outcome:
            exchange = self._service.post(f"/model/{quote(request['modelId'], safe='')}/{path}", _HEADERS, data)
            outcome(exchange.status)
        if exchange.status != 200:
            raise _refusal(exchange)
        return exchange


def _base64(value: Any) -> str:
    if isinstance(value, bytes | bytearray):
        return base64.b64encode(value).decode()
    raise TypeError(f"a {type(value).__name__} can't be sent to Bedrock")


def _refusal(exchange: Exchange) -> ModelCallError:
    try:
        told = json.loads(exchange.read(1 << 20))
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    exchange.close()
    named = exchange.headers.get("x-amzn-errortype") or str(told.get("__type", ""))
    code = named.partition(":")[0].rpartition("#")[2]
    if not code:
        code = "ServiceUnavailableException" if exchange.status >= 500 else str(exchange.status)
    return ModelCallError(code, str(told.get("message") or told.get("Message") or ""))


def _events(exchange: Exchange) -> Iterator[StreamEvent]:
    """Yield the events of a stream, each by its name; closes the exchange where it is not read to its end."""
    with _failures_told():
        try:
            for headers, payload in messages(exchange.read):
                kind = headers.get(":message-type")
                if kind != "event":
                    raise _broken_off(headers, payload)
                yield {headers[":event-type"]: json.loads(payload)}
        except BaseException:
            exchange.close()
            raise


def _broken_off(headers: Mapping[str, str], payload: bytes) -> ModelCallError:
    """Return the error that ends a stream: a member of it such as modelStreamErrorException, or one of the protocol."""
    code = headers.get(":exception-type") or headers.get(":error-code") or ""
    try:
        message = str(json.loads(payload).get("message", ""))
    except (ValueError, AttributeError):
        message = headers.get(":error-message", "")
    return ModelCallError(code[:1].upper() + code[1:], message)


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except TimeoutError:
        raise ModelCallError("ModelTimeoutException", "no answer in time") from None
    except TypeError:
        raise ModelCallError("ValidationException", "a parameter has the wrong form") from None
    except (OSError, HTTPException, BrokenStreamError, ValueError, KeyError) as error:
        raise ModelCallError("ServiceUnavailableException", type(error).__name__) from None
