"""A person goes back, or puts a version live against its verdict."""

import pytest

from tailor.errors import ConflictError, InvalidInputError, NotFoundError
from tailor.runs import State
from tests.unit.steps.setting import MODEL, Setting, measured_with


def test_a_person_goes_back_to_the_version_before_and_forward_again_only_by_name(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    setting.provision(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    setting.provision(second)
    assert (setting.roll_back().id, setting.runs.get(second.id).state) == (first.id, State.STANDBY)
    assert f"tailor rollback colours --to {second.id}" in setting.runs.get(second.id).history[-1].reason
    with pytest.raises(NotFoundError, match="rolled back from"):
        setting.roll_back()
    assert setting.roll_back(to=second.id).id == second.id
    assert [setting.runs.get(run.id).state for run in (first, second)] == [State.STANDBY, State.LIVE]


def test_going_back_when_nothing_is_left_says_so_and_changes_nothing(setting: Setting) -> None:
    setting.provision(setting.deployed(State.PASSED))
    with pytest.raises(NotFoundError, match="no version before"):
        setting.roll_back()


def test_a_person_may_promote_what_did_not_pass_and_the_run_says_who_and_why(setting: Setting) -> None:
    run = setting.promote(setting.deployed(State.INCONCLUSIVE))
    assert (run.state, run.history[-1].by, run.history[-1].reason) == (
        State.LIVE,
        "person:linh",
        "we looked at the answers",
    )


def test_what_is_not_deployed_can_not_go_live_and_what_is_live_can_not_be_taken_down(setting: Setting) -> None:
    with pytest.raises(ConflictError, match="only a version that is or was deployed"):
        setting.promote(setting.add(State.TRAINED))
    live = setting.provision(setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb"))
    assert live is not None
    with pytest.raises(ConflictError, match="is live"):
        setting.retire(live)
    assert setting.control.deployments


def test_a_verdict_is_overridden_after_its_deployment_is_gone_by_deploying_again(setting: Setting) -> None:
    retired = setting.provision(setting.deployed(State.FAILED, job={"model_arn": MODEL}))
    assert retired is not None
    assert not setting.control.deployments
    restoring = setting.provision(setting.promote(retired))
    assert restoring is not None
    assert restoring.state == State.RESTORING
    assert restoring.deployment_arn != retired.deployment_arn
    assert setting.provision(restoring) is None
    assert not setting.reconcile().moved

    setting.control.deployments[restoring.deployment_arn]["status"] = "Active"
    assert setting.reconcile().moved == [restoring.id]
    live = setting.runs.get(restoring.id)
    assert (live.state, live.history[-1].by, live.history[-1].reason) == (
        State.LIVE,
        "person:linh",
        "we looked at the answers",
    )
    pointer = setting.aliases.alias("colours").live
    assert pointer is not None
    assert (pointer.deployment, pointer.promoted_by) == (restoring.deployment_arn, "person:linh")


def test_a_restoration_that_fails_leaves_nothing_and_can_be_tried_again(setting: Setting) -> None:
    run = setting.provision(setting.promote(setting.add(State.RETIRED, job={"model_arn": MODEL})))
    assert run is not None
    setting.control.deployments[run.deployment_arn] = {"status": "Failed", "failureMessage": "no capacity"}
    setting.reconcile()
    failed = setting.runs.get(run.id)
    assert failed.state == State.DEPLOY_FAILED
    assert not setting.control.deployments
    again = setting.provision(setting.promote(failed))
    assert again is not None
    assert again.deployment_arn != run.deployment_arn
    assert setting.aliases.alias("colours").live is None


def test_an_override_without_a_reason_is_refused(setting: Setting) -> None:
    for state in (State.RETIRED, State.INCONCLUSIVE):
        run = setting.add(state, f"colours-{state}-0123456789ab")
        with pytest.raises(InvalidInputError, match="needs a reason"):
            setting.promote(run, "  ")
        assert setting.runs.get(run.id) == run
