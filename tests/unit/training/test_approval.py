from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tailor import catalog
from tailor.costs import Advice
from tailor.recipe import Recipe
from tailor.training.approval import committed, needs_approval
from tailor.training.methods import quote

Build = Callable[..., Any]
MICRO = catalog.model("nova-micro")


def recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({"model": "nova-micro", **settings})


def test_within_the_budget_a_run_goes_on_by_itself(manifest: Build) -> None:
    found = quote(manifest(), recipe(), MICRO)
    assert needs_approval(found, recipe(), Decimal(50)) is None


def test_above_the_budget_it_waits_and_says_both_amounts(manifest: Build) -> None:
    found = quote(manifest(train=5000, tokens=50_000_000), recipe(), MICRO)
    most = committed(found)
    assert most is not None
    reason = needs_approval(found, recipe(), Decimal(50))
    assert reason is not None
    assert "$50.00" in reason
    assert f"${most.high:.2f}" in reason


@pytest.mark.parametrize(
    ("limit", "ceiling", "waits"),
    [
        (None, 2, True),
        (None, 50, False),
        (0, 50, True),
        (1, 50, True),
        (40, 50, False),
        (1000, 50, False),
        (1000, 2, True),
    ],
)
def test_a_recipe_can_lower_the_stacks_limit_and_not_raise_it(
    limit: int | None, ceiling: int, waits: bool, manifest: Build
) -> None:
    own = recipe(budget={"limit": limit})
    reason = needs_approval(quote(manifest(), own, MICRO), own, Decimal(ceiling))
    assert bool(reason) == waits
    if reason and limit == 1000:
        assert "the recipe's $1000.00 can't raise it" in reason


def test_the_high_end_counts_not_the_expected_one(manifest: Build) -> None:
    found = quote(manifest(), recipe(), MICRO)
    most = committed(found)
    assert most is not None
    assert needs_approval(found, recipe(), most.high - Decimal("0.01"))
    assert needs_approval(found, recipe(), most.high) is None


def test_an_unknown_price_is_no_small_price(manifest: Build) -> None:
    found = quote(manifest(), Recipe(), catalog.model("nova-lite"))
    reason = needs_approval(found, Recipe(), Decimal(1_000_000))
    assert reason is not None
    assert "Training Amazon Nova Lite" in reason


def test_hosting_that_bills_while_idle_is_counted_for_a_month(manifest: Build) -> None:
    hosted = recipe(deployment={"kind": "provisioned"})
    assert needs_approval(quote(manifest(), hosted, MICRO), hosted, Decimal(1000))
    priced = MICRO.priced({"provisioned": Decimal(20)}, date(2026, 11, 22))
    reason = needs_approval(quote(manifest(), hosted, priced), hosted, Decimal(1000))
    assert reason is not None
    assert "$14,4" in reason or "$144" in reason


def test_without_a_quote_nothing_is_spent() -> None:
    assert needs_approval(None, Recipe(), Decimal(50))


@pytest.mark.parametrize(
    ("code", "waits"), [("no-headroom", True), ("no-reward", True), ("few-held-out-rows", True), ("few-rows", False)]
)
def test_advice_against_training_is_a_persons_decision(code: str, waits: bool, manifest: Build) -> None:
    found = quote(manifest(), recipe(), MICRO, [Advice(code, "the base model already scores 97%", "use it")])
    reason = needs_approval(found, recipe(), Decimal(1000))
    assert (reason == "The base model already scores 97%") == waits
    assert (reason is None) != waits


def test_a_quote_carries_what_the_counts_say(manifest: Build) -> None:
    found = quote(manifest(train=50), recipe(), MICRO)
    assert [item.code for item in found.advice] == ["few-rows"]
