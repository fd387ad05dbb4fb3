"""Model units that nobody calls are announced, then deleted; a call keeps them, or brings them back."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import ConflictError, NotFoundError, QuotaError
from tailor.notices.messages import message_for_stall
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment, Schedule
from tailor.runs import Run, State
from tailor.serving.aliases import Version, promote
from tailor.steps.idle import IdleWatch
from tailor.steps.pausing import restore
from tailor.steps.provision import provision
from tailor.steps.reconcile import Reconciler, ReconcileResult
from tailor.training.line import JobQueue
from tailor.training.quote import provisioned_line
from tests.unit.steps.fakes import NOW, OpenRegion, deployment_arn, unlimited
from tests.unit.steps.setting import JOB, MODEL, Setting

HOUR = timedelta(hours=1)
UNITS = Deployment(kind="provisioned", idle_hours=2)
NAME = "colours-scenes-0123456789ab"


class Called:
    """The time of the only call."""

    def __init__(self) -> None:
        self.last: datetime | None = None
        self.asked: dict[tuple[str, datetime], datetime] = {}

    def last_call(self, project: str, since: datetime) -> datetime | None:
        assert project == "colours"
        return self.last if self.last and self.last.date() >= since.date() else None

    def return_asked(self, project: str, paused_at: datetime) -> datetime | None:
        return self.asked.get((project, paused_at))


class IdleSetting(Setting):
    def __init__(self) -> None:
        super().__init__()
        self.calls = Called()

    def round(self, after: timedelta) -> ReconcileResult:
        line = JobQueue(OpenRegion(), unlimited(self.runs))
        idle, due = IdleWatch(self.calls), timedelta(seconds=60)
        reconciler = Reconciler(self.services, self.bus, line, due, self.folders, self.wake_ups, idle=idle)
        return reconciler.round(NOW + after)

    def live(self, deployment: Deployment = UNITS) -> Run:
        arn = deployment_arn(NAME, deployment.kind)
        self.control.deployments[arn] = {"arn": arn, "status": "Active", "modelArn": MODEL}
        promote(self.aliases, "colours", Version(run=NAME, deployment=arn, model="m"), None, "p", now=NOW)
        recipe, job = Recipe(deployment=deployment), {"arn": JOB, "model_arn": MODEL}
        return self.add(State.LIVE, deployment={"arn": arn}, recipe=recipe, job=job)

    def paused(self, deployment: Deployment = UNITS) -> Run:
        run = self.live(deployment)
        self.round(HOUR)
        self.round(2 * HOUR)
        return self.runs.get(run.id)

    def call(self, after: timedelta) -> None:
        """An app calls the paused version."""
        paused = self.aliases.alias("colours").paused
        assert paused
        self.calls.asked["colours", paused.at] = NOW + after

    def made(self, after: timedelta) -> Run:
        """Have the step that is due make the model units, and let them come into service."""
        run = provision(NAME, self.services, tags={}, now=NOW + after)
        assert run
        self.control.deployments[run.deployment_arn]["status"] = "Active"
        self.round(after)
        return self.runs.get(NAME)


@pytest.fixture
def idle() -> IdleSetting:
    return IdleSetting()


def test_it_is_announced_once_after_half_of_the_time_and_gone_after_all_of_it(idle: IdleSetting) -> None:
    run = idle.live()
    assert idle.round(0.9 * HOUR).moved == []
    assert idle.round(HOUR).moved == [run.id]
    told = message_for_stall(idle.runs.get(run.id))
    assert told
    assert told.title == "colours: nobody calls the live version"
    assert "its model units are deleted at 2026-11-22 12:00 UTC" in told.text
    assert idle.round(1.5 * HOUR).moved == []
    assert idle.round(2 * HOUR).moved == [run.id]
    found = idle.runs.get(run.id)
    assert found.state == State.PAUSED
    assert "nobody has called it since 2026-11-22 10:00 UTC" in found.history[-1].reason
    assert idle.control.deployments == {}
    paused = idle.aliases.alias("colours").paused
    assert paused
    assert (paused.run, paused.returns, paused.ended) == (NAME, "call", True)


def test_a_call_brings_it_back_once_and_nothing_else_does(idle: IdleSetting) -> None:
    run = idle.paused()
    assert idle.round(30 * HOUR).moved == []
    idle.call(30 * HOUR)
    assert idle.round(30 * HOUR).moved == [run.id]
    assert idle.runs.get(run.id).state == State.RESTORING
    assert idle.round(30 * HOUR).moved == []
    found = idle.made(30 * HOUR)
    live = idle.aliases.alias("colours").live
    assert live
    assert (found.state, live.deployment) == (State.LIVE, found.deployment_arn)
    assert idle.aliases.alias("colours").paused is None
    idle.round(31 * HOUR)
    idle.round(32 * HOUR)
    assert idle.runs.get(run.id).state == State.PAUSED
    assert idle.round(33 * HOUR).moved == [], "the earlier call is no call of this pause"


def test_a_return_adds_nothing_to_the_hours_that_were_approved(idle: IdleSetting) -> None:
    idle.paused(UNITS.model_copy(update={"hours": 8}))
    idle.call(5 * HOUR)
    idle.round(5 * HOUR)
    deployment = idle.made(5 * HOUR).deployment
    assert deployment
    assert deployment.ends_at
    begun = next(change.at for change in idle.runs.get(NAME).history if change.state == State.DEPLOYING)
    assert deployment.ends_at == begun + 8 * HOUR
    idle.round(8 * HOUR)
    assert (idle.runs.get(NAME).state, idle.control.deployments) == (State.RETIRED, {})


def test_what_has_passed_its_end_does_not_come_back(idle: IdleSetting) -> None:
    idle.paused(UNITS.model_copy(update={"hours": 8}))
    idle.call(9 * HOUR)
    idle.round(9 * HOUR)
    found = provision(NAME, idle.services, tags={}, now=NOW + 9 * HOUR)
    assert found
    assert found.state == State.DEPLOY_FAILED
    assert idle.control.deployments == {}
    assert idle.aliases.alias("colours").paused is None
    assert idle.aliases.alias("colours").offline


def test_a_pause_that_was_cut_short_is_finished(idle: IdleSetting) -> None:
    run = idle.live()
    idle.round(HOUR)
    idle.control.fail["delete_deployment"] = QuotaError("the function is gone")
    assert idle.round(2 * HOUR).failed
    idle.round(2 * HOUR)
    assert (idle.runs.get(run.id).state, idle.control.deployments) == (State.PAUSED, {})


def test_a_person_brings_back_what_is_paused_and_can_end_the_pause(idle: IdleSetting) -> None:
    run = idle.paused()
    who: Any = {"by": "person:linh", "reason": "", "now": NOW + 3 * HOUR}
    assert restore("colours", idle.services, **who).state == State.RESTORING
    assert restore("colours", idle.services, **who).state == State.RESTORING
    assert idle.made(3 * HOUR).history[-1].by == "person:linh"
    with pytest.raises(ConflictError, match="there is nothing to bring back"):
        restore("colours", idle.services, **who)
    with pytest.raises(NotFoundError):
        restore("sounds", idle.services, **who)
    idle.round(4 * HOUR)
    idle.round(5 * HOUR)
    idle.call(6 * HOUR)
    idle.take_offline("we move", 6 * HOUR)
    idle.round(6 * HOUR)
    assert idle.runs.get(run.id).state == State.RETIRED
    assert idle.aliases.alias("colours").paused is None


def test_a_newer_version_takes_the_place_of_a_paused_one(idle: IdleSetting) -> None:
    run = idle.paused()
    second = idle.deployed(State.PASSED, "colours-more-ba9876543210", recipe=Recipe())
    idle.provision(second)
    idle.round(3 * HOUR)
    assert idle.runs.get(second.id).state == State.LIVE
    found = idle.runs.get(run.id)
    assert (found.state, found.history[-1].reason) == (
        State.RETIRED,
        f"{second.id} went live while this version was paused",
    )


def test_a_call_keeps_it_and_takes_the_announcement_back(idle: IdleSetting) -> None:
    run = idle.live()
    idle.round(HOUR)
    idle.calls.last = NOW + 1.5 * HOUR
    assert idle.round(1.6 * HOUR).moved == [run.id]
    assert idle.runs.get(run.id).stall is None
    assert idle.round(2.4 * HOUR).moved == []
    assert idle.round(2.5 * HOUR).moved == [run.id]
    idle.round(3.5 * HOUR)
    assert idle.runs.get(run.id).state == State.PAUSED


def test_outside_of_a_schedule_no_call_brings_it_back_and_the_opening_does(idle: IdleSetting) -> None:
    hours = Schedule(days=("sun", "mon"), opens="08:00", closes="13:00")  # NOW is a Sunday, 10:00
    run = idle.paused(UNITS.model_copy(update={"schedule": hours}))
    idle.round(3 * HOUR)
    paused = idle.aliases.alias("colours").paused
    assert paused
    assert (paused.returns, paused.opens_at) == ("opening", NOW + 22 * HOUR)
    idle.call(4 * HOUR)
    assert idle.round(4 * HOUR).moved == []
    assert idle.round(22 * HOUR).moved == [run.id]
    assert idle.made(22 * HOUR).state == State.LIVE


def test_what_costs_nothing_while_idle_stays(idle: IdleSetting) -> None:
    run = idle.live(Deployment())
    assert idle.round(1000 * HOUR).moved == []
    assert idle.runs.get(run.id).state == State.LIVE


def test_a_quote_without_another_end_counts_a_month() -> None:
    line = provisioned_line(UNITS, catalog.model("nova-lite"), NOW)
    assert line.whole
    assert "until nobody has called for 2 hours" in line.title
    assert line.whole.high == line.high * 720  # type: ignore[operator]
