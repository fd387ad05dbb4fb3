"""Set tokens of a key's day aside before a model is called, and give back what was not used.

Many requests at the same moment can't use more than the limit together: each needs room for its prompt and the longest
answer before it is sent. What is set aside for a prompt is an estimate on the safe side, so a request may be refused
near the end of a day's tokens that would just have fitted.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from tailor.serving.errors import RATE_LIMIT, ApiError
from tailor.serving.estimates import prompt_tokens
from tailor.serving.keys import Caller
from tailor.serving.usage import UsageStore

LONGEST_ANSWER = 4096
"""Tokens set aside for an answer, and its limit, where a request of a key with a token limit names none."""
_SHORTEST_ANSWER = 16


class Reservation:
    """The tokens that are set aside for one request of a key with a limit; nothing for other keys."""

    def __init__(self, store: UsageStore, caller: Caller, now: datetime) -> None:
        self._store, self._key, self._limit = store, caller.key, caller.limits.tokens_per_day
        self._now = now.astimezone(UTC)
        self._held: int | None = None

    def reserve(self, converse: dict[str, Any], answers: int) -> dict[str, str]:
        """Set aside what a Converse request may use, and limit its answer to it; return rate-limit headers.

        Raises:
            ApiError: 429, too little is left of the day.
        """
        if not self._limit:
            return {}
        inference = converse.get("inferenceConfig", {})
        prompt, answer = prompt_tokens(converse), inference.get("maxTokens") or LONGEST_ANSWER
        total = self._reserve(answers * (prompt + answer))
        if total is None:
            left = max(0, self._limit - self._store.tokens(self._key, self._now.date()))
            if "maxTokens" not in inference and left // answers - prompt >= _SHORTEST_ANSWER:
                answer = left // answers - prompt
                total = self._reserve(answers * (prompt + answer))
            if total is None:
                raise self._refused(left, answers * (prompt + answer))
        converse["inferenceConfig"] = inference | {"maxTokens": answer}
        return self._headers(self._limit - total)

    def settle(self, used: int) -> None:
        """Count what was used in place of what was set aside. Only the first call counts."""
        held, self._held = self._held, None
        if held is not None and held != used:
            self._store.add_tokens(self._key, self._now.date(), used - held)

    def _reserve(self, tokens: int) -> int | None:
        total = self._store.reserve_tokens(self._key, self._now.date(), tokens, self._limit or 0)
        if total is not None:
            self._held = tokens
        return total

    def _refused(self, left: int, needed: int) -> ApiError:
        if left < _SHORTEST_ANSWER:
            message = f"this key's {self._limit:,} tokens a day are used up"
        else:
            message = f"this request may use {needed:,} tokens; {left:,} of this key's {self._limit:,} a day are left:"
            message += " shorten it, or ask for a shorter answer"
        wait = _seconds_to_midnight(self._now)
        return ApiError(
            429,
            message,
            code="rate_limit_exceeded",
            type=RATE_LIMIT,
            retry_after=wait,
            should_retry=False,  # a client would wait for hours
            headers=self._headers(left),
        )

    def _headers(self, left: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit-tokens": str(self._limit),
            "x-ratelimit-remaining-tokens": str(left),
            "x-ratelimit-reset-tokens": f"{_seconds_to_midnight(self._now)}s",
        }


def _seconds_to_midnight(now: datetime) -> int:
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    return max(1, math.ceil((midnight - now).total_seconds()))
