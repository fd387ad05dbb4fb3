"""Model units that nobody calls are announced, then deleted; a call keeps them."""

from datetime import datetime, timedelta

import pytest

from tailor import catalog
from tailor.notices.messages import message_for_stall
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.serving.aliases import Version, promote
from tailor.steps.idle import IdleWatch
from tailor.steps.reconcile import Reconciler, ReconcileResult
from tailor.training.line import JobQueue
from tailor.training.quote import provisioned_line
from tests.unit.steps.fakes import NOW, OpenRegion, deployment_arn, unlimited
from tests.unit.steps.setting import MODEL, Setting

HOUR = timedelta(hours=1)
UNITS = Deployment(kind="provisioned", idle_hours=2)
NAME = "colours-scenes-0123456789ab"


class Called:
    """The time of the only call."""

    def __init__(self) -> None:
        self.last: datetime | None = None

    def last_call(self, project: str, since: datetime) -> datetime | None:
        assert project == "colours"
        return self.last if self.last and self.last.date() >= since.date() else None


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
        return self.add(State.LIVE, deployment={"arn": arn}, recipe=Recipe(deployment=deployment))


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
    assert found.state == State.RETIRED
    assert "nobody has called it since 2026-11-22 10:00 UTC" in found.history[-1].reason
    assert idle.control.deployments == {}
    offline = idle.aliases.alias("colours").offline
    assert offline
    assert offline.ended


def test_a_call_keeps_it_and_takes_the_announcement_back(idle: IdleSetting) -> None:
    run = idle.live()
    idle.round(HOUR)
    idle.calls.last = NOW + 1.5 * HOUR
    assert idle.round(1.6 * HOUR).moved == [run.id]
    assert idle.runs.get(run.id).stall is None
    assert idle.round(2.4 * HOUR).moved == []
    assert idle.round(2.5 * HOUR).moved == [run.id]
    idle.round(3.5 * HOUR)
    assert idle.runs.get(run.id).state == State.RETIRED


def test_what_costs_nothing_while_idle_stays(idle: IdleSetting) -> None:
    run = idle.live(Deployment())
    assert idle.round(1000 * HOUR).moved == []
    assert idle.runs.get(run.id).state == State.LIVE


def test_a_quote_without_another_end_counts_a_month() -> None:
    line = provisioned_line(UNITS, catalog.model("nova-lite"), NOW)
    assert line.whole
    assert "until nobody has called for 2 hours" in line.title
    assert line.whole.high == line.high * 720  # type: ignore[operator]
