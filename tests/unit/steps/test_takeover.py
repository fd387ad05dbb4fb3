"""A version is measured in the live one's model units where there is no room for more, and gives them back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from tailor.errors import NotFoundError, QuotaError
from tailor.notices.messages import message_for
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.run_records import DeploymentStatus
from tailor.runs import Run, State
from tailor.serving.aliases import Version, promote
from tailor.serving.returning import paused_error
from tailor.steps.inventory import StackInventory
from tailor.steps.takeover import make
from tests.unit.steps.fakes import NOW, deployment_arn
from tests.unit.steps.setting import JOB, MODEL, Setting

FIRST, SECOND = "colours-scenes-0123456789ab", "colours-more-ba9876543210"
ARN, NEWER = deployment_arn(FIRST, "provisioned"), f"{MODEL[:-1]}9"
MINUTE = timedelta(minutes=1)


def units(**settings: Any) -> Recipe:
    return Recipe(
        model="nova-lite", deployment=Deployment.model_validate({"kind": "provisioned", "hours": 8} | settings)
    )


@dataclass
class Successor:
    """A live version in the only model units of its account, and a trained one of the same project."""

    setting: Setting

    def __post_init__(self) -> None:
        self.setting.control.deployments[ARN] = {"arn": ARN, "name": FIRST, "status": "Active", "modelArn": MODEL}
        promote(self.setting.aliases, "colours", Version(run=FIRST, deployment=ARN, model="m"), None, "p", now=NOW)
        known = {"arn": ARN, "kind": "provisioned", "status": "Active"}
        self.live = self.setting.add(
            State.LIVE, FIRST, deployment=known, recipe=units(), job={"arn": JOB, "model_arn": MODEL}
        )

    def train(self, **settings: Any) -> Run:
        job = {"arn": JOB, "model_arn": NEWER}
        return self.setting.add(State.TRAINED, SECOND, recipe=units(take_over=True, **settings), job=job)

    def deploy(self, run: Run) -> Run | None:
        self.setting.control.fail["create_deployment"] = QuotaError("there are no model units left")
        return self.setting.provision(run)

    def update(self) -> None:
        """Let Bedrock finish what it was asked for."""
        found = self.setting.control.deployments[ARN]
        found["modelArn"] = found["desired"]
        self.setting.reconcile(MINUTE)

    def state(self, run: str) -> State:
        return self.setting.runs.get(run).state

    def end(self, verdict: State) -> None:
        run = self.setting.runs.get(SECOND).moved(State.EVALUATING, by="t", now=NOW)
        self.setting.provision(self.setting.runs.save(run.moved(verdict, by="t", now=NOW)))


@pytest.fixture
def successor(setting: Setting) -> Successor:
    return Successor(setting)


def test_it_is_measured_in_the_live_ones_units_which_apps_are_told(successor: Successor, setting: Setting) -> None:
    deployed = successor.deploy(successor.train())
    assert deployed
    assert deployed.deployment
    assert (deployed.state, deployed.deployment.arn, deployed.deployment.taken_from) == (State.DEPLOYING, ARN, FIRST)
    assert "not against it" in deployed.history[-1].reason
    lender, paused = setting.runs.get(FIRST), setting.aliases.alias("colours").paused
    assert paused
    assert (lender.state, paused.returns, paused.measured) == (State.PAUSED, "verdict", SECOND)
    assert "a newer version is measured in its place" in paused_error("colours", paused, NOW).message
    told = message_for(lender, lender.history[-1])
    assert told
    assert "comes back by itself if the newer version does not pass" in told.next_step
    assert (setting.control.deployments[ARN]["desired"], setting.control.deployments[ARN]["name"]) == (NEWER, SECOND)
    assert not setting.reconcile().moved, "they answer with the old model until they are updated"
    successor.update()
    assert (successor.state(SECOND), successor.state(FIRST)) == (State.DEPLOYED, State.PAUSED)


def test_one_that_passes_keeps_them_and_a_rollback_gives_them_back(successor: Successor, setting: Setting) -> None:
    successor.deploy(successor.train())
    successor.update()
    successor.end(State.PASSED)
    setting.reconcile(MINUTE)
    assert (successor.state(SECOND), successor.state(FIRST)) == (State.LIVE, State.RETIRED)
    live = setting.aliases.alias("colours").live
    assert live
    assert (live.run, live.deployment, list(setting.control.deployments)) == (SECOND, ARN, [ARN])
    assert setting.roll_back().state == State.RESTORING
    successor.deploy(setting.runs.get(FIRST))
    assert successor.state(SECOND) == State.PAUSED
    successor.update()
    setting.reconcile(2 * MINUTE)
    assert (successor.state(FIRST), successor.state(SECOND)) == (State.LIVE, State.RETIRED)
    assert setting.control.deployments[ARN]["modelArn"] == MODEL


@pytest.mark.parametrize("verdict", [State.FAILED, State.PASSED])
def test_one_that_does_not_go_live_gives_them_back(verdict: State, successor: Successor, setting: Setting) -> None:
    successor.deploy(successor.train(promote=verdict == State.FAILED))
    successor.update()
    successor.end(verdict)
    for _ in range(3):
        setting.reconcile(MINUTE)
    assert (successor.state(SECOND), successor.state(FIRST)) == (State.RETIRED, State.RESTORING)
    assert setting.control.deployments[ARN]["desired"] == MODEL
    successor.update()
    live = setting.aliases.alias("colours").live
    assert live
    assert (successor.state(FIRST), live.run, live.deployment) == (State.LIVE, FIRST, ARN)


def test_units_that_somebody_deleted_meanwhile_are_made_anew(successor: Successor, setting: Setting) -> None:
    successor.deploy(successor.train())
    del setting.control.deployments[ARN]
    setting.reconcile(MINUTE)
    setting.reconcile(2 * MINUTE)
    assert (successor.state(SECOND), successor.state(FIRST)) == (State.DEPLOY_FAILED, State.RESTORING)
    assert setting.provision(setting.runs.get(FIRST))
    assert [found["modelArn"] for found in setting.control.deployments.values()] == [MODEL]


@pytest.mark.parametrize("other", [{"take_over": False}, {"units": 2}, {"kind": "on-demand", "hours": None}])
def test_it_waits_for_room_where_the_recipe_or_the_units_do_not_allow_it(
    other: dict[str, Any], successor: Successor, setting: Setting
) -> None:
    job = {"arn": JOB, "model_arn": NEWER}
    run = setting.add(State.TRAINED, SECOND, recipe=units(**{"take_over": True, **other}), job=job)
    waiting = successor.deploy(run)
    assert waiting
    assert waiting.stall
    assert (waiting.state, waiting.stall.phase, successor.state(FIRST)) == (State.TRAINED, "room", State.LIVE)


def test_it_waits_while_another_run_is_compared_with_the_live_version(successor: Successor, setting: Setting) -> None:
    setting.deployed(State.EVALUATING, "colours-third-cccccccccccc")
    waiting = successor.deploy(successor.train())
    assert waiting
    assert waiting.stall
    assert successor.state(FIRST) == State.LIVE


def test_who_has_them_is_named_in_the_inventory(successor: Successor, setting: Setting) -> None:
    successor.deploy(successor.train())
    control: Any = setting.control
    control.own_tags = lambda arn: {"run": FIRST, "project": "colours"}
    [billed] = StackInventory(setting.runs, control).billed()
    assert (billed.run, billed.use) == (SECOND, "run is deploying")


@pytest.mark.parametrize("state", [State.LIVE, State.STANDBY])
def test_units_that_serve_another_model_by_hand_are_set_right(state: State, setting: Setting) -> None:
    successor = Successor(setting)
    if state == State.STANDBY:
        version = Version(run=SECOND, deployment="other", model="m")
        promote(setting.aliases, "colours", version, FIRST, "p", now=NOW)
        setting.runs.save(successor.live.moved(State.STANDBY, by="t", now=NOW))
    setting.control.deployments[ARN]["modelArn"] = NEWER
    setting.reconcile(MINUTE)
    if state == State.STANDBY:
        assert (successor.state(FIRST), setting.control.deployments) == (State.RETIRED, {})
        return
    found = setting.runs.get(FIRST)
    assert found.deployment
    assert (found.state, found.deployment.status) == (State.RESTORING, DeploymentStatus.CREATING)
    assert f"Its model units serve {NEWER}" in found.history[-1].reason
    setting.reconcile(2 * MINUTE)
    assert setting.control.deployments[ARN]["desired"] == MODEL
    successor.update()
    assert successor.state(FIRST) == State.LIVE


def test_without_a_live_version_there_is_nothing_to_take_over(setting: Setting) -> None:
    run = setting.add(State.TRAINED, recipe=units(take_over=True), job={"arn": JOB, "model_arn": MODEL})
    setting.control.fail["create_deployment"] = QuotaError("none")
    with pytest.raises(QuotaError):
        make(run, run.id, setting.services, tags={}, now=NOW)
    with pytest.raises(NotFoundError):
        setting.roll_back()


def test_live_units_that_somebody_deleted_are_made_anew(successor: Successor, setting: Setting) -> None:
    del setting.control.deployments[ARN]
    setting.reconcile(MINUTE)
    found = setting.runs.get(FIRST)
    assert (found.state, found.deployment) == (State.RESTORING, None)
    assert "is gone or has failed, and Tailor did not delete it" in found.history[-1].reason
    setting.provision(found)
    [made] = setting.control.deployments.values()
    assert (made["modelArn"], made["status"]) == (MODEL, "Creating")
    made["status"] = "Active"
    setting.reconcile(2 * MINUTE)
    assert successor.state(FIRST) == State.LIVE
