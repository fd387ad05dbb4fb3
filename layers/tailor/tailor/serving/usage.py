"""Usage by project, day, key and version, and the limits of keys.

Counters are incremented atomically, so parallel requests lose nothing. A window is a calendar minute or day in UTC.
"""

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from tailor.serving.errors import RATE_LIMIT, ApiError
from tailor.serving.keys import Caller


@dataclass(frozen=True, slots=True)
class Usage:
    """Answered requests and their tokens on one day (UTC)."""

    project: str
    day: date
    key: str
    run: str
    requests: int
    input_tokens: int
    output_tokens: int


class UsageStore(Protocol):
    """Storage of counters. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def add_usage(self, usage: Usage) -> None:
        """Add to the usage of the same project, day, key and run."""

    def usage(self, project: str, first: date, last: date) -> list[Usage]:
        """Return usage from ``first`` to ``last``, both included, oldest first."""

    def count_request(self, key: str, minute: datetime, limit: int) -> int | None:
        """Count a request in a minute. Return the count, or None if ``limit`` is already reached."""

    def add_tokens(self, key: str, day: date, tokens: int) -> None:
        """Add to a key's tokens of a day."""

    def tokens(self, key: str, day: date) -> int:
        """Return a key's tokens of a day."""


def admit(
    store: UsageStore,
    caller: Caller,
    now: datetime | None = None,
    *,
    answers: int = 1,
    default_per_minute: int | None = None,
) -> dict[str, str]:
    """Count a request against the key's limits; return rate-limit headers.

    Args:
        answers: how many the request asks for; each counts as a request.
        default_per_minute: requests of a key that has no limit of its own; None for no limit.
    Raises:
        ApiError: 429.
    """
    now = (now or datetime.now(UTC)).astimezone(UTC)
    limits = caller.limits
    if limits.tokens_per_day and store.tokens(caller.key, now.date()) >= limits.tokens_per_day:
        midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
        raise _exceeded(f"this key's {limits.tokens_per_day} tokens a day are used up", midnight - now)
    most = limits.requests_per_minute or default_per_minute
    if not most:
        return {}
    minute = now.replace(second=0, microsecond=0)
    left_in_minute = minute + timedelta(minutes=1) - now
    count: int | None = 0
    for _ in range(answers):
        count = store.count_request(caller.key, minute, most)
        if count is None:
            raise _exceeded(f"this key may make {most} requests a minute", left_in_minute)
    return {
        "x-ratelimit-limit-requests": str(most),
        "x-ratelimit-remaining-requests": str(most - (count or 0)),
        "x-ratelimit-reset-requests": f"{_seconds(left_in_minute)}s",
    }


def record(store: UsageStore, caller: Caller, usage: Usage) -> None:
    """Count an answer and its tokens."""
    store.add_usage(usage)
    if caller.limits.tokens_per_day:
        store.add_tokens(caller.key, usage.day, usage.input_tokens + usage.output_tokens)


def _exceeded(message: str, wait: timedelta) -> ApiError:
    return ApiError(429, message, code="rate_limit_exceeded", type=RATE_LIMIT, retry_after=_seconds(wait))


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))
