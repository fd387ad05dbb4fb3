"""The stores in memory refuse what DynamoDB refuses."""

from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import NotStorableError, RecipeError
from tailor.recipe import Recipe
from tailor.run_records import EvaluationRecord, ReportRecord
from tailor.runs import State
from tests.unit.steps.fakes import MemoryRuns, a_run
from tests.unit.steps.items import check_item


def test_an_item_is_measured_as_dynamodb_measures_it() -> None:
    check_item({"id": "x" * (400 * 1024 - 2)})
    with pytest.raises(AssertionError, match="409601"):
        check_item({"id": "x" * (400 * 1024 - 1)})


@pytest.mark.parametrize("value", [0.5, Decimal("1E-131"), Decimal("1E126"), 10**38 + 1, Decimal("NaN")])
def test_values_that_boto3_does_not_send_or_dynamodb_refuses(value: Any) -> None:
    with pytest.raises((TypeError, ArithmeticError, AssertionError)):
        check_item({"id": "1", "value": [value]})


def test_a_run_without_an_id_or_with_too_much_in_it_is_not_kept() -> None:
    runs = MemoryRuns()
    with pytest.raises(AssertionError, match="key attribute may not be empty: id"):
        runs.create(a_run(State.RECEIVED, id=""))
    run = a_run(State.RECEIVED)
    runs.create(run)
    with pytest.raises(AssertionError, match="409600 bytes"):
        runs.save(run.updated(report=ReportRecord(headline="x" * 410_000)))
    assert runs.get(run.id) == run


@pytest.mark.parametrize("item", [{"id": "1", "": 1}, {"id": "1", "deep": [{"deeper": {"": 1}}]}])
def test_an_empty_name_is_refused_wherever_it_is(item: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="a name in an item may not be empty"):
        check_item(item)


NUMBERS = (
    st.floats() | st.integers() | st.integers(-(10**60), 10**60) | st.sampled_from([1e-200, 5e-324, 1.7e308, -0.0])
)
TEXTS = st.text() | st.text(st.characters(categories=["Cs", "Cc", "Co"]))
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(), DOCUMENTS, max_size=4), TEXTS)
def test_whatever_a_run_found_out_is_kept_or_refused_by_name(found: dict[str, Any], reason: str) -> None:
    runs, run = MemoryRuns(), a_run(State.EVALUATING)
    runs.create(run)
    try:
        evaluation = EvaluationRecord.model_validate({"anything": found})
        kept = runs.save(run.moved(State.PASSED, by="evaluate", reason=reason, evaluation=evaluation))
    except NotStorableError:
        assert runs.get(run.id).state == State.EVALUATING
        return
    assert kept == runs.get(run.id)
    assert kept.history[-1].reason == reason[:1000]
    assert set(kept.evaluation.model_dump()["anything"]) == set(found)


SETTINGS = [
    f"{section}: {{{name}: %s}}" if name else f"{section}: %s"
    for section, field in Recipe.model_fields.items()
    for name in getattr(field.annotation, "model_fields", {"": None})
]
SETTINGS += ["evaluation: {normaliser: {%s: true}}", "distillation: {logs: {uri: 's3://a/b', filters: {%s: a}}}"]
SETTINGS += [
    "reinforcement: {rewards: [{kind: numeric, tolerance: %s}]}",
    "evaluation: {guards: [{metric: a, margin: %s}]}",
]
EXTREME = [
    f"0x{'f' * 40}",
    f"0x{'f' * 5000}",
    "1" + "0" * 39,
    "9" * 38,
    "-0.0",
    ".nan",
    "-.inf",
    "1.0e-200",
    "5.0e-324",
]
EXTREME += ["1.0e+400", "1e999999999", "'1e-200'", f"'1{'0' * 4400}'", "190:20:30", '"\\ud800"', "''", "!!set {a}"]


@pytest.mark.parametrize("setting", SETTINGS)
def test_every_recipe_is_refused_by_name_or_comes_back_as_it_was(setting: str) -> None:
    for value in EXTREME:
        try:
            recipe, problems = Recipe.read(setting % value)
        except RecipeError as error:
            recipe, problems = None, error.problems
        assert all(f"{problem.where}{problem.message}{problem.fix}".encode() for problem in problems)
        if recipe is None:
            continue
        runs = MemoryRuns()
        runs.create(a_run(State.RECEIVED, recipe=recipe))
        assert next(iter(runs.items.values())).recipe == recipe, value


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SETTINGS), NUMBERS | TEXTS)
def test_any_number_and_any_text_in_a_recipe(setting: str, value: Any) -> None:
    text = setting % yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("...\n").strip()
    try:
        recipe, _ = Recipe.read(text)
    except RecipeError:
        return
    runs = MemoryRuns()
    runs.create(a_run(State.RECEIVED, recipe=recipe))
    assert next(iter(runs.items.values())).recipe == recipe
