"""Asking at scale: who asks when, and who keeps out of the way."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tailor.errors import EvaluationError, InvalidInputError, RetryableError
from tailor.evaluation.asking.runner import WORKERS
from tailor.events import AskPart
from tailor.recipe import Recipe
from tailor.run_records import EvaluationRecord
from tailor.runs import Run, State
from tailor.steps.asking import LOOK_SECONDS, EvaluateFanOut, EvaluateServices, ask
from tailor.steps.evaluate import evaluate
from tailor.steps.machine import MOST_EXECUTIONS
from tests.unit.evaluation.fakes import BucketFolder, FakeAsker, held_out, write_run
from tests.unit.steps.fakes import NOW, MemoryAccount, MemoryAliases, MemoryExecutions, MemoryRuns, a_run

RECIPE = Recipe.parse("evaluation: {language: vi, few_shot: 0, regression: false}")
ROWS = [held_out(place, "đỏ" if place % 2 else "tím") for place in range(130)]


class Stage:
    def __init__(self, folder: Path, above: int = 0) -> None:
        self.executions, self.runs, self.aliases = MemoryExecutions(), MemoryRuns(), MemoryAliases()
        self.fan_out = EvaluateFanOut(self.executions, MemoryAccount(), above=above, functions=4, part_seconds=240)
        run = a_run(State.DEPLOYED, recipe=RECIPE, deployment={"arn": "custom"})
        self.runs.create(run)
        self.id = run.id
        self.bucket: BucketFolder = write_run(folder, run, ROWS)
        self.asker = FakeAsker(lambda model, question: "đỏ")

    @property
    def services(self) -> EvaluateServices:
        return EvaluateServices(self.bucket, self.runs, self.asker, self.aliases, self.fan_out, "us-east-1")

    def evaluate(
        self, minutes: float = 0, asked: str | None = None, clock: Callable[[], float] = lambda: 900.0
    ) -> Run | None:
        now = NOW + timedelta(minutes=minutes)
        return evaluate(self.id, self.services, seconds_left=clock, now=now, asked=asked)

    def ask(
        self, execution: str, chunks: set[int], clock: Callable[[], float] = lambda: 900.0, minutes: float = 0
    ) -> int | None:
        part = AskPart(run=self.id, execution=execution, chunks=frozenset(chunks))
        progress = ask(part, self.services, seconds_left=clock, now=NOW + timedelta(minutes=minutes))
        return progress.asked if progress else None

    @property
    def run(self) -> Run:
        return self.runs.get(self.id)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


FIRST = "arn:colours-scenes-0123456789ab-1"
SECOND = "arn:colours-scenes-0123456789ab-2"


def test_small_evaluations_stay_in_one_function(tmp_path: Path) -> None:
    stage = Stage(tmp_path, above=260)
    run = stage.evaluate()
    assert run is not None
    assert run.state == State.INCONCLUSIVE
    assert stage.executions.inputs == []
    assert run.evaluation.execution is None


def test_large_ones_are_dealt_out_asked_once_and_scored(stage: Stage) -> None:
    begun = stage.evaluate()
    assert begun is not None
    assert begun.state == State.EVALUATING
    assert begun.evaluation.execution == FIRST
    assert not begun.leased(NOW)
    [document] = stage.executions.inputs
    assert set(document) == {"run", "execution", "parts", "functions", "pause"}
    assert document["parts"] == [[0, 1, 2, 3], [4, 5]]
    assert not stage.asker.requests

    assert [stage.ask(FIRST, set(part)) for part in document["parts"]] == [200, 60]
    run = stage.evaluate(asked=FIRST)

    assert run is not None
    assert run.state == State.INCONCLUSIVE
    assert run.evaluation.execution == FIRST
    assert run.evaluation.verdict == "inconclusive"
    assert set(stage.asker.charged.values()) == {1}


def test_a_run_that_others_ask_for_is_left_alone(stage: Stage) -> None:
    stage.evaluate()
    assert stage.evaluate(minutes=60) is None
    stage.executions.stop(FIRST)
    assert stage.evaluate(minutes=3) is None, "functions outlive the execution that called them"
    assert stage.evaluate(minutes=5) is not None
    assert stage.run.evaluation.execution == SECOND


def test_a_call_for_an_execution_that_was_given_up_does_nothing(stage: Stage) -> None:
    stage.evaluate()
    stage.executions.stop(FIRST)
    stage.evaluate(minutes=5)
    assert stage.ask(FIRST, {0}) is None
    assert stage.evaluate(asked=FIRST) is None
    assert not stage.asker.requests


def test_a_stop_between_the_name_and_the_start_costs_nothing_but_the_name(stage: Stage) -> None:
    stage.evaluate()
    del stage.executions.found[FIRST]
    stage.evaluate()
    assert stage.run.evaluation.execution == SECOND


def test_what_a_part_left_is_asked_by_the_one_who_scores(stage: Stage) -> None:
    stage.evaluate()
    stage.ask(FIRST, {0, 1})
    stage.executions.stop(FIRST)
    run = stage.evaluate(asked=FIRST)
    assert run is not None
    assert run.state == State.INCONCLUSIVE
    assert set(stage.asker.charged.values()) == {1}


def test_a_part_that_runs_out_of_time_asks_to_be_called_again(stage: Stage) -> None:
    stage.evaluate()
    with pytest.raises(RetryableError, match="0 of 100 questions"):
        stage.ask(FIRST, {0, 1}, clock=lambda: 0.0)


def test_what_stops_again_and_again_is_asked_by_one_function(stage: Stage) -> None:
    for place in range(1, MOST_EXECUTIONS + 1):
        stage.evaluate(minutes=10)
        stage.executions.stop(f"arn:{stage.id}-{place}")
    run = stage.evaluate(minutes=10)
    assert run is not None
    assert run.state == State.INCONCLUSIVE
    assert len(stage.executions.inputs) == MOST_EXECUTIONS


def test_time_is_bounded_for_parts_and_for_new_executions(stage: Stage) -> None:
    stage.evaluate()
    with pytest.raises(EvaluationError, match="within 12 hours"):
        stage.ask(FIRST, {0}, minutes=60 * 13)
    stage.executions.stop(FIRST)
    run = stage.evaluate(minutes=60 * 13)
    assert run is not None
    assert run.state == State.EVALUATION_FAILED
    assert len(stage.executions.inputs) == 1


def test_bad_rows_at_the_start_of_a_part_do_not_condemn_an_arm_that_has_answered(stage: Stage) -> None:
    stage.evaluate()
    stage.ask(FIRST, {0})
    stage.fan_out = replace(stage.fan_out, above=10_000)

    def refuse(model: str, question: str) -> str:
        raise InvalidInputError("too large")

    stage.asker.answer = refuse
    run = stage.evaluate(asked=FIRST)
    assert run is not None
    assert run.state in (State.INCONCLUSIVE, State.FAILED)
    assert run.evaluation.failed_calls


class Clock:
    """A function's time, which runs down with each question."""

    def __init__(self) -> None:
        self.left = 900.0

    def __call__(self) -> float:
        return self.left


@pytest.mark.parametrize("at_scale", [False, True])
def test_nobody_asks_on_for_a_run_that_was_stopped(tmp_path: Path, at_scale: bool) -> None:
    stage, clock = Stage(tmp_path, above=0 if at_scale else 10_000), Clock()
    asked, lock = 0, threading.Lock()

    def answer(model: str, question: str) -> str:
        nonlocal asked
        with lock:  # eight threads ask: without it, two could count at once and pass over the twentieth call
            asked, clock.left = asked + 1, clock.left - 1
            if asked == 20:
                run = stage.run
                stage.runs.save(run.moved(State.RETIRED, by="person:linh", now=NOW))
        return "đỏ"

    stage.asker.answer = answer
    if at_scale:
        stage.evaluate()
        with pytest.raises(RetryableError):
            stage.ask(FIRST, {0, 1, 2, 3}, clock=clock)
        assert stage.ask(FIRST, {0, 1, 2, 3}, clock=clock) is None
    else:
        assert stage.evaluate(clock=clock) is None
    assert stage.run.state == State.RETIRED
    assert asked < 20 + LOOK_SECONDS + 2 * WORKERS


def test_an_execution_of_a_second_round_has_a_name_of_its_own(stage: Stage) -> None:
    run = stage.run.moved(State.EVALUATING, by="provision", evaluation=EvaluationRecord(round=2, verdict="passed"))
    stage.runs.save(run)
    begun = stage.evaluate()
    assert begun is not None
    assert begun.evaluation.model_dump() == {
        "round": 2,
        "verdict": "passed",
        "execution": f"arn:{stage.id}-2-1",
        "executions": 1,
    }
