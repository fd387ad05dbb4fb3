"""A fan-out leaves most of the account's functions to the API and to other runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tailor.run_records import ReportRecord
from tailor.runs import State
from tailor.steps.machine import BUSY, Execution, Room, room
from tests.unit.steps import test_asking, test_preparing
from tests.unit.steps.fakes import MemoryAccount


@pytest.mark.parametrize(
    ("limit", "most", "expected"),
    [
        (10, 8, Room(2, 1)),
        (10, 1, Room(1, 2)),
        (1000, 8, Room(8, 25)),
        (1000, 1000, Room(200, 1)),
        (2, 8, Room(1, 1)),
        (None, 8, Room(2, 1)),
    ],
)
def test_the_executions_of_a_machine_take_a_fifth_of_the_account_together(
    limit: int | None, most: int, expected: Room
) -> None:
    found = room(most, MemoryAccount(limit))
    assert found == expected
    assert found.functions * found.executions <= max(1, (limit or 10) // 5)


def asks(folder: Path, limit: int | None) -> object:
    stage = test_asking.Stage(folder)
    stage.fan_out = replace(stage.fan_out, account=MemoryAccount(limit))
    stage.evaluate()
    return stage.executions.inputs[0]["functions"]


def checks(folder: Path, limit: int | None) -> object:
    stage = test_preparing.Stage(folder)
    stage.fan_out = replace(stage.fan_out, account=MemoryAccount(limit), functions=8)
    stage.prepare()
    document = stage.executions.inputs[0]
    assert document["shards"] >= 8, "how a dataset is dealt out does not depend on the account"
    return document["functions"]


@pytest.mark.parametrize("begin", [asks, checks])
@pytest.mark.parametrize(("limit", "functions"), [(10, 2), (3, 1), (None, 2)])
def test_the_execution_is_told_so(
    begin: Callable[[Path, int | None], object], limit: int | None, functions: int, tmp_path: Path
) -> None:
    assert begin(tmp_path, limit) == functions


OTHER = Execution(running=True, stopped_at=None)


def test_a_large_dataset_waits_while_others_have_the_machine_and_is_begun_after_them(tmp_path: Path) -> None:
    stage = test_preparing.Stage(tmp_path)
    stage.fan_out = replace(stage.fan_out, account=MemoryAccount(10), functions=8)
    stage.executions.found["arn:another"] = OTHER
    waits = stage.prepare()
    assert waits is not None
    assert (waits.state, waits.lease_until, waits.attempts) == (State.PREPARING, None, 0)
    assert (waits.stall and (waits.stall.level, waits.stall.phase)) == ("wait", BUSY)
    assert waits.report == ReportRecord(), "no execution is named, and none counts as stopped"
    again = stage.prepare()
    assert (again and again.stall) == waits.stall
    assert stage.executions.inputs == []
    stage.executions.stop("arn:another")
    begun = stage.prepare()
    assert begun is not None
    assert (begun.stall, len(stage.executions.inputs)) == (None, 1)


def test_a_large_evaluation_is_asked_by_one_function_while_others_have_the_machine(tmp_path: Path) -> None:
    stage = test_asking.Stage(tmp_path)
    stage.fan_out = replace(stage.fan_out, account=MemoryAccount(10))
    stage.executions.found["arn:another"] = OTHER
    stage.evaluate()
    assert stage.executions.inputs == []
    assert stage.run.state != State.EVALUATING, "a verdict was found"
