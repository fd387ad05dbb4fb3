"""What serves a model and that no run needs is told and removed, and nothing else is."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from tailor.catalog import DeploymentKind
from tailor.errors import ConflictError
from tailor.events import ORPHAN_FOUND, OrphanFound
from tailor.notices.messages import message_for_orphan
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.serving.aliases import Version, promote
from tailor.steps.orphans import Sweep
from tailor.steps.ownership import OwnControl
from tailor.steps.services import RunServices
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryRuns, a_run
from tests.unit.steps.setting import JOB, MODEL
from tests.unit.steps.test_ownership import DEV, PROD, Account

HOUR = timedelta(hours=1)
UNITS = Recipe(deployment=Deployment(kind="provisioned", hours=8))


class SweptStack:
    def __init__(self) -> None:
        self.account, self.runs, self.aliases = Account(), MemoryRuns(), MemoryAliases()
        self.sent: list[OrphanFound] = []

    def send(self, detail_type: str, changes: Sequence[OrphanFound]) -> None:
        assert detail_type == ORPHAN_FOUND
        self.sent += changes

    def serve(
        self, run: Run, kind: DeploymentKind = "provisioned", *, status: str = "Active", tags: bool = True
    ) -> str:
        own = PROD.tags | {"run": run.id, "project": run.project}
        arn = self.account.create_deployment(run.id, MODEL, tags=own if tags else DEV.tags, kind=kind)
        self.account.deployments[arn]["status"] = status
        return arn

    def sweep(self, after: timedelta, open_runs: list[Run] | None = None, unreadable: Sequence[str] = ()) -> list[str]:
        services = RunServices(self.runs, OwnControl(self.account, PROD), self.aliases)
        known = self.runs.open_runs() if open_runs is None else open_runs
        found = Sweep(self).run(known, unreadable, services, NOW + after)
        return [each.arn for each in found]


@pytest.fixture
def stack() -> SweptStack:
    return SweptStack()


def retired(stack: SweptStack) -> Run:
    run = a_run(State.RETIRED, recipe=UNITS, deployment={"arn": "arn:an-earlier-one"})
    stack.runs.create(run)
    return run


def test_model_units_whose_run_has_ended_are_removed_and_told_within_the_half_hour(stack: SweptStack) -> None:
    run = retired(stack)
    arn = stack.serve(run)
    assert stack.sweep(timedelta(minutes=14)) == []
    assert stack.sweep(timedelta(minutes=15)) == [arn]
    assert stack.account.deployments == {}
    [told] = stack.sent
    message = message_for_orphan(told)
    assert (told.run, told.project, told.removed) == (run.id, "colours", True)
    assert (message.title, message.event) == ("colours: provisioned throughput was removed", "leftover")
    assert "no run needs it, because a deletion failed" in message.text
    assert stack.sweep(HOUR) == []


def test_what_is_committed_is_told_with_its_end_and_not_tried_before(stack: SweptStack) -> None:
    arn = stack.serve(retired(stack))
    bound = NOW + 30 * 24 * HOUR
    stack.account.deployments[arn] |= {"commitmentDuration": "OneMonth", "commitmentExpirationTime": bound}
    assert stack.sweep(24 * HOUR) == [arn]
    assert arn in stack.account.deployments
    [told] = stack.sent
    message = message_for_orphan(told)
    assert "it is committed until 2026-12-22 10:00 UTC, and Bedrock deletes it no earlier" in message.text
    assert "when 720 hours old" in message.next_step
    stack.sweep(30 * 24 * HOUR)
    assert arn not in stack.account.deployments


def test_an_idle_deployment_costs_nothing_and_is_told_a_day_before_it_goes(stack: SweptStack) -> None:
    arn = stack.serve(retired(stack), "on-demand")
    assert stack.sweep(HOUR) == stack.sweep(2 * HOUR) == [arn]
    assert [each.removed for each in stack.sent] == [False, False]
    assert len({message_for_orphan(each).id for each in stack.sent}) == 1  # so it is sent once
    assert "when 24 hours old" in message_for_orphan(stack.sent[0]).next_step
    assert stack.sweep(24 * HOUR) == [arn]
    assert stack.account.deployments == {}


def test_units_that_are_still_being_made_go_with_a_later_sweep(stack: SweptStack) -> None:
    arn = stack.serve(retired(stack), status="Creating")
    assert stack.sweep(HOUR) == [arn]
    assert not stack.sent[0].removed
    stack.account.deployments[arn]["status"] = "Active"
    stack.sweep(HOUR)
    assert stack.account.deployments == {}


@pytest.mark.parametrize("state", [State.DEPLOYING, State.DEPLOYED, State.EVALUATING, State.LIVE, State.STANDBY])
def test_what_an_open_run_serves_from_stays(state: State, stack: SweptStack) -> None:
    run = a_run(state, recipe=UNITS)
    arn = stack.serve(run)
    stack.runs.create(
        run.updated(deployment=run.deployment) if run.deployment else a_run(state, deployment={"arn": arn})
    )
    assert stack.sweep(100 * HOUR) == []
    assert arn in stack.account.deployments


def test_what_a_killed_function_made_stays_for_the_next_one_that_takes_it_over(stack: SweptStack) -> None:
    run = a_run(State.TRAINED, recipe=UNITS, job={"arn": JOB, "model_arn": MODEL})
    stack.runs.create(run)
    stack.serve(run)
    assert stack.sweep(100 * HOUR) == []


def test_a_list_of_runs_that_is_late_removes_nothing(stack: SweptStack) -> None:
    run = a_run(State.LIVE, recipe=UNITS)
    arn = stack.serve(run)
    stack.runs.create(a_run(State.LIVE, deployment={"arn": arn}))
    assert stack.sweep(100 * HOUR, open_runs=[]) == []


def test_what_a_name_leads_to_stays_whatever_the_table_says(stack: SweptStack) -> None:
    run = retired(stack)
    version = Version(run=run.id, deployment=stack.serve(run), model="nova-lite")
    promote(stack.aliases, "colours", version, None, "p", now=NOW)
    assert stack.sweep(100 * HOUR) == []


def test_what_a_run_may_need_that_this_version_can_not_read_stays(stack: SweptStack) -> None:
    run = a_run(State.LIVE)
    stack.serve(run)
    assert stack.sweep(100 * HOUR, unreadable=[run.id]) == []


def test_what_another_stack_serves_is_not_looked_at_twice(stack: SweptStack) -> None:
    stack.serve(a_run(State.LIVE), tags=False)
    assert stack.sweep(100 * HOUR) == []
    assert len(stack.account.deployments) == 1


def test_a_deletion_that_is_refused_is_told_and_tried_again(stack: SweptStack) -> None:
    arn = stack.serve(retired(stack))
    stack.account.fail["delete_deployment"] = ConflictError("an operation is in progress")
    assert stack.sweep(HOUR) == [arn]
    assert stack.sweep(HOUR) == [arn]
    assert stack.account.deployments == {}
