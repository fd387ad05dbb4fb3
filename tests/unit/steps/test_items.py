"""The stores in memory refuse what DynamoDB refuses."""

from decimal import Decimal
from typing import Any

import pytest

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
        runs.save(run.model_copy(update={"report": {"findings": ["x" * 1000] * 410}}))
    assert runs.get(run.id) == run
