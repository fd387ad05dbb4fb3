"""What no event told is found within a minute, whatever befalls one run."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, cast

import pytest

from tailor.errors import RetryableError
from tailor.events import RUN_DUE
from tailor.notices.messages import message_for
from tailor.runs import ACTORS, Run, State
from tailor.serving.aliases import Version, promote
from tailor.steps.filling import Folder
from tailor.steps.machine import BUSY
from tailor.steps.orphans import OrphanBus, Sweep
from tailor.steps.reconcile import Reconciler
from tailor.training.line import JobQueue
from tests.unit.steps.fakes import NOW, QUOTE, MemoryQueue, OpenRegion, unlimited
from tests.unit.steps.setting import JOB, MODEL, Setting, measured_with


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


@pytest.mark.parametrize(("events", "due"), [(40, False), (1, False), (0, True), (None, True)])
def test_runs_that_wait_in_a_queue_do_not_make_it_longer(setting: Setting, events: int | None, due: bool) -> None:
    setting.queues["prepare"] = MemoryQueue(events)
    waiting = [setting.add(State.RECEIVED, f"colours-{number}-0123456789ab").id for number in range(3)]
    others = [setting.add(State.PREPARED, "shapes-scenes-0123456789ab").id]
    assert sorted(setting.reconcile(timedelta(minutes=5)).due) == sorted(others + waiting * due)
    assert setting.queues["prepare"].asked == 1, "once a round"


def test_of_those_that_wait_for_the_state_machine_the_oldest_is_asked_for(setting: Setting) -> None:
    runs = [setting.add(State.PREPARING, f"colours-{number}-0123456789ab") for number in range(3)]
    for run in runs:
        setting.runs.save(run.held_up("wait", BUSY, "others are before it", NOW) or run)
    assert setting.reconcile(timedelta(minutes=5)).due == [runs[0].id]
    setting.runs.save(setting.runs.get(runs[0].id).updated(stall=None, lease_until=NOW + timedelta(hours=1)))
    assert setting.reconcile(timedelta(minutes=6)).due == [runs[1].id]


def test_an_approval_that_ran_out_declines_the_run(setting: Setting) -> None:
    until = (NOW + timedelta(hours=1)).isoformat()
    run = setting.add(State.AWAITING_APPROVAL, quote=QUOTE | {"approval": {"until": until}})
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


def completed(setting: Setting) -> Run:
    return setting.training(status="Completed", outputModelArn=MODEL)


def active(setting: Setting) -> Run:
    return setting.deployed(State.DEPLOYING)


def too_late(setting: Setting) -> Run:
    return setting.add(State.AWAITING_APPROVAL, quote=QUOTE | {"approval": {"until": NOW.isoformat()}})


def stood_by_long_enough(setting: Setting) -> Run:
    run = setting.deployed(State.STANDBY)
    return setting.runs.save(
        run.updated(deployment=run.deployment and run.deployment.model_copy(update={"standby_until": NOW}))
    )


def replaced(setting: Setting) -> Run:
    run = setting.deployed(State.LIVE)
    promote(setting.aliases, "colours", Version(run="another", deployment="d", model="nova-lite"), None, "p", now=NOW)
    return run


@pytest.mark.parametrize(
    ("prepare", "at", "state"),
    [
        (completed, 1, State.TRAINED),
        (active, 1, State.DEPLOYED),
        (too_late, 1, State.DECLINED),
        (stood_by_long_enough, 1, State.RETIRED),
        (stood_by_long_enough, 2, State.RETIRED),
        (replaced, 1, State.STANDBY),
    ],
)
def test_rounds_that_overlap_do_what_one_round_does(
    prepare: Callable[[Setting], Run], at: int, state: State, setting: Setting, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another whole round runs just before write number ``at`` of this one, which has read everything by then."""
    run, alone = prepare(setting), Setting()
    prepare(alone)
    alone.reconcile(timedelta(minutes=5))
    save, writes = setting.runs.save, count(1)

    def overtaken(changed: Run) -> Run:
        if next(writes) == at:
            assert not setting.reconcile(timedelta(minutes=5)).failed
        return save(changed)

    monkeypatch.setattr(setting.runs, "save", overtaken)
    assert not setting.reconcile(timedelta(minutes=5)).failed
    monkeypatch.undo()
    assert next(writes) > at

    def changes(of: Setting) -> list[State]:
        return [change.state for change in of.runs.get(run.id).history]

    assert changes(setting) == changes(alone)
    assert changes(setting)[-1] == state
    assert (setting.control.deployments, setting.aliases.items) == (alone.control.deployments, alone.aliases.items)


# ---------------------------------------------------------------------------- what is live answers


def live(setting: Setting, id: str = "colours-scenes-0123456789ab") -> Run:
    run = setting.provision(setting.deployed(State.PASSED, id, job={"arn": JOB, "model_arn": MODEL}))
    assert run is not None
    assert run.state == State.LIVE
    assert not setting.reconcile().moved
    return run


@pytest.mark.parametrize("lost", ["deleted", "failed"])
def test_a_live_version_whose_deployment_is_gone_is_told_and_deployed_again(setting: Setting, lost: str) -> None:
    run = live(setting)
    if lost == "deleted":
        setting.control.deployments.clear()
    else:
        setting.control.deployments[run.deployment_arn]["status"] = "Failed"
    assert setting.reconcile().moved == [run.id]
    assert not setting.reconcile().moved, "it is told once"
    restoring = setting.runs.get(run.id)
    message = message_for(restoring, restoring.history[-1])
    assert message is not None
    assert (message.severity, message.title) == ("error", "colours: the live version does not answer")
    assert run.deployment_arn in message.text
    deployed = setting.provision(restoring)
    assert deployed is not None
    setting.control.deployments[deployed.deployment_arn]["status"] = "Active"
    assert setting.reconcile().moved == [run.id]
    again = setting.runs.get(run.id)
    assert again.state == State.LIVE
    message = message_for(again, again.history[-1])
    assert message is not None
    assert "It answers again, from a new deployment" in message.text
    pointed = setting.aliases.alias("colours").live
    assert pointed is not None
    assert (pointed.run, pointed.deployment) == (run.id, again.deployment_arn)
    assert again.deployment_arn != run.deployment_arn
    assert not setting.reconcile().moved


def test_a_list_that_is_late_moves_nothing(setting: Setting, monkeypatch: pytest.MonkeyPatch) -> None:
    live(setting)
    monkeypatch.setattr(setting.control, "list_deployments", lambda kind: [])
    assert not setting.reconcile().moved


def test_a_version_that_stands_by_without_a_deployment_is_no_longer_one_to_go_back_to(setting: Setting) -> None:
    first = live(setting, "colours-scenes-aaaaaaaaaaaa")
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    setting.provision(second)
    assert setting.runs.get(first.id).state == State.STANDBY
    del setting.control.deployments[first.deployment_arn]
    assert setting.reconcile().moved == [first.id]
    assert setting.runs.get(first.id).state == State.RETIRED
    assert not setting.aliases.alias("colours").previous


def test_a_version_that_is_deployed_again_does_not_take_the_name_back(setting: Setting) -> None:
    first = live(setting, "colours-scenes-aaaaaaaaaaaa")
    setting.control.deployments.clear()
    setting.reconcile()
    restoring = setting.provision(setting.runs.get(first.id))
    assert restoring is not None
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    setting.provision(second)
    assert setting.runs.get(second.id).state == State.LIVE
    setting.control.deployments[restoring.deployment_arn]["status"] = "Active"
    setting.reconcile()
    assert setting.runs.get(first.id).state == State.RETIRED
    assert [version.run for version in setting.aliases.alias("colours").versions] == [second.id]


def test_where_nothing_is_live_bedrock_is_not_asked(setting: Setting) -> None:
    setting.add(State.AWAITING_APPROVAL)
    setting.control.fail["list_deployments"] = RetryableError("asked")
    assert not setting.reconcile().failed


def test_a_folder_whose_wake_up_was_lost_is_looked_at_and_one_that_nobody_can_look_at_is_told(setting: Setting) -> None:
    folder = Folder(folder="uploads/colours/scenes/", first_at=NOW, last_at=NOW, quiet_at=NOW)
    setting.folders.save(folder)
    setting.folders.save(Folder(folder="uploads/colours/quiet/", first_at=NOW, last_at=NOW))
    for seconds, woken, failed in ((59, 0, 0), (61, 1, 0), (3600, 2, 1)):
        found = setting.reconcile(timedelta(seconds=seconds))
        assert setting.wake_ups.sent == [(folder.folder, timedelta())] * woken
        assert list(found.failed) == [folder.folder] * failed


class TestSweeps:
    @pytest.mark.parametrize(("minute", "swept"), [(0, True), (1, False), (14, False), (15, True), (45, True)])
    def test_they_are_done_every_quarter_of_an_hour(self, minute: int, swept: bool) -> None:
        assert Sweep(cast("OrphanBus", None)).is_time(NOW.replace(minute=minute)) is swept

    def test_a_round_sweeps_and_an_error_of_it_is_noted(self, setting: Setting) -> None:
        class Failing(Sweep):
            def run(self, *_: Any) -> Any:
                raise RetryableError("Bedrock does not answer")

        line = JobQueue(OpenRegion(), unlimited(setting.runs))
        folders, wake_ups = setting.folders, setting.wake_ups
        sweep = Failing(cast("OrphanBus", None))
        reconciler = Reconciler(
            setting.services, setting.bus, line, timedelta(seconds=60), folders, wake_ups, sweep=sweep
        )
        assert "Bedrock does not answer" in reconciler.round(NOW).failed["orphans"]
        assert reconciler.round(NOW + timedelta(minutes=1)).failed == {}
