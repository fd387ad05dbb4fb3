"""A key's limits over time."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tailor.aws.serving import ServingTable
from tailor.serving.errors import ApiError, render
from tailor.serving.estimates import prompt_tokens
from tailor.serving.keys import Caller, RateLimits
from tailor.serving.reservations import LONGEST_ANSWER, Reservation
from tailor.serving.usage import admit

NOW = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)


def test_requests_are_counted_by_the_minute(store: ServingTable) -> None:
    caller = Caller(key="k", projects=("colours",), limits=RateLimits(requests_per_minute=2))
    left = [admit(store, caller, NOW)["x-ratelimit-remaining-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    with pytest.raises(ApiError) as caught:
        admit(store, caller, NOW)
    assert caught.value.http_status == 429
    assert caught.value.retry_after is not None
    assert caught.value.should_retry is None
    assert caught.value.headers == {
        "x-ratelimit-limit-requests": "2",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "30s",
    }
    admit(store, caller, NOW + timedelta(seconds=caught.value.retry_after))
    admit(store, replace(caller, key="other"), NOW)


def converse(text: str = "x" * 60, **inference: int) -> dict[str, Any]:
    message = {"role": "user", "content": [{"text": text}]}
    return {"messages": [message]} | ({"inferenceConfig": inference} if inference else {})


def limited(tokens: int) -> Caller:
    return Caller(key="k", projects=("colours",), limits=RateLimits(tokens_per_day=tokens))


def test_requests_of_one_moment_cant_use_more_than_a_days_tokens_together(store: ServingTable) -> None:
    taken = []
    for _ in range(8):
        reservation = Reservation(store, limited(1000), NOW)
        with suppress(ApiError):
            reservation.reserve(converse(maxTokens=200), 1)
            taken.append(reservation)
    needed = prompt_tokens(converse()) + 200
    assert len(taken) == 1000 // needed
    assert store.tokens("k", NOW.date()) == len(taken) * needed
    for reservation in taken:
        reservation.settle(50)
        reservation.settle(50)
    assert store.tokens("k", NOW.date()) == len(taken) * 50


def test_a_request_beyond_its_day_is_told_not_to_come_again_today(store: ServingTable) -> None:
    store.add_tokens("k", NOW.date(), 900)
    with pytest.raises(ApiError) as caught:
        Reservation(store, limited(1000), NOW).reserve(converse(maxTokens=200), 1)
    _, headers = render(caught.value)
    assert headers == {
        "retry-after": "30",
        "x-should-retry": "false",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "100",
        "x-ratelimit-reset-tokens": "30s",
    }
    assert store.tokens("k", NOW.date()) == 900
    Reservation(store, limited(1000), NOW + timedelta(seconds=30)).reserve(converse(maxTokens=200), 1)


def test_an_answer_whose_length_nobody_limits_gets_what_is_left(store: ServingTable) -> None:
    plenty, request = limited(100_000), converse()
    headers = Reservation(store, plenty, NOW).reserve(request, 2)
    assert request["inferenceConfig"]["maxTokens"] == LONGEST_ANSWER
    assert headers["x-ratelimit-remaining-tokens"] == str(100_000 - 2 * (LONGEST_ANSWER + prompt_tokens(request)))
    store.add_tokens("k", NOW.date(), 90_000 - store.tokens("k", NOW.date()))
    little = converse(temperature=0)
    Reservation(store, limited(91_000), NOW).reserve(little, 1)
    assert little["inferenceConfig"] == {"temperature": 0, "maxTokens": 1000 - prompt_tokens(little)}
    assert store.tokens("k", NOW.date()) == 91_000


def test_a_key_without_limits_costs_no_counter(store: ServingTable) -> None:
    caller, request = Caller(key="k", projects=("colours",)), converse()
    assert admit(store, caller, NOW) == {}
    reservation = Reservation(store, caller, NOW)
    assert reservation.reserve(request, 1) == {}
    reservation.settle(12)
    assert request == converse()
    assert store.tokens("k", NOW.date()) == 0
