"""Read events until a moment, whoever sends them."""

import time
from collections.abc import Iterator
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

from tailor.serving.errors import ModelCallError

type StreamEvent = dict[str, Any]


def until(ends: float, events: Iterator[StreamEvent]) -> Iterator[StreamEvent]:
    """Yield events until a moment of the monotonic clock. Raises ModelCallError then, and what reading raises.

    Another thread reads them: a read may wait as long as a whole answer.
    """
    arrived = SimpleQueue[StreamEvent | BaseException | None]()

    def read() -> None:
        try:
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
