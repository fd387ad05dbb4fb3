"""A person ends a run, wherever it is."""

import pytest

from tailor.errors import ConflictError, NotFoundError
from tailor.runs import State
from tailor.steps.track import track
from tests.unit.steps.fakes import NOW, trainers
from tests.unit.steps.setting import JOB, MODEL, Setting


def test_stopping_asks_bedrock_and_the_jobs_answer_moves_the_run(setting: Setting) -> None:
    run = setting.training()
    asked = setting.stop(run)
    assert asked.state == State.TRAINING
    assert setting.control.jobs[JOB]["status"] == "Stopped"
    stopped = track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW)
    assert stopped is not None
    assert stopped.state == State.STOPPED


def test_stopping_a_run_stops_a_job_that_nobody_wrote_down(setting: Setting) -> None:
    """As if the function had been killed after it had submitted it."""
    run = setting.add(State.APPROVED)
    setting.control.jobs[run.id] = {"jobArn": JOB, "jobName": run.id, "status": "InProgress"}
    assert setting.stop(run).state == State.STOPPED
    assert setting.control.jobs[run.id]["status"] == "Stopped"


def test_a_run_without_a_job_stops_at_once_and_one_with_a_model_not_at_all(setting: Setting) -> None:
    early = setting.add(State.PREPARED)
    assert setting.stop(early).state == State.STOPPED
    late = setting.deployed(State.LIVE, "colours-scenes-bbbbbbbbbbbb")
    with pytest.raises(ConflictError, match="nothing to stop"):
        setting.stop(late)


@pytest.mark.parametrize("state", [State.TRAINED, State.DEPLOYED, State.EVALUATING])
def test_a_run_without_a_verdict_stops_and_leaves_no_deployment(setting: Setting, state: State) -> None:
    run = setting.add(state) if state == State.TRAINED else setting.deployed(state)
    ended = setting.stop(run)
    assert (ended.state, ended.history[-1].by, ended.history[-1].reason) == (
        State.RETIRED,
        "person:linh",
        "wrong data",
    )
    assert not setting.control.deployments


@pytest.mark.parametrize("gone", [False, True])
def test_a_stop_while_a_deployment_is_made_takes_it_away_once_it_is_there(setting: Setting, gone: bool) -> None:
    deploying = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
    assert deploying is not None
    assert setting.stop(deploying).state == State.DEPLOYING
    assert not setting.reconcile().moved
    if gone:
        setting.control.fail["get_deployment"] = NotFoundError("there is no such deployment")
        setting.control.deployments.clear()
    else:
        setting.control.deployments[deploying.deployment_arn]["status"] = "Active"
    setting.reconcile()
    ended = setting.runs.get(deploying.id)
    assert (ended.state, ended.history[-1].by, ended.history[-1].reason) == (
        State.RETIRED,
        "person:linh",
        "wrong data",
    )
    assert not setting.control.deployments


@pytest.mark.parametrize(
    ("state", "hint"), [(State.RETIRED, ""), (State.FAILED, "tailor retire"), (State.LIVE, "roll back to another")]
)
def test_what_can_not_be_stopped_is_told_what_can_be_done(setting: Setting, state: State, hint: str) -> None:
    with pytest.raises(ConflictError) as error:
        setting.stop(setting.deployed(state))
    assert hint in error.value.hint if hint else not error.value.hint


def test_a_retired_run_is_retired_again_without_a_word_of_trouble(setting: Setting) -> None:
    retired = setting.provision(setting.deployed(State.FAILED))
    assert retired is not None
    assert setting.retire(retired) == retired


def test_retiring_and_stopping_end_a_run_the_same_way(setting: Setting) -> None:
    """The two commands differ only in that a run with a verdict is not stopped by mistake."""
    waiting, trained = setting.add(State.PREPARED), setting.add(State.STANDBY, id="other-run")
    assert setting.retire(waiting).state == State.STOPPED
    with pytest.raises(ConflictError):
        setting.stop(trained)
