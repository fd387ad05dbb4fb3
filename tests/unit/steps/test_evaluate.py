"""Who is asked in an evaluation, and what becomes of one that is cut short."""

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from tailor.evaluation.run import Unfinished
from tailor.llm import Asker
from tailor.recipe import Recipe
from tailor.runs import MAX_ATTEMPTS, Run, State
from tailor.serving.aliases import Version
from tailor.steps import evaluate as step
from tailor.steps.asking import EvaluateFanOut, EvaluateServices, arms_of
from tailor.steps.evaluate import evaluate
from tailor.storage import FolderStorage
from tests.unit.evaluation.fakes import FakeAsker, held_out, write_run
from tests.unit.steps.fakes import ARN, NOW, MemoryAliases, MemoryRuns, OneFunction, a_run

DEPLOYMENT = f"{ARN}:custom-model-deployment/abcdefghi123"


def asked(recipe: Recipe, live: Version | None = None, region: str = "us-east-1") -> dict[str, str]:
    run = a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT}).model_copy(update={"recipe": recipe})
    return {arm.name: arm.model_id for arm in arms_of(run, region, live)}


def test_the_candidate_is_asked_and_its_base_by_the_id_that_can_be_called() -> None:
    assert asked(Recipe(model="nova-2-lite")) == {"candidate": DEPLOYMENT, "base": "us.amazon.nova-2-lite-v1:0"}
    assert asked(Recipe(model="nova-lite"))["base"] == "amazon.nova-lite-v1:0"
    assert asked(Recipe(model="nova-lite"), region="us-west-2")["base"] == "us.amazon.nova-lite-v1:0"
    assert asked(Recipe(model="nova-lite"), region="eu-central-1")["base"] == "eu.amazon.nova-lite-v1:0"


@pytest.mark.parametrize("teacher", ["nova-pro", None])
def test_a_students_teacher_is_asked_too_the_catalogues_first_where_none_is_named(teacher: str | None) -> None:
    arms = asked(Recipe(method="distillation", model="nova-lite", teacher=teacher))
    assert arms["teacher"] == "amazon.nova-pro-v1:0"


def test_the_live_version_is_asked_unless_it_is_this_run() -> None:
    other = Version(run="colours-scenes-ffffffffffff", deployment=f"{DEPLOYMENT}-live", model="nova-lite")
    assert asked(Recipe(), other)["live"] == other.deployment
    run = a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT})
    assert [arm.name for arm in arms_of(run, "us-east-1", other.model_copy(update={"run": run.id}))] == [
        "candidate",
        "base",
    ]


ONE_FUNCTION = cast("EvaluateFanOut", OneFunction(State.EVALUATING))


def evaluated(runs: MemoryRuns, folder: Path, after: timedelta = timedelta()) -> Run | None:
    services = EvaluateServices(
        FolderStorage(folder), runs, cast("Asker", None), MemoryAliases(), ONE_FUNCTION, region="us-east-1"
    )
    return evaluate(next(iter(runs.items)), services, seconds_left=lambda: 900.0, now=NOW + after)


def test_what_breaks_every_time_is_tried_again_at_once_and_then_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> None:
        raise KeyError("a bug")

    monkeypatch.setattr(step, "evaluate_run", broken)
    runs = MemoryRuns()
    runs.create(a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT}))
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyError):
            evaluated(runs, tmp_path)
    failed = evaluated(runs, tmp_path)
    assert failed is not None
    assert failed.state == State.EVALUATION_FAILED
    assert str(MAX_ATTEMPTS) in failed.history[-1].reason


def test_an_evaluation_that_needs_many_visits_is_not_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step, "evaluate_run", lambda *_, **__: Unfinished(1, 10))
    runs = MemoryRuns()
    runs.create(a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT}))
    for visit in range(3 * MAX_ATTEMPTS):
        run = evaluated(runs, tmp_path, timedelta(minutes=visit))
        assert run is not None
        assert run.state == State.EVALUATING


def test_the_clearest_winner_of_all_ends_in_its_verdict(tmp_path: Path) -> None:
    """500 rows, 100 % against 0 %: the p-value is 6e-151, and DynamoDB holds nothing below 1e-130."""
    runs, rows = MemoryRuns(), [held_out(place, "đỏ") for place in range(500)]
    recipe = Recipe.parse("evaluation: {max_rows: 500, regression: false, few_shot: 0}")
    runs.create(a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT}, recipe=recipe))
    files = write_run(tmp_path, runs.get("colours-scenes-0123456789ab"), rows)
    asker = FakeAsker(lambda model, question: "đỏ" if model == DEPLOYMENT else "xanh")
    services = EvaluateServices(files, runs, asker, MemoryAliases(), ONE_FUNCTION, region="us-east-1")
    ended = evaluate("colours-scenes-0123456789ab", services, seconds_left=lambda: 900.0, now=NOW)
    assert ended is not None
    assert ended.state == State.PASSED, ended.history[-1].reason
    assert ended.evaluation.rows == 500
    assert ended.evaluation.p_value is not None
    assert 0 < ended.evaluation.p_value < 1e-120
