"""Call models for waiting callers: one attempt, so that a caller learns of throttling at once and decides itself."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import urllib3.exceptions as http
from botocore.eventstream import ParserError
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError, ReadTimeoutError

from tailor.aws.clients import client
from tailor.aws.failures import code_of
from tailor.serving.errors import ModelCallError

type Event = dict[str, Any]


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

    def stream(self, request: Mapping[str, Any]) -> Iterator[Event]:
        """Return the events of ConverseStream as they come. Raises ModelCallError, also while they are read."""
        ends = time.monotonic() + self._seconds
        with _failures_told():
            answer = self._client.converse_stream(**request)
        return _until(ends, answer["stream"])


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


def _until(ends: float, events: Any) -> Iterator[Event]:
    """Yield events until a moment. Another thread reads them: a read may wait as long as a whole answer."""
    arrived = SimpleQueue[Event | BaseException | None]()

    def read() -> None:
        try:
            with _failures_told():
                for event in events:
                    arrived.put(event)
            arrived.put(None)
        except BaseException as error:  # raised where the events are used
            arrived.put(error)

    Thread(target=read, name="events", daemon=True).start()
    while True:
        try:
            event = arrived.get(timeout=max(0.0, ends - time.monotonic()))
        except Empty:
            raise ModelCallError("ModelTimeoutException", "no whole answer in time") from None
        if event is None:
            return
        if isinstance(event, BaseException):
            raise event
        yield event
