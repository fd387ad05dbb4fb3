"""Usage by project, day, key and version, and the limits of keys.

Counters are incremented atomically, so parallel requests lose nothing. A window is a calendar minute or day in UTC.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from tailor.serving.errors import RATE_LIMIT, ApiError
from tailor.serving.keys import Caller

_LOOKED_BACK = 30  # days
COUNTS = (
    "requests",
    "errors",
    "throttled",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "images",
    "estimated",
    "fallbacks",
)
"""Counters of :class:`Usage`: what is stored, and what adds up."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Requests, and the tokens of their answers, of one key and version in one hour (UTC).

    ``requests`` were answered, or cut short by the time limit; ``errors`` failed once their model was found;
    ``throttled`` were refused by a limit, a budget or Bedrock's quota. ``input_tokens`` include ``cached_tokens``.
    ``estimated``: those of the requests whose tokens are an estimate, because they broke off before Bedrock told them.
    ``fallbacks``: those of the requests that this version answered in place of another.
    ``tags``: ``team=search``, from the request's metadata. ``latencies``: answers by their bucket.
    ``hour``: None in rows of earlier versions, which are of a whole day; they name no ``model`` either.
    """

    project: str
    day: date
    key: str
    run: str
    requests: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    hour: int | None = None
    model: str = ""
    tags: str = ""
    errors: int = 0
    throttled: int = 0
    cached_tokens: int = 0
    images: int = 0
    estimated: int = 0
    fallbacks: int = 0
    latencies: Mapping[int, int] = field(default_factory=dict)


class UsageStore(Protocol):
    """Storage of counters. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def add_usage(self, usage: Usage) -> None:
        """Add to the usage of the same project, hour, key, run and tags, in one write."""

    def usage(self, project: str, first: date, last: date) -> list[Usage]:
        """Return usage from ``first`` to ``last``, both included, oldest first."""

    def count_request(self, key: str, minute: datetime, limit: int) -> int | None:
        """Count a request in a minute. Return the count, or None if ``limit`` is already reached."""

    def add_tokens(self, key: str, day: date, tokens: int) -> None:
        """Add to a key's tokens of a day; a negative number gives some back."""

    def reserve_tokens(self, key: str, day: date, tokens: int, limit: int) -> int | None:
        """Add to a key's tokens of a day. Return their sum, or None and add nothing where it would exceed the limit."""

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
    most = caller.limits.requests_per_minute or default_per_minute
    if not most:
        return {}
    minute = now.replace(second=0, microsecond=0)
    left_in_minute = minute + timedelta(minutes=1) - now
    count: int | None = 0
    for _ in range(answers):
        count = store.count_request(caller.key, minute, most)
        if count is None:
            message = f"this key may make {most} requests a minute"
            headers = _request_headers(most, 0, left_in_minute)
            wait = _seconds(left_in_minute)
            raise ApiError(429, message, code="rate_limit_exceeded", type=RATE_LIMIT, retry_after=wait, headers=headers)
    return _request_headers(most, most - (count or 0), left_in_minute)


def _request_headers(most: int, left: int, wait: timedelta) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(most),
        "x-ratelimit-remaining-requests": str(left),
        "x-ratelimit-reset-requests": f"{_seconds(wait)}s",
    }


def _seconds(wait: timedelta) -> int:
    return max(1, math.ceil(wait.total_seconds()))


def last_used(store: UsageStore, projects: Iterable[str], now: datetime) -> dict[str, date]:
    """Return the day of each key's last counted request by its id, as far as the last 30 days tell."""
    found: dict[str, date] = {}
    for project in projects:
        for row in store.usage(project, now.date() - timedelta(days=_LOOKED_BACK), now.date()):
            found[row.key] = max(found.get(row.key, row.day), row.day)
    return found
