"""What no event told is found within a minute, whatever befalls one run."""

from datetime import timedelta

import pytest

from tailor.errors import RetryableError
from tailor.events import RUN_DUE
from tailor.runs import ACTORS, State
from tests.unit.steps.fakes import NOW
from tests.unit.steps.setting import MODEL, Setting


@pytest.mark.parametrize("state", sorted(ACTORS))
def test_a_step_that_never_began_is_asked_for_again_but_not_too_soon(setting: Setting, state: State) -> None:
    run = setting.add(state)
    assert not setting.reconcile(timedelta(seconds=59)).due
    assert setting.reconcile(timedelta(seconds=61)).due == [run.id]
    assert [(kind, change.run, change.state) for kind, change in setting.bus.sent] == [(RUN_DUE, run.id, state)]


def test_a_step_that_is_being_worked_on_is_left_alone(setting: Setting) -> None:
    run = setting.add(State.PREPARING)
    setting.runs.save(run.model_copy(update={"lease_until": NOW + timedelta(minutes=15)}))
    assert not setting.reconcile(timedelta(minutes=14)).due
    assert setting.reconcile(timedelta(minutes=16)).due


def test_an_approval_that_ran_out_declines_the_run(setting: Setting) -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    run = setting.add(State.AWAITING_APPROVAL, quote={"approval": {"until": until}})
    assert not setting.reconcile().moved
    setting.reconcile(timedelta(hours=2))
    assert setting.runs.get(run.id).state == State.DECLINED


def test_one_runs_trouble_does_not_keep_the_others_waiting(setting: Setting) -> None:
    broken = setting.training(status="Completed", outputModelArn=MODEL)
    setting.control.fail["get_job"] = RetryableError("not now")
    due = setting.add(State.PREPARED, "colours-other-0123456789ab", at=NOW + timedelta(seconds=1))
    found = setting.reconcile(timedelta(minutes=5))
    assert list(found.failed) == [broken.id]
    assert found.due == [due.id]


def test_a_bug_that_one_run_meets_does_not_leave_the_others_unwatched(setting: Setting) -> None:
    broken = setting.training(status="Completed", outputModelArn=MODEL)
    setting.control.fail["get_job"] = OverflowError("what nobody thought of, with somebody's data in it")
    due = setting.add(State.PREPARED, "colours-other-0123456789ab", at=NOW + timedelta(seconds=1))
    found = setting.reconcile(timedelta(minutes=5))
    assert found.failed == {broken.id: "OverflowError in _maybe_fail"}
    assert found.due == [due.id]
