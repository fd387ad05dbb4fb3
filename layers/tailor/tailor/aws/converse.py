"""Call models for waiting callers: one attempt, so that a caller learns of throttling at once and decides itself."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import urllib3.exceptions as http
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, ReadTimeoutError

from tailor.aws.clients import client
from tailor.aws.deadline import StreamEvent, until
from tailor.aws.failures import code_of
from tailor.serving.errors import ModelCallError


class BedrockRuntime:
    """Client of Converse and ConverseStream for the API. ``seconds``: the most that an answer may take as a whole."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._client = client("bedrock-runtime", seconds, 1)

    def converse(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Return Converse's answer. Raises ModelCallError without botocore's message, which quotes the request."""
        with _failures_told():
            answer: dict[str, Any] = self._client.converse(**request)
        return answer

    def stream(self, request: Mapping[str, Any]) -> Iterator[StreamEvent]:
        """Return the events of ConverseStream as they come. Raises ModelCallError, also while they are read."""
        ends = time.monotonic() + self._seconds
        with _failures_told():
            answer = self._client.converse_stream(**request)
        return until(ends, _told(answer["stream"]))


@contextmanager
def _failures_told() -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        code = code_of(error)  # within a stream it is the name of a member: modelStreamErrorException
        message = str(error.response.get("Error", {}).get("Message", ""))
        raise ModelCallError(code[:1].upper() + code[1:], message) from error
    except (ReadTimeoutError, http.ReadTimeoutError):
        raise ModelCallError("ModelTimeoutException", "no answer in time") from None
    except ParamValidationError:
        raise ModelCallError("ValidationException", "a parameter has the wrong form") from None
    except (BotoCoreError, ParserError, http.HTTPError, OSError) as error:
        raise ModelCallError("ServiceUnavailableException", type(error).__name__) from None


def _told(events: Any) -> Iterator[StreamEvent]:
    with _failures_told():
        yield from events
