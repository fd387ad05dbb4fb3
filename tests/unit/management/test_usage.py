"""What a project's calls were and cost: over the API, and as bars and tables in a real browser."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from tailor.aws.serving import ServingTable
from tailor.management.documents import ProjectUsageDocument
from tailor.serving import aliases
from tailor.serving.usage import Usage
from tests.unit.management.test_console import address, browser, key, page, serious
from tests.unit.management.test_runs import Person

__all__ = ["address", "page"]


def today() -> date:
    return datetime.now(UTC).date()


def _use(store: ServingTable, days_ago: int, used_by: str, run: str, **counts: Any) -> None:
    day = today() - timedelta(days=days_ago)
    store.add_usage(Usage("colours", day, used_by, run, hour=3, model="nova-micro", **counts))


@pytest.fixture
def used(store: ServingTable) -> None:
    _use(store, 0, "shop", "colours-new-0123456789ab", requests=3, input_tokens=1000, output_tokens=500, images=2)
    _use(store, 0, "chat", "colours-new-0123456789ab", requests=1, input_tokens=200, output_tokens=100, errors=2)
    _use(store, 6, "shop", "colours-old-0123456789ab", requests=5, input_tokens=4000, output_tokens=900, throttled=1)
    _use(store, 60, "shop", "colours-old-0123456789ab", requests=7, input_tokens=7, output_tokens=7)
    aliases.set_budget(store, "colours", 5000)


def test_a_reader_sees_usage_by_day_key_and_version_with_its_cost(
    function: ModuleType, store: ServingTable, used: None
) -> None:
    reader = Person(function, store, "read")
    status, found = reader.get("models/colours/usage", days="7")
    assert status == 200
    told = ProjectUsageDocument.model_validate(found)
    assert told.total is not None
    assert (told.total.requests, told.total.errors, told.total.throttled, told.total.images) == (9, 2, 1, 2)
    assert [(line.name, line.requests) for line in told.days] == [
        (f"{today() - timedelta(days=6)}", 5),
        (f"{today()}", 4),
    ]
    assert {line.name: line.requests for line in told.keys} == {"shop": 8, "chat": 1}
    assert {line.name: line.output_tokens for line in told.versions} == {
        "colours-new-0123456789ab": 600,
        "colours-old-0123456789ab": 900,
    }
    for lines in (told.days, told.keys, told.versions):
        assert sum(Decimal(line.known_cost_usd) for line in lines) == Decimal(told.total.known_cost_usd) > 0
    assert told.budget is not None
    assert (told.budget.limit_usd, told.budget.month) == ("50.00", f"{today():%Y-%m}")
    assert reader.get("models/colours/usage", days="92")[1]["total"]["requests"] == 16


def test_usage_is_told_to_readers_of_the_project_alone(function: ModuleType, store: ServingTable, used: None) -> None:
    reader = Person(function, store, "read")
    assert reader.get("models/theirs/usage")[0] == 404
    assert reader.get("models/sounds/usage")[1]["total"] is None
    for days in ("0", "93", "x", "1e3"):
        status, said = reader.get("models/colours/usage", days=days)
        assert (status, said["error"]["param"]) == (400, "days")
    assert Person(function, store, "chat").get("models/colours/usage")[0] == 403


@browser
@pytest.mark.browser
def test_a_person_sees_what_the_model_costs_each_day_and_who_called_it(
    page: Any, address: str, store: ServingTable, used: None
) -> None:
    page.goto(f"{address}#key={key(store, 'read')}")
    page.get_by_role("link", name="Serving").click()
    page.get_by_role("link", name="Usage").click()
    page.get_by_role("heading", name="By key").wait_for()
    chart = page.get_by_role("img", name="Requests by day")
    assert f"{today()} 4" in chart.get_attribute("aria-label")
    assert chart.locator("rect").count() == 31
    rows = page.get_by_role("table").first.get_by_role("row").all_inner_texts()
    assert any(row.startswith("shop") and "\t8\t" in row for row in rows)
    assert "of $50.00" in page.locator("main").inner_text()
    assert serious(page) == []
    page.get_by_role("link", name="92 days").click()
    page.get_by_text("16").first.wait_for()
    page.set_viewport_size({"width": 360, "height": 740})
    page.get_by_role("button", name="Tiếng Việt").click()
    page.get_by_role("heading", name="Theo khóa").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert serious(page) == []
