"""Limit the requests per minute to a model, for the whole account.

One count for all on-demand deployments of a foundation model's custom models, and one for the foundation model itself:
AWS's pages disagree on whether each deployment has its own, and this is the stricter reading. Tokens a minute are not
counted. Provisioned throughput has no such limit.
"""

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable

from tailor_local import timelapse
from tailor_local.bedrock.errors import ServiceError

TOO_MANY = "Too many requests, please wait before trying again."


class Rates:
    """Requests of the last minute, by what they count against. Safe for use by several threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def count(self, name: str, a_minute: int) -> None:
        """Count one request. Raises ThrottlingException where the last minute had ``a_minute`` already."""
        minute, now = timelapse.seconds(1), self._clock()
        with self._lock:
            taken = self._taken[name]
            while taken and taken[0] <= now - minute:
                taken.popleft()
            if len(taken) >= a_minute:
                raise ServiceError("ThrottlingException", TOO_MANY)
            taken.append(now)
