"""Functions and other people move a run while a person's command is under way."""

from collections.abc import Callable
from typing import Any, Unpack

import pytest

from tailor.errors import ConflictError, LostRaceError, NotFoundError
from tailor.run_records import JobRecord, ReportRecord
from tailor.runs import MOST_TRIES, Run, State, Updates
from tests.unit.steps.fakes import NOW
from tests.unit.steps.setting import JOB, MODEL, Setting, measured_with

FIRST, SECOND = "colours-scenes-aaaaaaaaaaaa", "colours-scenes-bbbbbbbbbbbb"
Begin = Callable[[Setting], Run]
Act = Callable[[Setting, Run], Any]


def deployed(state: State) -> Begin:
    return lambda setting: setting.deployed(state, FIRST, job={"arn": JOB, "model_arn": MODEL})


def added(state: State) -> Begin:
    return lambda setting: setting.add(state, FIRST, job={"arn": JOB, "model_arn": MODEL})


def replaced(setting: Setting) -> Run:
    """On standby, with a newer version live."""
    setting.provision(deployed(State.PASSED)(setting))
    first = setting.runs.get(FIRST)
    setting.provision(setting.deployed(State.PASSED, SECOND, evaluation=measured_with(first)))
    return setting.runs.get(FIRST)


COMMANDS: dict[str, tuple[Begin, Act, State]] = {
    "approve": (added(State.AWAITING_APPROVAL), Setting.approve, State.APPROVED),
    "decline": (added(State.AWAITING_APPROVAL), Setting.decline, State.DECLINED),
    "stop before a job": (added(State.PREPARED), Setting.stop, State.STOPPED),
    "stop a job": (Setting.training, Setting.stop, State.TRAINING),
    "stop a measurement": (deployed(State.EVALUATING), Setting.stop, State.RETIRED),
    "retire": (deployed(State.FAILED), Setting.retire, State.RETIRED),
    "retire what stands by": (replaced, Setting.retire, State.RETIRED),
    "retry": (added(State.DEPLOY_FAILED), lambda setting, run: setting.retry(run, "there is room"), State.TRAINED),
    "promote": (deployed(State.INCONCLUSIVE), Setting.promote, State.LIVE),
    "promote what is gone": (added(State.RETIRED), Setting.promote, State.RESTORING),
    "roll back": (replaced, lambda setting, run: setting.roll_back(), State.LIVE),
    "offline": (replaced, lambda setting, run: setting.take_offline(), State.RETIRED),
}
MOVE_THE_NAME = ("retire what stands by", "promote", "roll back", "offline")


def somebody_writes(setting: Setting) -> None:
    """Each run, and where its project's name leads to, without a move."""
    for run in list(setting.runs.items.values()):
        extra = run.report.model_extra or {}
        noted = ReportRecord.model_validate(extra | {"notes": extra.get("notes", 0) + 1})
        setting.runs.items[run.id] = run.model_copy(update={"report": noted, "revision": run.revision + 1})
    alias = setting.aliases.alias("colours")
    setting.aliases.items["colours"] = alias.model_copy(update={"revision": alias.revision + 1})


@pytest.mark.parametrize("times", [1, MOST_TRIES - 1])
@pytest.mark.parametrize("command", COMMANDS)
def test_who_loses_races_gets_what_is_still_allowed_and_undoes_nothing(
    setting: Setting, command: str, times: int
) -> None:
    begin, act, state = COMMANDS[command]
    run = begin(setting)
    setting.runs.meanwhile = [lambda: somebody_writes(setting)] * times
    act(setting, run)
    found = setting.runs.get(run.id)
    assert (found.state, (found.report.model_extra or {})["notes"]) == (state, times)
    assert sum(change.state == state for change in found.history[run.sequence :]) == (state != run.state)
    assert not setting.runs.meanwhile


@pytest.mark.parametrize("times", [1, MOST_TRIES - 1])
@pytest.mark.parametrize("command", MOVE_THE_NAME)
def test_who_loses_races_for_the_name_moves_it_once(setting: Setting, command: str, times: int) -> None:
    begin, act, state = COMMANDS[command]
    run = begin(setting)
    setting.aliases.meanwhile = [lambda: somebody_writes(setting)] * times
    act(setting, run)
    assert setting.runs.get(run.id).state == state
    assert not setting.aliases.meanwhile
    leads_to = [version.run for version in setting.aliases.alias("colours").versions]
    expected = {"promote": [FIRST], "roll back": [FIRST, SECOND], "offline": []}
    assert leads_to == expected.get(command, [SECOND])


@pytest.mark.parametrize("command", COMMANDS)
def test_who_loses_each_race_is_told_so_in_the_end(setting: Setting, command: str) -> None:
    begin, act, _ = COMMANDS[command]
    run = begin(setting)
    setting.runs.meanwhile = [lambda: somebody_writes(setting)] * 100
    with pytest.raises(LostRaceError):
        act(setting, run)
    assert len(setting.runs.meanwhile) == 100 - MOST_TRIES
    assert setting.runs.get(run.id).history == run.history


def moves(state: State, by: str = "somebody", **updates: Unpack[Updates]) -> Act:
    return lambda setting, run: setting.runs.save(
        setting.runs.get(run.id).moved(state, by=by, reason="theirs", now=NOW, **updates)
    )


@pytest.mark.parametrize(
    ("command", "meanwhile", "message"),
    [
        ("approve", moves(State.DECLINED), "is declined: it does not wait for approval"),
        ("decline", moves(State.APPROVED), "is approved: it does not wait for approval"),
        ("stop before a job", moves(State.TRAINING_FAILED), "is training-failed: there is nothing to stop"),
        ("stop a job", moves(State.STOPPED), "is stopped: there is nothing to stop"),
        ("stop a measurement", moves(State.PASSED), "is passed: there is nothing to stop"),
        ("retry", moves(State.RESTORING), "is restoring: only a run that has ended"),
        ("promote what is gone", moves(State.RESTORING), "is restoring: only a version"),
        ("promote", lambda setting, run: setting.promote(run), "is live already"),
        ("retire", lambda setting, run: setting.promote(run), "is live"),
    ],
)
def test_what_somebody_else_made_impossible_is_refused_with_where_the_run_is(
    setting: Setting, command: str, meanwhile: Act, message: str
) -> None:
    begin, act, _ = COMMANDS[command]
    run = begin(setting)
    setting.runs.meanwhile = [lambda: meanwhile(setting, run)]
    with pytest.raises(ConflictError, match=message) as refused:
        act(setting, run)
    assert not isinstance(refused.value, LostRaceError)


def test_a_job_that_began_while_its_run_was_stopped_is_stopped(setting: Setting) -> None:
    run = setting.add(State.PREPARED)

    def begins() -> None:
        setting.control.jobs[JOB] = {"jobArn": JOB, "jobName": run.id, "status": "InProgress"}
        moves(State.TRAINING, job=JobRecord(arn=JOB))(setting, run)

    setting.runs.meanwhile = [begins]
    assert (job := setting.stop(run).job)
    assert job.stop_asked_by == "person:linh"
    assert setting.control.jobs[JOB]["status"] == "Stopped"


def test_a_job_that_ended_while_it_was_stopped_leaves_a_model_and_no_deployment(setting: Setting) -> None:
    run = setting.training()
    setting.runs.meanwhile = [lambda: moves(State.TRAINED, job=JobRecord(arn=JOB, model_arn=MODEL))(setting, run)]
    assert setting.stop(run).state == State.RETIRED


def test_a_stop_that_somebody_else_finishes_is_done(setting: Setting) -> None:
    """As reconcile does with a run that is marked."""
    run = deployed(State.EVALUATING)(setting)

    def finishes() -> None:
        setting.runs.save(setting.runs.get(run.id).moved(State.RETIRED, by="person:linh", now=NOW))

    setting.runs.meanwhile = [lambda: None, finishes]
    stopped = setting.stop(run)
    assert (stopped.state, sum(change.state == State.RETIRED for change in stopped.history)) == (State.RETIRED, 1)


def test_what_is_measured_before_it_could_go_live_keeps_no_name(setting: Setting) -> None:
    run = deployed(State.DEPLOYED)(setting)
    setting.runs.meanwhile = [lambda: moves(State.EVALUATING)(setting, run)]
    with pytest.raises(ConflictError, match="is evaluating") as refused:
        setting.promote(run)
    assert refused.value.hint == "wait for its verdict"
    assert not setting.aliases.alias("colours").versions


def test_a_promotion_replaces_also_what_has_just_gone_live(setting: Setting) -> None:
    run = deployed(State.INCONCLUSIVE)(setting)
    other = setting.deployed(State.PASSED, SECOND)
    setting.aliases.meanwhile = [lambda: setting.provision(other)]
    assert setting.promote(run).state == State.LIVE
    assert [version.run for version in setting.aliases.alias("colours").versions] == [FIRST, SECOND]
    assert setting.runs.get(SECOND).state == State.STANDBY


def test_a_version_that_was_retired_while_a_name_went_back_to_it_is_not_there(setting: Setting) -> None:
    first = replaced(setting)
    setting.aliases.meanwhile = [lambda: setting.retire(first)]
    with pytest.raises(NotFoundError, match="no version before"):
        setting.roll_back()
    live = setting.aliases.alias("colours").live
    assert live is not None
    assert live.run == SECOND


def test_what_reconcile_takes_down_first_ended_all_the_same(setting: Setting) -> None:
    replaced(setting)
    setting.runs.meanwhile = [lambda: setting.reconcile()]
    _, ended = setting.take_offline()
    assert [(run.id, run.state) for run in ended] == [(FIRST, State.RETIRED), (SECOND, State.RETIRED)]
    for run in map(setting.runs.get, (FIRST, SECOND)):
        assert [change.by for change in run.history if change.state == State.RETIRED] == ["person:linh"]
    assert not setting.control.deployments
