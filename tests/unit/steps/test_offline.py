"""A person takes a project offline, and nothing but a person brings it back."""

from datetime import timedelta

import pytest

from tailor.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from tailor.runs import Run, State
from tests.unit.steps.fakes import NOW
from tests.unit.steps.setting import MODEL, Setting, measured_with

FIRST, SECOND = "colours-scenes-aaaaaaaaaaaa", "colours-scenes-bbbbbbbbbbbb"


@pytest.fixture
def live(setting: Setting) -> Run:
    """Live, with the version before it on standby."""
    first = setting.deployed(State.PASSED, FIRST, job={"model_arn": MODEL})
    setting.provision(first)
    second = setting.deployed(State.PASSED, SECOND, evaluation=measured_with(first), job={"model_arn": MODEL})
    run = setting.provision(second)
    assert run is not None
    return run


def test_every_version_goes_and_the_runs_and_the_name_say_who_and_why(setting: Setting, live: Run) -> None:
    decision, ended = setting.take_offline()
    assert [run.id for run in ended] == [FIRST, SECOND]
    for run in map(setting.runs.get, (FIRST, SECOND)):
        last = run.history[-1]
        assert (last.state, last.by, last.reason) == (State.RETIRED, "person:linh", "wrong answers")
        assert run.model_arn == MODEL
    assert not setting.control.deployments
    alias = setting.aliases.alias("colours")
    assert (alias.versions, alias.offline) == ((), decision)
    assert (decision.run, decision.by, decision.reason, decision.at) == (SECOND, "person:linh", "wrong answers", NOW)


def test_doing_it_again_changes_nothing_and_keeps_the_first_decision(setting: Setting, live: Run) -> None:
    before, _ = setting.take_offline()
    runs = dict(setting.runs.items)
    assert setting.take_offline("another reason") == (before, [])
    assert setting.runs.items == runs


def test_a_promotion_by_a_person_brings_it_back(setting: Setting, live: Run) -> None:
    setting.take_offline()
    restoring = setting.provision(setting.promote(setting.runs.get(live.id), after=timedelta(minutes=1)))
    assert restoring is not None
    setting.control.deployments[restoring.deployment_arn]["status"] = "Active"
    setting.reconcile(timedelta(minutes=2))
    assert setting.runs.get(live.id).state == State.LIVE
    alias = setting.aliases.alias("colours")
    assert (alias.offline, [version.run for version in alias.versions]) == (None, [live.id])


def test_what_passes_meanwhile_does_not_go_live_by_itself(setting: Setting, live: Run) -> None:
    setting.take_offline()
    run = setting.provision(setting.deployed(State.PASSED, "colours-scenes-cccccccccccc"))
    assert run is not None
    assert (run.state, run.history[-1].by) == (State.RETIRED, "provision")
    assert run.history[-1].reason == "colours is offline: person:linh took it off (wrong answers)"
    assert not setting.control.deployments


def test_what_was_to_be_brought_back_before_does_not_go_live_after(setting: Setting) -> None:
    setting.provision(setting.deployed(State.PASSED, FIRST))
    retired = setting.add(State.RETIRED, SECOND, job={"model_arn": MODEL})
    restoring = setting.provision(setting.promote(retired))
    assert restoring is not None
    setting.take_offline(after=timedelta(seconds=1))
    setting.control.deployments[restoring.deployment_arn]["status"] = "Active"
    setting.reconcile(timedelta(minutes=1))
    run = setting.runs.get(SECOND)
    assert (run.state, run.history[-1].by) == (State.RETIRED, "reconcile")
    assert "took it off" in run.history[-1].reason
    assert not setting.control.deployments


@pytest.mark.parametrize("cut", ["delete_deployment", None])
def test_what_was_cut_short_is_finished_by_reconcile_in_the_persons_name(
    setting: Setting, live: Run, cut: str | None
) -> None:
    if cut:
        setting.control.fail[cut] = RetryableError("not now")
        with pytest.raises(RetryableError):
            setting.take_offline()
    else:  # killed as soon as the name led nowhere
        before = dict(setting.runs.items)
        setting.take_offline()
        setting.runs.items = before
    assert not setting.reconcile(timedelta(minutes=1)).failed
    for run in map(setting.runs.get, (FIRST, SECOND)):
        assert (run.state, run.history[-1].by, run.history[-1].reason) == (
            State.RETIRED,
            "person:linh",
            "wrong answers",
        )
    assert not setting.control.deployments


def test_it_needs_a_reason_and_something_that_is_live(setting: Setting) -> None:
    with pytest.raises(NotFoundError, match="has no live version"):
        setting.take_offline()
    run = setting.provision(setting.deployed(State.PASSED))
    with pytest.raises(InvalidInputError, match="needs a reason"):
        setting.take_offline(" ")
    assert run is not None
    assert setting.runs.get(run.id).state == State.LIVE


def test_a_version_that_is_being_replaced_is_not_mistaken_for_a_project_that_ends(setting: Setting, live: Run) -> None:
    """As if the function had been killed after the pointer had moved on."""
    behind = setting.runs.items[FIRST] = setting.runs.get(FIRST).model_copy(update={"history": live.history})
    with pytest.raises(ConflictError, match="has just been replaced"):
        setting.retire(behind)
    assert setting.runs.get(live.id).state == State.LIVE


def test_who_ends_a_live_version_in_another_way_is_told_of_it(setting: Setting, live: Run) -> None:
    for act in (setting.stop, setting.retire):
        with pytest.raises(ConflictError) as refused:
            act(live)
        assert "tailor offline colours" in refused.value.hint
