"""A fan-out leaves most of the account's functions to the API and to other runs."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tailor.steps.machine import functions_at_once
from tests.unit.steps import test_asking, test_preparing
from tests.unit.steps.fakes import MemoryAccount


@pytest.mark.parametrize(
    ("limit", "most", "functions"),
    [(10, 8, 3), (10, 2, 2), (1000, 8, 8), (1000, 1000, 333), (2, 8, 1), (None, 8, 3), (None, 1, 1)],
)
def test_a_fan_out_takes_a_third_of_the_account_at_most(limit: int | None, most: int, functions: int) -> None:
    assert functions_at_once(most, MemoryAccount(limit)) == functions


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
@pytest.mark.parametrize(("limit", "functions"), [(10, 3), (3, 1), (None, 3)])
def test_the_execution_is_told_so(
    begin: Callable[[Path, int | None], object], limit: int | None, functions: int, tmp_path: Path
) -> None:
    assert begin(tmp_path, limit) == functions
