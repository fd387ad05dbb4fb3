"""A key's limits over time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tailor.aws.serving import ServingTable
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller, RateLimits
from tailor.serving.usage import Usage, admit, record

NOW = datetime(2026, 11, 22, 23, 59, 30, tzinfo=UTC)


def test_requests_are_counted_by_the_minute(store: ServingTable) -> None:
    caller = Caller(key="k", projects=("colours",), limits=RateLimits(requests_per_minute=2))
    left = [admit(store, caller, NOW)["x-ratelimit-remaining-requests"] for _ in range(2)]
    assert left == ["1", "0"]
    with pytest.raises(ApiError) as caught:
        admit(store, caller, NOW)
    assert caught.value.http_status == 429
    assert caught.value.retry_after is not None
    admit(store, caller, NOW + timedelta(seconds=caught.value.retry_after))
    admit(store, replace(caller, key="other"), NOW)


def test_tokens_are_counted_by_the_day(store: ServingTable) -> None:
    caller = Caller(key="k", projects=("colours",), limits=RateLimits(tokens_per_day=10))
    assert admit(store, caller, NOW) == {}
    record(store, caller, Usage("colours", NOW.date(), "k", "run", 1, 8, 4))
    with pytest.raises(ApiError) as caught:
        admit(store, caller, NOW)
    assert caught.value.retry_after is not None
    admit(store, caller, NOW + timedelta(seconds=caught.value.retry_after))


def test_a_key_without_limits_costs_no_counter(store: ServingTable) -> None:
    caller = Caller(key="k", projects=("colours",))
    assert admit(store, caller, NOW) == {}
    record(store, caller, Usage("colours", NOW.date(), "k", "run", 1, 8, 4))
    assert store.tokens("k", NOW.date()) == 0
    assert [entry.input_tokens for entry in store.usage("colours", NOW.date(), NOW.date())] == [8]
