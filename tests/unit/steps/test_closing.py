"""Model units with a schedule are deleted at each closing and made at each opening, and nothing is lost by that."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import QuotaError
from tailor.notices.messages import message_for
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment, Schedule
from tailor.run_records import EvaluationRecord
from tailor.runs import Run, State
from tailor.steps.provision import provision
from tailor.training.quote import provisioned_line
from tests.unit.steps.fakes import NOW, deployment_arn
from tests.unit.steps.setting import JOB, MODEL, Setting

HOUR = timedelta(hours=1)
NAME = "colours-scenes-0123456789ab"
OPEN = Schedule(days=("sun", "mon"), opens="08:00", closes="12:00")  # NOW is a Sunday, 10:00
CLOSING, OPENING = 2 * HOUR, 22 * HOUR


def recipe(**settings: Any) -> Recipe:
    return Recipe(model="llama-3-1-8b", deployment=Deployment(kind="provisioned", schedule=OPEN, **settings))


def with_units(setting: Setting, state: State, **settings: Any) -> Run:
    arn = deployment_arn(NAME, "provisioned")
    setting.control.deployments[arn] = {"arn": arn, "status": "Active", "modelArn": MODEL}
    job = {"arn": JOB, "model_arn": MODEL}
    return setting.add(state, NAME, recipe=recipe(**settings), job=job, deployment={"arn": arn})


def live(setting: Setting) -> Run:
    run = with_units(setting, State.PASSED)
    setting.provision(run)
    return setting.runs.get(run.id)


def step(setting: Setting, after: timedelta) -> Run:
    """Have the step that is due make the model units, and let them come into service."""
    run = provision(NAME, setting.services, tags={}, now=NOW + after)
    assert run
    setting.control.deployments[run.deployment_arn]["status"] = "Active"
    setting.reconcile(after)
    return setting.runs.get(NAME)


def test_a_live_version_is_paused_at_its_closing_and_back_at_its_opening(setting: Setting) -> None:
    run = live(setting)
    assert setting.reconcile(1.9 * HOUR).moved == []
    assert setting.reconcile(CLOSING).moved == [run.id]
    found = setting.runs.get(run.id)
    assert (found.state, setting.control.deployments) == (State.PAUSED, {})
    assert "opens at 2026-11-23 08:00 UTC" in found.history[-1].reason
    assert message_for(found, found.history[-1]) is None, "not each evening"
    paused = setting.aliases.alias("colours").paused
    assert paused
    assert (paused.returns, paused.opens_at) == ("opening", NOW + OPENING)
    assert setting.reconcile(21.9 * HOUR).moved == []
    assert setting.reconcile(OPENING).moved == [run.id]
    found = step(setting, OPENING)
    assert found.state == State.LIVE
    assert message_for(found, found.history[-1]) is None, "nor each morning"
    assert setting.reconcile(OPENING + 3.9 * HOUR).moved == []
    setting.reconcile(OPENING + 4 * HOUR)
    assert setting.control.deployments == {}


def test_a_closing_that_was_cut_short_is_finished(setting: Setting) -> None:
    run = live(setting)
    setting.control.fail["delete_deployment"] = QuotaError("the function is gone")
    assert setting.reconcile(CLOSING).failed
    setting.reconcile(CLOSING)
    assert (setting.runs.get(run.id).state, setting.control.deployments) == (State.PAUSED, {})


def test_what_is_paused_ends_with_its_recipes_end(setting: Setting) -> None:
    run = with_units(setting, State.PASSED)
    deployment = run.deployment and run.deployment.model_copy(update={"ends_at": NOW + 10 * HOUR})
    setting.provision(setting.runs.save(run.updated(deployment=deployment)))
    setting.reconcile(CLOSING)
    setting.reconcile(10 * HOUR)
    assert setting.runs.get(run.id).state == State.RETIRED
    assert setting.aliases.alias("colours").paused is None


@pytest.mark.parametrize("state", [State.DEPLOYED, State.EVALUATING])
def test_a_candidate_is_measured_at_the_next_opening(state: State, setting: Setting) -> None:
    run = with_units(setting, state)
    setting.control.fail["delete_deployment"] = QuotaError("the function is gone")
    setting.reconcile(CLOSING)
    assert setting.reconcile(CLOSING).moved == [run.id]
    found = setting.runs.get(run.id)
    assert (found.state, found.deployment, setting.control.deployments) == (State.TRAINED, None, {})
    assert message_for(found, found.history[-1]) is None, "no training has finished"
    waiting = provision(NAME, setting.services, tags={}, now=NOW + 3 * HOUR)
    assert waiting
    assert waiting.stall
    assert waiting.stall.phase == "closed"
    assert setting.control.deployments == {}
    assert setting.reconcile(21 * HOUR).due == []
    assert setting.reconcile(OPENING).due == [run.id]
    assert step(setting, OPENING).state == State.DEPLOYED
    assert setting.runs.get(NAME).evaluation.round == 2


def test_an_opening_adds_nothing_to_the_hours_that_were_approved(setting: Setting) -> None:
    run = with_units(setting, State.EVALUATING, hours=30)
    begun = next(change.at for change in run.history if change.state == State.DEPLOYING)
    setting.reconcile(CLOSING)
    deployment = step(setting, OPENING).deployment
    assert deployment
    assert deployment.ends_at == begun + 30 * HOUR


def test_a_measurement_that_never_ends_costs_three_openings_at_most(setting: Setting) -> None:
    run = with_units(setting, State.EVALUATING)
    setting.runs.save(run.updated(evaluation=EvaluationRecord(round=3)))
    setting.reconcile(CLOSING)
    assert (setting.runs.get(run.id).state, setting.control.deployments) == (State.RETIRED, {})


@pytest.mark.parametrize(("state", "promote"), [(State.STANDBY, True), (State.PASSED, False)])
def test_what_waits_for_a_person_is_taken_down_at_the_closing(state: State, promote: bool, setting: Setting) -> None:
    run = with_units(setting, state, promote=promote)
    setting.reconcile(CLOSING)
    assert (setting.runs.get(run.id).state, setting.control.deployments) == (State.RETIRED, {})


def test_a_quote_counts_the_hours_of_the_schedule() -> None:
    model = catalog.model("nova-lite")
    month = provisioned_line(recipe().deployment, model, NOW)
    assert month.title == "Hosting on 1 model unit, 8 hours a week, 38 hours in 30 days, which are counted"
    assert month.whole
    assert month.whole.high == month.high * 38  # type: ignore[operator]
    until = recipe(until=datetime(2026, 11, 24, tzinfo=UTC)).deployment
    assert provisioned_line(until, model, NOW).title.endswith("8 hours a week, for at most 6 hours")
