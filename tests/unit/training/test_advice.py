from collections.abc import Callable
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import EvaluationError, RetryableError
from tailor.evaluation.questions.held_out import Row
from tailor.llm import Reply
from tailor.recipe import Recipe
from tailor.training.advice import about_data, about_headroom, hyperparameters
from tailor.training.headroom import measure
from tailor.training.methods import problems

Build = Callable[..., Any]
LITE = catalog.model("nova-lite")


def test_each_advice_has_its_reason() -> None:
    advised = hyperparameters(Recipe(), LITE.method("fine-tuning"), 400)
    assert advised["epochs"].value == 5
    assert "repeated" in advised["epochs"].reason
    assert "160" in advised["warmup_steps"].reason
    assert advised["learning_rate"].reason == "the model's default"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (10, "10 rows: one step for every 160"),
        (146, "146 rows: one step for every 160"),
        (1_000_000, "1000000 rows: one step for every 160, at most 100"),
    ],
)
def test_the_reason_for_warm_up_steps_is_a_sentence(rows: int, reason: str) -> None:
    assert hyperparameters(Recipe(), LITE.method("fine-tuning"), rows)["warmup_steps"].reason == reason


@pytest.mark.parametrize(("rows", "epochs"), [(1, 5), (500, 4), (700, 3), (1000, 2), (5000, 2), (5001, 1)])
def test_epochs_fall_as_rows_grow(rows: int, epochs: int) -> None:
    assert hyperparameters(Recipe(), LITE.method("fine-tuning"), rows)["epochs"].value == epochs


@pytest.mark.parametrize(
    ("rows", "codes"),
    [
        ({"train": 1200, "test": 150}, set()),
        ({"train": 50, "test": 150}, {"few-rows"}),
        ({"train": 1200, "test": 10}, {"few-held-out-rows"}),
        ({"train": 1200, "test": 150, "images": 20}, {"few-images"}),
        ({"train": 1200, "test": 150, "images": 400}, set()),
    ],
)
def test_what_the_counts_say(rows: dict[str, int], codes: set[str], manifest: Build) -> None:
    found = about_data(manifest(**rows), Recipe(), LITE)
    assert {item.code for item in found} == codes
    assert all(item.message and item.fix for item in found)


def test_a_metric_that_can_be_fooled_is_told_before_training(manifest: Build) -> None:
    doubts = ["Numeric match scores other rows' answers 40%: '3' counts as '4'"]
    found = about_data(manifest(train=1200, test=150) | {"metric": {"doubts": doubts}}, Recipe(), LITE)
    assert [(item.code, item.message) for item in found] == [("metric-fooled", doubts[0])]


@pytest.mark.parametrize(("documents", "own", "enough"), [(10, 0, True), (9, 0, False), (0, 30, True), (10, 29, False)])
def test_a_held_out_document_makes_several_questions(documents: int, own: int, enough: bool, manifest: Build) -> None:
    prepared = manifest(train=1200, test=documents) | ({"questions": {"rows": own}} if own else {})
    model = next(each for each in catalog.models() if "continued-pre-training" in each.methods)
    found = about_data(prepared, Recipe(method="continued-pre-training"), model)
    assert ("few-held-out-rows" not in {item.code for item in found}) == enough


@pytest.mark.parametrize(
    ("score", "method", "codes"),
    [
        (0.96, "fine-tuning", ["no-headroom"]),
        (0.5, "fine-tuning", []),
        (0.0, "fine-tuning", []),
        (0.0, "reinforcement", ["no-reward"]),
        (0.97, "reinforcement", ["no-headroom"]),
    ],
)
def test_what_the_base_models_score_says(score: float, method: Any, codes: list[str]) -> None:
    found = about_headroom(score, 50, "Exact match", Recipe(method=method))
    assert [item.code for item in found] == codes


class Base:
    """A base model that knows some answers and fails on some questions."""

    def __init__(self, known: set[str], broken: frozenset[str] = frozenset()) -> None:
        self.known, self.broken = known, broken

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        assert model_id == LITE.invoked_in("us-east-1")
        text = request["messages"][-1]["content"][0]["text"]
        if text in self.broken:
            raise RetryableError("not now")
        return Reply(text if text in self.known else "?", "end_turn", 1, 1, 1.0)


def sleep(seconds: float) -> None:
    """No test waits."""


def rows(count: int) -> list[Row]:
    names = [f"q{n}" for n in range(count)]
    return [Row(n, (n,), n, messages=({"role": "user", "content": [{"text": n}]},)) for n in names]


def test_headroom_is_measured_on_a_bounded_sample() -> None:
    known = {f"q{n}" for n in range(100)}
    found = measure(rows(100), Recipe(headroom_rows=20), LITE, Base(known), sleep)
    assert found is not None
    assert (found.score, found.rows, found.failed) == (1.0, 20, 0)
    assert [item.code for item in found.advice] == ["no-headroom"]


def test_a_weak_base_model_leaves_room() -> None:
    found = measure(rows(50), Recipe(headroom_rows=50), LITE, Base({f"q{n}" for n in range(10)}), sleep)
    assert found is not None
    assert found.score == pytest.approx(0.2)
    assert found.advice == ()


@pytest.mark.parametrize("written", ["exact_match", "exact-match"])
def test_headroom_is_measured_by_the_recipes_metric_however_it_is_written(written: str) -> None:
    recipe = Recipe.parse(f"{{headroom_rows: 20, evaluation: {{metric: {written}}}}}")
    found = measure(rows(40), recipe, LITE, Base(set()), sleep)
    assert found is not None
    assert found.metric == "exact_match"


def test_failed_calls_are_left_out_unless_they_are_most() -> None:
    broken = frozenset(f"q{n}" for n in range(10))
    found = measure(rows(40), Recipe(headroom_rows=40), LITE, Base(set(), broken), sleep)
    assert found is not None
    assert (found.rows, found.failed) == (30, 10)
    with pytest.raises(EvaluationError):
        measure(rows(10), Recipe(headroom_rows=10), LITE, Base(set(), broken), sleep)


def test_no_check_where_none_is_asked_for() -> None:
    assert measure(rows(10), Recipe(), LITE, Base(set())) is None
    assert measure([], Recipe(headroom_rows=10), LITE, Base(set())) is None


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({}, []),
        ({"hyperparameters": {"epochs": 9}}, ["hyperparameters.epochs"]),
        ({"method": "distillation", "teacher": "llama-3-3-70b"}, ["teacher"]),
        ({"method": "distillation", "hyperparameters": {"epochs": 1}}, ["hyperparameters.epochs"]),
        ({"method": "reinforcement"}, ["model"]),
        ({"data": {"questions": "exam.csv"}}, ["data.questions"]),
        ({"method": "continued-pre-training", "model": "titan-text-lite", "data": {"questions": "exam.csv"}}, []),
        (
            {"method": "continued-pre-training", "model": "titan-text-lite", "evaluation": {"sealed": 0.3}},
            ["evaluation.sealed"],
        ),
        (
            {"method": "reinforcement", "model": "nova-2-lite", "hyperparameters": {"batch_size": 8}},
            ["hyperparameters.batch_size"],
        ),
    ],
)
def test_what_does_not_fit_the_model_is_known_before_any_data_is_read(settings: Any, where: list[str]) -> None:
    recipe = Recipe.model_validate(settings)
    assert [problem.where for problem in problems(recipe, catalog.model(recipe.model))] == where
