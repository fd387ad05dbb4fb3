from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tailor import catalog
from tailor.costs import Quote
from tailor.recipe import Recipe
from tailor.training.approval import committed
from tailor.training.methods import quote
from tailor.training.recipe_check import problems

Build = Callable[..., Any]
PAIRS = [(model.name, method) for model in catalog.models() for method in model.methods]


def lines(found: Quote) -> dict[str, Any]:
    return {line.item: line for line in found.lines}


def test_training_is_tokens_times_epochs_times_the_price(manifest: Build) -> None:
    recipe = Recipe.model_validate({"model": "nova-micro", "hyperparameters": {"epochs": 5}})
    found = quote(manifest(train=2000, tokens=1_600_000), recipe, catalog.model("nova-micro"))
    training = lines(found)["training"]
    assert (training.low, training.expected, training.high) == (4, 8, 16)
    assert training.price_as_of == date(2026, 8, 31)
    assert training.price_source.startswith("https://")
    assert found.training_tokens == (4_000_000, 8_000_000, 16_000_000)


def test_a_quote_of_known_prices_adds_up(manifest: Build) -> None:
    found = quote(manifest(), Recipe(model="nova-micro"), catalog.model("nova-micro"))
    assert found.unknown == ()
    total = found.total("once")
    assert total is not None
    assert total.expected == sum(line.expected or 0 for line in found.lines if line.every == "once")
    assert total.low < total.expected < total.high
    assert found.total("month").expected == Decimal("1.95")  # type: ignore[union-attr]
    assert found.total("day").high == 0  # type: ignore[union-attr]


def test_an_unknown_price_is_unknown_and_so_is_the_total(manifest: Build) -> None:
    found = quote(manifest(), Recipe(), catalog.model("nova-lite"))
    assert lines(found)["training"].high is None
    assert "unknown" in lines(found)["training"].how
    assert "Training Amazon Nova Lite" in found.unknown
    assert found.total("once") is None
    assert found.document()["totals"]["once"] is None


def test_the_operators_price_makes_it_known(manifest: Build) -> None:
    prices = {"training": Decimal("0.002"), "custom-input": Decimal("0.00006"), "custom-output": Decimal("0.00024")}
    model = catalog.model("nova-lite").priced(prices, date(2026, 11, 22))
    found = quote(manifest(train=1000, tokens=1_000_000), Recipe(), model)
    assert lines(found)["training"].expected == Decimal("4")
    assert found.unknown == ()


def test_provisioned_hosting_without_a_price_is_unknown_not_free(manifest: Build) -> None:
    recipe = Recipe.model_validate({"model": "nova-micro", "deployment": {"kind": "provisioned"}})
    found = quote(manifest(), recipe, catalog.model("nova-micro"))
    assert lines(found)["hosting"].high is None
    assert found.total("hour") is None


def test_model_units_are_quoted_by_the_hour_and_until_their_end(manifest: Build) -> None:
    model = catalog.model("nova-micro").priced({"provisioned": Decimal(20)}, date(2026, 11, 22))
    deployment = {"kind": "provisioned", "units": 2, "hours": 8}
    found = quote(manifest(), Recipe.model_validate({"model": "nova-micro", "deployment": deployment}), model)
    hosting = lines(found)["hosting"]
    assert (hosting.every, hosting.high, hosting.periods, hosting.whole.high) == ("hour", 40, 8, 320)
    assert hosting.title == "Hosting on 2 model units, for at most 8 hours"
    least = committed(quote(manifest(), Recipe(model="nova-micro"), model))
    whole = committed(found)
    assert whole
    assert least
    assert whole.high - least.high == 320
    assert Quote.model_validate(found.document()).lines == found.lines


def test_evaluation_counts_every_arm_and_is_bounded_by_the_sample(manifest: Build) -> None:
    def cost(**evaluation: Any) -> Decimal:
        recipe = Recipe.model_validate({"model": "nova-micro", "evaluation": evaluation})
        amount = lines(quote(manifest(test=5000), recipe, catalog.model("nova-micro")))["evaluation"].expected
        assert amount is not None
        return Decimal(amount)

    assert cost(few_shot=0) < cost(few_shot=4)
    assert cost(max_rows=100, regression=False) * 10 == cost(max_rows=1000, regression=False)
    assert cost(regression=False) < cost()


def test_a_live_version_is_likely_to_be_asked_where_there_is_one_and_possible_where_there_is_none(
    manifest: Build,
) -> None:
    def evaluation(*, live: bool) -> Any:
        recipe, model = Recipe(model="nova-micro"), catalog.model("nova-micro")
        return lines(quote(manifest(), recipe, model, live=live))["evaluation"]

    with_one, without = evaluation(live=True), evaluation(live=False)
    assert with_one.high == without.high
    assert with_one.expected > without.expected
    assert with_one.low > without.low
    assert "live version" in with_one.how


def test_a_judge_is_a_line_of_its_own_at_its_own_price(manifest: Build) -> None:
    recipe = Recipe.model_validate({"model": "nova-micro", "evaluation": {"judge": "nova-pro", "judge_rows": 10}})
    model = catalog.model("nova-micro")
    assert "judge" not in lines(quote(manifest(), Recipe(model="nova-micro"), model))
    judge = lines(quote(manifest(), recipe, model))["judge"]
    assert judge.low == 0  # answers that agree are not shown
    assert 0 < judge.expected < judge.high
    assert "10 pairs" in judge.title
    nova_pro = catalog.model("nova-pro").price("input")
    assert nova_pro is not None
    assert judge.price_as_of == nova_pro.as_of


def test_a_judge_without_a_price_is_unknown(manifest: Build) -> None:
    unpriced = next(model for model in catalog.models() if model.price("input") is None)
    recipe = Recipe.model_validate({"model": "nova-micro", "evaluation": {"judge": unpriced.name}})
    found = quote(manifest(), recipe, catalog.model("nova-micro"))
    assert lines(found)["judge"].high is None
    assert found.total() is None


def test_a_judge_that_nobody_knows_is_found_before_anything_is_spent() -> None:
    recipe = Recipe.model_validate({"model": "nova-micro", "evaluation": {"judge": "nova-por"}})
    [problem] = problems(recipe)
    assert problem.where == "evaluation.judge"
    assert "nova-pro" in problem.fix


def test_the_operators_prices_hold_for_the_teacher_too(manifest: Build) -> None:
    def teacher(price: str) -> Decimal:
        own = {"input": Decimal(price), "output": Decimal(price)}
        recipe, student = Recipe(method="distillation", model="nova-micro"), catalog.model("nova-micro")
        found = quote(manifest(), recipe, student, priced=lambda model: model.priced(own, date(2026, 11, 22)))
        return Decimal(lines(found)["teacher"].expected)

    assert teacher("0.2") == 2 * teacher("0.1")


def test_the_teachers_calls_include_the_held_out_questions(manifest: Build) -> None:
    def teacher(test: int) -> Decimal:
        recipe = Recipe(method="distillation", model="nova-micro", teacher="nova-pro")
        return Decimal(lines(quote(manifest(test=test), recipe, catalog.model("nova-micro")))["teacher"].low or 0)

    assert 0 < teacher(0) < teacher(100) < teacher(1000) == teacher(5000)


def test_headroom_is_quoted_only_where_it_is_asked_for(manifest: Build) -> None:
    model = catalog.model("nova-micro")
    assert "headroom" not in lines(quote(manifest(), Recipe(model="nova-micro"), model))
    for method in ("fine-tuning", "distillation"):
        recipe = Recipe.model_validate({"model": "nova-micro", "method": method, "headroom_rows": 50})
        assert "headroom" in lines(quote(manifest(), recipe, model))


def test_distillation_counts_the_teachers_calls(manifest: Build) -> None:
    found = quote(manifest(train=500), Recipe(method="distillation", model="nova-micro"), catalog.model("nova-micro"))
    teacher = lines(found)["teacher"]
    assert teacher.high > teacher.expected > teacher.low > 0
    assert any("15,000" in assumption for assumption in found.assumptions)


def test_how_many_logged_prompts_there_are_is_not_known_and_their_answers_may_be_there(manifest: Build) -> None:
    def found(**logs: Any) -> Quote:
        given = {"logs": {"uri": "s3://my-logs/a/"} | logs}
        recipe = Recipe.model_validate({"method": "distillation", "model": "nova-micro", "distillation": given})
        return quote(manifest(train=500), recipe, catalog.model("nova-micro"))

    own = quote(manifest(train=500), Recipe(method="distillation", model="nova-micro"), catalog.model("nova-micro"))
    logged, answered = found(), found(use_responses=True)
    assert own.training_tokens is not None
    assert logged.training_tokens is not None
    assert logged.training_tokens[0] < own.training_tokens[0]
    assert logged.training_tokens[2] == own.training_tokens[2]
    assert 0 < lines(answered)["teacher"].low < lines(logged)["teacher"].low
    assert any("not known" in assumption for assumption in logged.assumptions)


def test_sealed_rows_are_quoted_as_asked_perhaps(manifest: Build) -> None:
    def found(**settings: Any) -> Quote:
        recipe = Recipe.model_validate({"model": "nova-micro", "evaluation": settings})
        return quote(manifest(train=500), recipe, catalog.model("nova-micro"))

    all_asked, sealed = lines(found())["evaluation"], lines(found(sealed=0.3))["evaluation"]
    assert all_asked.low is not None
    assert sealed.low is not None
    assert sealed.low < all_asked.low
    assert (sealed.expected, sealed.high) == (all_asked.expected, all_asked.high)
    assert "30 % of them only if it passes" in sealed.title
    both = lines(found(sealed=0.3, max_rows=30))["evaluation"]  # at most as many rows of each part
    assert both.high == lines(found(max_rows=60))["evaluation"].high


def test_reinforcement_is_billed_by_hours_that_nobody_knows(manifest: Build) -> None:
    recipe = Recipe(method="reinforcement", model="nova-2-lite")
    found = quote(manifest(train=200), recipe, catalog.model("nova-2-lite"))
    assert lines(found)["training"].high is None
    assert "hour" in lines(found)["training"].how


@pytest.mark.parametrize(("model", "method"), PAIRS)
def test_every_quote_survives_being_written_down(model: str, method: Any, manifest: Build) -> None:
    found = quote(manifest(), Recipe(model=model, method=method), catalog.model(model))
    assert Quote.model_validate(found.document()) == found
    assert found.assumptions
    for line in found.lines:
        assert line.how
        assert line.high is None or line.price_as_of or line.item == "hosting"


def test_a_teams_own_questions_are_quoted_beside_those_for_the_next_word(manifest: Build) -> None:
    titan = catalog.model("titan-text-lite")
    prices = dict.fromkeys(("input", "output", "custom-input", "custom-output"), Decimal("0.001"))
    recipe = Recipe.model_validate({"method": "continued-pre-training", "model": titan.name})
    own = {"questions": {"rows": 50, "asked": {"low": 500, "expected": 1000, "high": 2000}}}
    priced = titan.priced(prices, date(2026, 11, 22))
    without, found = (lines(quote(manifest() | more, recipe, priced))["evaluation"] for more in ({}, own))
    assert found.title == "Evaluation on 50 questions of your own, and 450 from 150 held-out documents"
    assert found.low > without.low, "a team's own questions are asked for sure"
