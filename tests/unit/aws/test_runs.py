"""Runs in a table that is built from the template: keys, indexes and conditions are the deployed ones."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest

from tailor.aws.runs import DynamoRunStore, to_item
from tailor.errors import ConflictError, NotFoundError
from tailor.runs import State
from tests.unit.aws.tables import made_in_moto
from tests.unit.steps.fakes import NOW, a_run
from tests.unit.steps.items import check_item


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[DynamoRunStore]:
    with made_in_moto("RunsTable", "runs", monkeypatch):
        yield DynamoRunStore("runs")


def test_a_run_comes_back_as_it_was_however_often_it_is_written(store: DynamoRunStore) -> None:
    figures = {"interval": [0.25, 0.5], "rows": 120, "nested": {"loss": 1e-05, "none": None, "yes": True}}
    run = a_run(State.PASSED, evaluation=figures)
    assert store.create(run)
    again = store.save(store.save(store.get(run.id)))
    assert store.get(run.id) == again
    assert again.evaluation.model_dump(mode="json") == figures
    assert again.history == run.history


@pytest.mark.parametrize(
    ("number", "kept"),
    [
        (1e-200, 1e-130),
        (-1e-200, -1e-130),
        (1e200, pytest.approx(1e126)),
        (10**50 + 1, 10**50),
        (0.1 + 0.2, 0.1 + 0.2),
        (0.0, 0),
        (2**63, 2**63),
        (float("nan"), None),
    ],
)
def test_a_number_that_dynamodb_does_not_take_becomes_the_nearest_that_it_does(
    store: DynamoRunStore, number: float, kept: Any
) -> None:
    run = a_run(State.PASSED, evaluation={"p": number, "each": [number]})
    check_item(to_item(run))
    store.create(run)
    assert store.get(run.id).evaluation.model_dump() == {"p": kept, "each": [kept]}


def test_the_same_run_is_created_once(store: DynamoRunStore) -> None:
    assert store.create(a_run(State.RECEIVED))
    assert not store.create(a_run(State.RECEIVED))


def test_who_writes_second_is_told(store: DynamoRunStore) -> None:
    store.create(a_run(State.PREPARED))
    first, second = store.get(a_run(State.PREPARED).id), store.get(a_run(State.PREPARED).id)
    store.save(first.moved(State.TRAINING, by="train"))
    with pytest.raises(ConflictError):
        store.save(second.moved(State.TRAINING, by="train"))


def test_a_run_of_another_version_hides_no_other(store: DynamoRunStore) -> None:
    sound, odd = a_run(State.TRAINING), a_run(State.TRAINING, "colours-odd-0123456789ab")
    store.create(sound)
    boto3.resource("dynamodb").Table("runs").put_item(Item={**to_item(odd), "recipe": {"patience": "for ever"}})
    unreadable: list[str] = []
    assert [run.id for run in store.open_runs(unreadable)] == [sound.id]
    assert unreadable == [odd.id]
    assert [run.id for run in store.project_runs(sound.project)] == [sound.id]


def test_open_runs_are_found_oldest_first_and_finished_ones_are_not(store: DynamoRunStore) -> None:
    late = a_run(State.LIVE, "colours-late-0123456789ab", at=NOW + timedelta(hours=1))
    early = a_run(State.TRAINING, "colours-early-0123456789ab")
    ended = a_run(State.AWAITING_APPROVAL, "colours-ended-0123456789ab").moved(State.DECLINED, by="person")
    for run in (late, early, ended):
        store.create(run)
    assert [run.id for run in store.open_runs()] == [early.id, late.id]
    assert [run.id for run in store.open_runs(most=1)] == [early.id]
    assert {run.id for run in store.project_runs("colours")} == {late.id, early.id, ended.id}
    store.save(store.get(early.id).moved(State.STOPPED, by="track"))
    assert [run.id for run in store.open_runs()] == [late.id]


def test_the_newest_runs_are_read_by_pages_and_no_more_of_them_than_is_taken(
    store: DynamoRunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in range(7):
        store.create(a_run(State.LIVE, f"colours-{place}-0123456789ab", at=NOW + timedelta(hours=place)))
    asked: list[int] = []
    query = store._table.query

    def counted(**how: Any) -> Any:
        asked.append(how["Limit"])
        return query(**how)

    monkeypatch.setattr(store._table, "query", counted)
    newest = store.newest_runs("colours", page=2)
    assert [next(newest).id[8] for _ in range(3)] == ["6", "5", "4"]
    assert asked == [2, 2]
    assert [run.id[8] for run in newest] == ["3", "2", "1", "0"]
    assert [run.id[8] for run in store.newest_runs("colours", NOW + timedelta(hours=1), 5)] == ["1", "0"]


def test_a_run_that_does_not_exist_is_named(store: DynamoRunStore) -> None:
    with pytest.raises(NotFoundError, match="no-such-run"):
        store.get("no-such-run")
