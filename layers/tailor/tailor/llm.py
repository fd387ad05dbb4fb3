"""Ask a model at the pace that it allows, retry what may succeed, and stop when time is up."""

import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tailor.errors import RetryableError, TailorError, ThrottledError

ATTEMPTS = 5  # of a call that fails although the model has room for it
_LONGEST_WAIT = 20.0  # seconds


@dataclass(frozen=True, slots=True)
class Reply:
    """``latency_ms`` as the service measured it."""

    text: str
    stop_reason: str
    input_tokens: int
    output_tokens: int
    latency_ms: float


class Asker(Protocol):
    """Asks a model. Safe for use by several threads."""

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        """Return the reply. Raises ThrottledError for a rate limit, RetryableError for temporary, other TailorErrors
        for permanent failures."""


class Pace:
    """Bounds concurrent calls: half as many when a model throttles, more again with every answer."""

    def __init__(self, most: int) -> None:
        self._most = self._limit = float(most)
        self._active = 0
        self._changed = threading.Condition()

    def __enter__(self) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._active < max(1, int(self._limit)))
            self._active += 1

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        with self._changed:
            self._active -= 1
            if kind is ThrottledError:
                self._limit = max(1.0, self._limit / 2)
            elif kind is None:
                self._limit = min(self._most, self._limit + 1 / self._limit)
            self._changed.notify_all()


def ask(
    asker: Asker,
    model_id: str,
    request: dict[str, Any],
    *,
    pace: Pace,
    is_over: Callable[[], bool],
    sleep: Callable[[float], None],
) -> Reply | TailorError | None:
    """Return a model's reply, its permanent error, or None if time ran out first.

    A rate limit is waited out and never counts as an attempt.

    Args:
        request: a Converse request without the model's id.
        is_over: whether no call may begin any more.
        sleep: takes seconds; they grow with each wait, with jitter.
    """
    attempts = waits = 0
    while not is_over():
        try:
            with pace:
                return asker.converse(model_id, request)
        except ThrottledError:
            waits += 1
        except RetryableError as error:
            attempts, waits = attempts + 1, waits + 1
            if attempts == ATTEMPTS:
                return error
        except TailorError as error:
            return error
        sleep(random.uniform(0.1, min(_LONGEST_WAIT, 0.5 * 2**waits)))  # noqa: S311  # jitter, no secret
    return None
