"""A trained model is deployed, in time or not, or the run says why not; nothing is left behind."""

from datetime import timedelta
from typing import Any

import pytest

from tailor.errors import ConflictError, NotFoundError, QuotaError
from tailor.notices.messages import message_for_stall
from tailor.recipe import Patience, Recipe
from tailor.runs import Run, State
from tailor.steps.provision import provision
from tailor.steps.services import RunServices
from tests.unit.steps.fakes import NOW, MemoryControl, deployment_arn
from tests.unit.steps.setting import DEPLOYMENT, JOB, MODEL, Setting


def test_a_trained_model_is_deployed_under_the_runs_name_and_watched_until_active(setting: Setting) -> None:
    deploying = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
    assert deploying is not None
    assert deploying.state == State.DEPLOYING
    assert not setting.reconcile().moved
    setting.control.deployments[deploying.deployment_arn]["status"] = "Active"
    assert setting.reconcile().moved == [deploying.id]
    assert setting.runs.get(deploying.id).state == State.DEPLOYED


def test_a_deployment_that_failed_is_taken_away(setting: Setting) -> None:
    run = setting.deployed(State.DEPLOYING)
    setting.control.deployments[run.deployment_arn] = {"status": "Failed", "failureMessage": "the KMS key is gone"}
    setting.reconcile()
    assert setting.runs.get(run.id).state == State.DEPLOY_FAILED
    assert "the KMS key is gone" in setting.runs.get(run.id).history[-1].reason
    assert not setting.control.deployments


class TestADeploymentThatTakesTooLong:
    @pytest.fixture
    def creating(self, setting: Setting) -> Run:
        run = setting.provision(setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}))
        assert run is not None
        return run

    def test_it_is_told_once_after_half_of_the_patience(self, setting: Setting, creating: Run) -> None:
        assert not setting.reconcile(timedelta(minutes=59)).moved
        assert setting.reconcile(timedelta(minutes=61)).moved == [creating.id]
        noted = setting.runs.get(creating.id).stall
        assert noted
        assert noted.phase == "deploying"
        assert not setting.reconcile(timedelta(minutes=62)).moved
        assert setting.runs.get(creating.id).state == State.DEPLOYING

    def test_after_all_of_it_the_deployment_goes_and_the_run_says_why(
        self, setting: Setting, creating: Run, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(setting.control, "delete_deployment", setting.control.deployments.pop)
        setting.reconcile(timedelta(hours=3))
        last = setting.runs.get(creating.id).history[-1]
        assert last.state == State.DEPLOY_FAILED
        assert "within 2 hours" in last.reason
        assert not setting.control.deployments

    def test_what_bedrock_will_not_delete_is_told_and_followed_on(self, setting: Setting, creating: Run) -> None:
        setting.reconcile(timedelta(hours=3))
        run = setting.runs.get(creating.id)
        assert (run.state, run.stall and run.stall.level) == (State.DEPLOYING, "stuck")
        message = message_for_stall(run)
        assert message is not None
        assert "support case" in message.next_step
        setting.control.deployments[run.deployment_arn]["status"] = "Active"
        setting.reconcile(timedelta(hours=4))
        assert setting.runs.get(creating.id).state == State.DEPLOYED
        assert not setting.runs.get(creating.id).stall


class TestAModelThatIsNotActiveYet:
    """CreateCustomModelDeployment takes only models that are Active (API reference)."""

    @pytest.fixture
    def trained(self, setting: Setting) -> Run:
        setting.control.model = {"modelStatus": "Creating"}
        setting.control.fail["create_deployment"] = AssertionError("a model that is not active can't be deployed")
        return setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})

    def later(self, setting: Setting, run: Run, after: timedelta) -> Run | None:
        now, runs = NOW + after, setting.runs
        return provision(run.id, RunServices(runs, setting.control, setting.aliases), tags={}, now=now)

    def test_the_run_waits_and_is_asked_for_each_round_until_it_is(self, setting: Setting, trained: Run) -> None:
        noted = setting.provision(trained)
        assert noted is not None
        assert (noted.state, noted.stall and noted.stall.phase, noted.stall and noted.stall.level) == (
            State.TRAINED,
            "model",
            "wait",
        )
        assert setting.provision(trained) is None
        assert setting.reconcile(timedelta(seconds=1)).due == [trained.id]
        setting.control.model, setting.control.fail = {"modelStatus": "Active"}, {}
        deployed = setting.provision(trained)
        assert deployed is not None
        assert (deployed.state, deployed.stall) == (State.DEPLOYING, None)

    def test_one_without_a_status_is_deployed(self, setting: Setting, trained: Run) -> None:
        setting.control.model, setting.control.fail = {}, {}
        deployed = setting.provision(trained)
        assert deployed is not None
        assert deployed.state == State.DEPLOYING

    def test_half_of_the_patience_is_told_and_all_of_it_ends_the_run(self, setting: Setting, trained: Run) -> None:
        told = self.later(setting, trained, timedelta(hours=1))
        assert told is not None
        message = message_for_stall(told)
        assert message is not None
        assert "not active after 1 hours" in message.text
        assert f"tailor retry {trained.id}" in message.next_step
        assert MODEL in [field.value for field in message.fields]
        ended = self.later(setting, trained, timedelta(hours=2))
        assert ended is not None
        assert ended.state == State.DEPLOY_FAILED
        assert "2 hours after its training" in ended.history[-1].reason

    def test_where_the_recipe_stops_nothing_it_is_told_as_stuck_and_waited_for(self, setting: Setting) -> None:
        setting.control.model = {"modelStatus": "Creating"}
        recipe = Recipe(patience=Patience(stop=False))
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}, recipe=recipe)
        stuck = self.later(setting, run, timedelta(hours=3))
        assert stuck is not None
        assert (stuck.state, stuck.stall and stuck.stall.level) == (State.TRAINED, "stuck")
        message = message_for_stall(stuck)
        assert message is not None
        assert "as the recipe says" in message.next_step

    def test_the_wait_for_room_counts_from_its_own_beginning(self, setting: Setting, trained: Run) -> None:
        self.later(setting, trained, timedelta(minutes=59))
        setting.control.model = {"modelStatus": "Active"}
        setting.control.fail["create_deployment"] = QuotaError("10 deployments are there already")
        waiting = self.later(setting, trained, timedelta(minutes=90))
        assert waiting is not None
        assert (waiting.stall and waiting.stall.phase, waiting.stall and waiting.stall.level) == ("room", "wait")

    def test_one_that_failed_ends_the_run_with_what_bedrock_says(self, setting: Setting, trained: Run) -> None:
        setting.control.model = {"modelStatus": "Failed", "failureMessage": "the artefacts are broken"}
        ended = setting.provision(trained)
        assert ended is not None
        assert ended.state == State.DEPLOY_FAILED
        assert "Bedrock could not make the custom model. Bedrock said: the artefacts are broken" in (
            ended.history[-1].reason
        )


class TestAFailedDeploymentIsTriedAgain:
    def fails(self, setting: Setting, run: Run, message: str) -> Run:
        setting.control.deployments[run.deployment_arn] = {"status": "Failed", "failureMessage": message}
        setting.reconcile()
        return setting.runs.get(run.id)

    def again(self, setting: Setting, run: Run) -> Run:
        deploying = setting.provision(run)
        assert deploying is not None
        assert deploying.state == State.DEPLOYING
        return deploying

    @pytest.mark.parametrize("message", ["", "Encountered an internal error when processing the request."])
    def test_by_itself_twice_where_the_reason_is_bedrocks_own(self, setting: Setting, message: str) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        used = []
        for _ in range(2):
            deploying = self.again(setting, run)
            used.append(deploying.deployment_arn)
            run = self.fails(setting, deploying, message)
            assert (run.state, run.deployment) == (State.TRAINED, None)
        deploying = self.again(setting, run)
        used.append(deploying.deployment_arn)
        assert len(set(used)) == 3
        run = self.fails(setting, deploying, message)
        assert run.state == State.DEPLOY_FAILED
        assert not setting.control.deployments

    def test_by_a_person_who_says_so_and_it_is_measured_as_usual(self, setting: Setting) -> None:
        run = self.fails(
            setting, self.again(setting, setting.add(State.TRAINED, job={"model_arn": MODEL})), "no such KMS key"
        )
        assert run.state == State.DEPLOY_FAILED
        retried = setting.retry(run, "the key is back")
        assert (retried.state, retried.history[-1].by) == (State.TRAINED, "person:linh")
        deploying = self.again(setting, retried)
        setting.control.deployments[deploying.deployment_arn]["status"] = "Active"
        setting.reconcile()
        assert setting.runs.get(run.id).state == State.DEPLOYED, "evaluate is next: nothing goes live unmeasured"
        assert not setting.control.requests, "nothing was trained again"

    def test_a_person_gets_as_many_attempts_as_the_first_time(self, setting: Setting) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        for _ in range(3):
            run = self.fails(setting, self.again(setting, run), "")
        run = self.fails(setting, self.again(setting, setting.retry(run, "")), "")
        assert run.state == State.TRAINED

    def test_a_version_that_was_to_go_live_again_is_restored_again(self, setting: Setting) -> None:
        run = setting.provision(setting.promote(setting.add(State.RETIRED, job={"model_arn": MODEL})))
        assert run is not None
        failed = self.fails(setting, run, "")
        assert failed.state == State.DEPLOY_FAILED
        retried = setting.retry(failed, "")
        assert (retried.state, retried.history[-1].reason) == (State.RESTORING, "we looked at the answers")

    @pytest.mark.parametrize("state", [State.TRAINED, State.LIVE, State.RETIRED, State.TRAINING])
    def test_nothing_else_is_tried_again(self, setting: Setting, state: State) -> None:
        with pytest.raises(ConflictError, match="only a run that has ended"):
            setting.retry(setting.add(state), "")


class TestAnAccountWithoutRoomForADeployment:
    def waiting(self, setting: Setting, run: Run, after: timedelta) -> Run | None:
        setting.control.fail["create_deployment"] = QuotaError("10 deployments are there already")
        now, runs = NOW + after, setting.runs
        return provision(run.id, RunServices(runs, setting.control, setting.aliases), tags={}, now=now)

    def test_the_run_waits_and_is_no_dead_letter(self, setting: Setting) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        noted = self.waiting(setting, run, timedelta())
        assert noted is not None
        assert (noted.state, noted.stall and noted.stall.level) == (State.TRAINED, "wait")
        assert self.waiting(setting, run, timedelta(minutes=5)) is None
        assert setting.reconcile(timedelta(minutes=5)).due == [run.id]
        deployed = setting.provision(run)
        assert deployed is not None
        assert deployed.state == State.DEPLOYING
        assert not deployed.stall

    def test_it_is_told_after_an_hour_and_never_given_up(self, setting: Setting) -> None:
        run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
        self.waiting(setting, run, timedelta())
        told = self.waiting(setting, run, timedelta(hours=1))
        assert told is not None
        message = message_for_stall(told)
        assert message is not None
        assert "10 deployments are there already" in message.text
        assert "tailor retire" in message.next_step
        assert self.waiting(setting, run, timedelta(days=30)) is None
        assert setting.runs.get(run.id).state == State.TRAINED

    def test_a_version_that_a_person_wants_back_waits_too(self, setting: Setting) -> None:
        run = setting.add(State.RETIRED, job={"arn": JOB, "model_arn": MODEL})
        run = setting.runs.save(run.moved(State.RESTORING, by="person:linh", deployment=None))
        noted = self.waiting(setting, run, timedelta())
        assert noted is not None
        assert (noted.state, noted.stall and noted.stall.phase) == (State.RESTORING, "room")
        deployed = setting.provision(run)
        assert deployed is not None
        assert deployed.deployment and deployed.deployment.status == "Creating"
        assert not deployed.stall


def test_a_deployment_that_is_gone_before_it_was_active_ends_its_run(setting: Setting) -> None:
    run = setting.add(State.DEPLOYING, deployment={"arn": DEPLOYMENT})
    setting.control.fail["get_deployment"] = NotFoundError("there is no such deployment")
    assert not setting.reconcile().failed
    assert setting.runs.get(run.id).state == State.DEPLOY_FAILED


def test_a_run_that_is_retired_while_it_is_deployed_leaves_no_deployment(setting: Setting) -> None:
    class Slow(MemoryControl):
        def create_deployment(self, name: str, model_arn: str, **how: Any) -> str:
            arn = super().create_deployment(name, model_arn, **how)
            setting.runs.save(setting.runs.get(run.id).moved(State.RETIRED, by="person:linh", now=NOW))
            return arn

    run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
    setting.control = Slow()
    with pytest.raises(ConflictError):
        setting.provision(run)
    # Bedrock deletes none that it is still making: the next delivery does.
    setting.control.deployments[deployment_arn(run.id)]["status"] = "Active"
    assert setting.provision(run) is None
    assert not setting.control.deployments


def test_retiring_takes_a_deployment_away_that_nobody_wrote_down(setting: Setting) -> None:
    """As if the function had been killed after it had made it."""
    run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL})
    setting.control.deployments[setting.control.create_deployment(run.id, MODEL, tags={})]["status"] = "Active"
    setting.retire(run)
    assert not setting.control.deployments
