"""Usage in money: counted once, added up, priced, told to the key itself and on the command line."""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai import APIStatusError, OpenAI
from typer.testing import CliRunner

from tailor.aws.serving import ServingTable
from tailor.serving import aliases, keys, statement
from tailor.serving.aliases import Version
from tailor.serving.budgets import BudgetMark, BudgetOwner, month_of
from tailor.serving.errors import ModelCallError
from tailor.serving.keys import RateLimits
from tailor.serving.latency import BUCKETS, bucket_of, percentile
from tailor.serving.usage import Usage
from tailor.token_prices import TokenPrices
from tailor_cli.context import session
from tailor_cli.main import app
from tests.unit.serving.conftest import connect
from tests.unit.serving.gateway import LOOPBACK, Gateway, ScriptedRuntime, converse_answer

ASK: list[Any] = [{"role": "user", "content": "câu hỏi"}]
DAY = date(2026, 11, 22)
PRICES = TokenPrices(Decimal("0.001"), Decimal("0.004"))


@given(st.lists(st.floats(8, 400_000), min_size=1), st.sampled_from([0.5, 0.95, 0.99]))
def test_a_percentile_of_buckets_is_right_within_a_tenth(values: list[float], share: float) -> None:
    counts: dict[int, int] = {}
    for value in values:
        counts[bucket_of(value)] = counts.get(bucket_of(value), 0) + 1
    exact = sorted(values)[max(0, -(-int(share * 100) * len(values) // 100) - 1)]
    found = percentile(counts, share)
    assert found is not None
    assert 0.9 * exact - 1 <= found <= 1.1 * exact + 1
    assert max(counts) < BUCKETS


def a_row(hour: int | None, run: str = "r", model: str = "nova-lite", **counts: Any) -> Usage:
    return Usage("colours", DAY, "k", run, hour=hour, model=model, **counts)


def test_rows_add_up_by_day_and_a_price_that_is_unknown_is_said() -> None:
    rows = [
        a_row(9, requests=2, input_tokens=1000, output_tokens=500, latencies={3: 2}, images=1),
        a_row(10, requests=1, input_tokens=3000, cached_tokens=1000, latencies={3: 1, 5: 1}, errors=1, throttled=4),
        a_row(None, run="old", model="", requests=5, input_tokens=10),
        a_row(9, run="third", throttled=1),
    ]
    pricing = {"nova-lite": PRICES}.get
    first, second, third = statement.lines(rows, pricing)
    assert (first.cost, first.usage.requests, first.usage.throttled) == (Decimal("0.006"), 3, 4)
    assert first.usage.latencies == {3: 3, 5: 1}
    assert (second.cost, second.unpriced_requests) == (None, 5)
    assert len(statement.lines(rows, pricing, statement.by_hour)) == 4
    whole = statement.total([first, second, third])
    assert (whole.usage.requests, whole.cost_usd, whole.cost, whole.unpriced_requests) == (8, Decimal("0.006"), None, 5)
    [cells, *_] = csv.DictReader(io.StringIO(statement.to_csv([first])))
    assert (cells["cost_usd"], cells["cached_tokens"], cells["p50_ms"]) == ("0.006000", "1000", "12")
    assert statement.to_csv([]).startswith("day,hour,project,")


def test_a_row_comes_back_as_it_was_counted_and_stays_small(store: ServingTable) -> None:
    full = a_row(
        23,
        requests=1,
        input_tokens=7,
        output_tokens=3,
        errors=1,
        throttled=1,
        cached_tokens=2,
        images=1,
        estimated=1,
        tags="tag=a#b;team=" + "x" * 64,
        latencies=dict.fromkeys(range(BUCKETS), 10**6),
    )
    old = Usage("colours", DAY, "k", "r", 1, 8, 4)
    store.add_usage(full)
    store.add_usage(old)
    store.add_usage(Usage("colours", DAY, "k", "r", hour=23, tags=full.tags, latencies={0: 1}))
    found = store.usage("colours", DAY, DAY)
    assert found == [old, replace(full, latencies={**full.latencies, 0: 10**6 + 1})]
    row = store._table.query("pk = :pk", {":pk": "USAGE#colours"}, "reading")[-1]
    assert len(json.dumps(row, default=str)) < 2000


@pytest.fixture
def metered(inference: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[BudgetMark]:
    """Prices of a cent a token, and what was announced of budgets."""
    announced: list[BudgetMark] = []
    monkeypatch.setattr(inference.meter, "pricing", lambda model: TokenPrices(Decimal(10), Decimal(10)))
    monkeypatch.setattr(inference.meter, "_announce", announced.append)
    monkeypatch.setattr(inference.meter, "_tags", ("tag", "team"))
    return announced


def fails_with(client: OpenAI, status: int) -> APIStatusError:
    with pytest.raises(APIStatusError) as caught:
        client.chat.completions.create(model="colours", messages=ASK)
    assert caught.value.status_code == status
    return caught.value


@pytest.mark.usefixtures("metered")
def test_every_request_is_one_row_of_its_hour_and_tags(
    client: OpenAI, gateway: Gateway, secret: str, store: ServingTable, runtime: ScriptedRuntime, live: Version
) -> None:
    pixel = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"
    parts: list[Any] = [{"type": "image_url", "image_url": {"url": pixel}}, {"type": "text", "text": "gì?"}]
    shown: list[Any] = [{"role": "user", "content": parts}]
    tags = {"team": "search", "tag": "a" * 100, "user": "7"}
    runtime.answers = [
        converse_answer({"text": "đỏ"}, cacheReadInputTokens=90),
        ModelCallError("ThrottlingException", "slow down"),
        ModelCallError("ModelErrorException", "bug"),
        converse_answer({"text": "xanh"}),
    ]
    client.chat.completions.create(model="colours", messages=shown)
    fails_with(client, 429)
    fails_with(client, 502)
    client.chat.completions.create(model="colours", messages=ASK, metadata=tags)
    today = datetime.now(UTC).date()
    rows = store.usage("colours", today - timedelta(days=1), today)
    by_tags = {row.tags: row for row in rows}
    plain, tagged = by_tags[""], by_tags[f"tag={'a' * 64};team=search"]
    assert (plain.requests, plain.errors, plain.throttled, plain.images, plain.model) == (1, 1, 1, 1, "nova-lite")
    assert (plain.input_tokens, plain.cached_tokens, plain.output_tokens) == (100, 90, 3)
    assert (tagged.requests, tagged.input_tokens, sum(tagged.latencies.values())) == (1, 10, 1)

    other, _ = keys.create(store, "other", ["colours"])
    told = httpx.get(f"{gateway.url}/usage", headers={"authorization": f"Bearer {secret}"}, verify=LOOPBACK).json()
    assert [line["tags"] for line in told["data"]] == sorted(by_tags)
    assert (told["total"]["requests"], told["total"]["cost_usd"], told["budget"]) == (2, "1.160000", None)
    assert httpx.get(f"{gateway.url}/usage", headers={"x-api-key": other}, verify=LOOPBACK).json()["data"] == []


@pytest.mark.parametrize("owner", ["key", "project"])
def test_a_budget_warns_once_then_stops_until_the_month_ends(
    owner: str,
    gateway: Gateway,
    store: ServingTable,
    live: Version,
    metered: list[BudgetMark],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits = RateLimits(cents_per_month=50 if owner == "key" else None)
    secret, key = keys.create(store, "app", ["colours"], limits=limits)
    if owner == "project":
        aliases.set_budget(store, "colours", 50)
    with connect(gateway, secret) as client:
        for _ in range(4):  # 13 tokens each, 13 cents
            client.chat.completions.create(model="colours", messages=ASK)
        assert [(mark.percent, mark.spent) for mark in metered] == [(80, Decimal("0.52")), (100, Decimal("0.52"))]
        refused = fails_with(client, 429)
    assert (refused.code, refused.type) == ("insufficient_quota", "insufficient_quota")
    assert refused.response.headers["x-should-retry"] == "false"
    named = BudgetOwner("key", key.id) if owner == "key" else BudgetOwner("project", "colours")
    assert {(mark.owner, mark.limit) for mark in metered} == {(named, Decimal("0.50"))}
    assert store.spent(named, month_of(datetime.now(UTC))) == Decimal("0.52")
    assert store.spent(named, "2020-01") == 0
    counted = store.usage("colours", datetime.now(UTC).date() - timedelta(days=1), datetime.now(UTC).date())
    assert (sum(row.requests for row in counted), sum(row.throttled for row in counted)) == (4, 1)


@pytest.mark.parametrize("query", ["days=0", "days=93", "days=x", "days=²", "by=week"])
def test_a_wrong_question_about_usage_is_named(query: str, gateway: Gateway, secret: str) -> None:
    answer = httpx.get(f"{gateway.url}/usage?{query}", headers={"authorization": f"Bearer {secret}"}, verify=LOOPBACK)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, query.partition("=")[0])


@pytest.fixture
def run(store: ServingTable, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    class Stack:
        prices = json.dumps({"nova-lite": {"custom-input": 0.001, "custom-output": 0.004}})

    monkeypatch.setitem(session.__dict__, "serving", store)
    monkeypatch.setitem(session.__dict__, "stack", Stack())
    monkeypatch.setattr("tailor_cli.known.projects", list)
    runner = CliRunner(mix_stderr=False)
    return lambda *words: runner.invoke(app, words)


def test_usage_is_shown_by_day_key_and_version_with_its_cost(run: Callable[..., Any], store: ServingTable) -> None:
    _, key = keys.create(store, "my app", ["colours"])
    today = datetime.now(UTC).date()
    for day, count in ((today, 3), (today - timedelta(days=1), 1), (today - timedelta(days=40), 1)):
        for _ in range(count):
            store.add_usage(Usage("colours", day, key.id, "colours-1", 1, 1000, 500, hour=7, model="nova-lite"))
    shown = run("usage", "colours")
    assert f"my app ({key.id})" in " ".join(shown.stdout.split())
    assert shown.stdout.split("total")[1].split() == ["4", "0", "0", "4,000", "0", "2,000", "0", "$0.0120"]
    [line] = json.loads(run("usage", "colours", "--days", "1", "--json").stdout)
    assert (line["day"], line["requests"], line["version"], line["cost_usd"]) == (
        str(today),
        3,
        "colours-1",
        "0.009000",
    )
    hours = list(csv.DictReader(io.StringIO(run("usage", "colours", "--hours", "--csv").stdout)))
    assert [row["hour"][-9:] for row in hours] == ["07:00:00Z", "07:00:00Z"]
    assert run("usage", "other").stdout == "no requests\n"
    assert run("usage", "other", "--json", "--csv").exit_code == 1
    assert str(today) in run("keys", "list").stdout

    store.add_usage(Usage("colours", today, key.id, "colours-2", 1, 5, 5, hour=7, model="nova-pro"))
    told = run("usage", "colours")
    assert "$0.0120 + ?" in told.stdout
    assert "no price is known for tokens of nova-pro" in told.stderr


def test_a_projects_budget_is_set_shown_and_removed(
    run: Callable[..., Any], store: ServingTable, live: Version
) -> None:
    assert "has no budget" in run("budget", "colours").stdout
    now = datetime.now(UTC)
    store.add_usage(Usage("colours", now.date(), "k", live.run, 1, 1000, 500, hour=now.hour, model="nova-lite"))
    assert "$0.00 of $12.50" in run("budget", "colours", "12.50").stdout
    assert store.spent(BudgetOwner("project", "colours"), month_of(now)) == Decimal("0.003"), "used before it was set"
    assert store.alias("colours").cents_per_month == 1250
    for wrong in ("0.001", "much", "NaN"):
        assert run("budget", "colours", wrong).exit_code == 1
    assert "has no budget" in run("budget", "colours", "none").stdout
