from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import ConflictError
from tailor.events import RunChanged, changes_between
from tailor.runs import ACTORS, MOVES, TERMINAL, Run, State, claim
from tests.unit.steps.fakes import NOW, MemoryRuns, a_run


def test_every_state_leads_to_an_end() -> None:
    reached = set(TERMINAL)
    while more := {state for state, following in MOVES.items() if following & reached} - reached:
        reached |= more
    assert reached == set(State)


def test_a_state_that_waits_for_a_function_is_not_an_end() -> None:
    assert not TERMINAL & set(ACTORS)


def test_a_move_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ConflictError, match="is received: it can't become live"):
        a_run(State.RECEIVED).moved(State.LIVE, by="test")


@settings(deadline=None)
@given(st.data())
def test_the_history_only_grows_and_survives_the_table(data: st.DataObject) -> None:
    run = a_run(State.RECEIVED)
    while following := sorted(MOVES[run.state]):
        if len(run.history) > 30 or data.draw(st.booleans(), "stop"):
            break
        moved = run.moved(data.draw(st.sampled_from(following)), by="test", now=NOW)
        assert moved.history[:-1] == run.history
        assert [change.state for change in changes_between(run, moved)] == [moved.state]
        run = moved
    assert [change.sequence for change in run.history] == list(range(1, len(run.history) + 1))
    assert Run.model_validate_json(run.model_dump_json()) == run


def test_a_change_names_where_the_run_came_from() -> None:
    run = a_run(State.PREPARED)
    assert [(c.previous, c.state) for c in changes_between(None, run)] == [
        (None, State.RECEIVED),
        (State.RECEIVED, State.PREPARING),
        (State.PREPARING, State.PREPARED),
    ]
    assert RunChanged.of(run).sequence == 3


def test_one_of_two_deliveries_gets_the_run_and_a_third_only_after_the_lease() -> None:
    runs = MemoryRuns()
    runs.create(a_run(State.RECEIVED))
    take = {"begin": State.RECEIVED, "working": State.PREPARING, "seconds": 60.0, "by": "prepare"}
    run_id = next(iter(runs.items))

    first = claim(runs, run_id, now=NOW, **take)  # type: ignore[arg-type]
    assert first is not None
    assert first.state == State.PREPARING
    assert claim(runs, run_id, now=NOW + timedelta(seconds=59), **take) is None  # type: ignore[arg-type]

    again = claim(runs, run_id, now=NOW + timedelta(seconds=61), **take)  # type: ignore[arg-type]
    assert again is not None
    assert again.sequence == first.sequence
    with pytest.raises(ConflictError):
        runs.save(first.moved(State.PREPARED, by="prepare"))


def test_a_finished_step_is_not_taken_again() -> None:
    runs = MemoryRuns()
    run = a_run(State.PREPARED)
    runs.create(run)
    assert claim(runs, run.id, begin=State.RECEIVED, working=State.PREPARING, seconds=1, by="prepare", now=NOW) is None
