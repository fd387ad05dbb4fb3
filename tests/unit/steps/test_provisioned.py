"""Model units that bill by the hour are made as the recipe says, serve, and are gone at their end, whatever happens."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tailor.errors import QuotaError
from tailor.notices.messages import message_for_stall
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.steps.provision import provision
from tests.unit.steps.fakes import NOW, deployment_arn
from tests.unit.steps.setting import JOB, MODEL, Setting

HOUR = timedelta(hours=1)


def units(**settings: Any) -> Recipe:
    made = {"kind": "provisioned", "units": 2, "hours": 8, **settings}
    return Recipe(model="llama-3-1-8b", deployment=Deployment.model_validate(made))


@pytest.fixture
def trained(setting: Setting) -> Run:
    return setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}, recipe=units())


def served(setting: Setting, run: Run) -> Run:
    """Provision a trained run, and let its model units come into service."""
    made = setting.provision(run)
    assert made
    setting.control.deployments[made.deployment_arn]["status"] = "Active"
    setting.reconcile()
    return setting.runs.get(run.id)


def live(setting: Setting, run: Run) -> Run:
    run = served(setting, run)
    passed = run.moved(State.EVALUATING, by="t", now=NOW).moved(State.PASSED, by="t", now=NOW)
    setting.provision(setting.runs.save(passed))
    return setting.runs.get(run.id)


def test_units_are_made_as_the_recipe_says_and_serve_under_their_arn(setting: Setting, trained: Run) -> None:
    found = live(setting, trained)
    arn = deployment_arn(trained.id, "provisioned")
    assert (found.state, found.deployment_arn) == (State.LIVE, arn)
    assert found.deployment
    assert (found.deployment.kind, found.deployment.ends_at) == ("provisioned", NOW + 8 * HOUR)
    assert setting.control.deployments[arn]["units"] == 2
    version = setting.aliases.alias("colours").live
    assert version
    assert version.deployment == arn
    assert not setting.reconcile(7 * HOUR).moved


def test_at_their_end_units_are_deleted_and_the_name_says_so(setting: Setting, trained: Run) -> None:
    live(setting, trained)
    assert setting.reconcile(8 * HOUR).moved == [trained.id]
    found = setting.runs.get(trained.id)
    assert found.state == State.RETIRED
    assert "had an end, 2026-11-22 18:00 UTC" in found.history[-1].reason
    assert not setting.control.deployments
    offline = setting.aliases.alias("colours").offline
    assert offline
    assert offline.ended


def test_an_end_that_was_cut_short_is_finished(setting: Setting, trained: Run) -> None:
    live(setting, trained)
    setting.control.fail["delete_deployment"] = QuotaError("the function is gone")
    assert setting.reconcile(8 * HOUR).failed
    setting.reconcile(8 * HOUR)
    assert setting.runs.get(trained.id).state == State.RETIRED
    assert not setting.control.deployments


def test_a_version_that_passes_after_the_end_goes_live(setting: Setting, trained: Run) -> None:
    live(setting, trained)
    setting.reconcile(8 * HOUR)
    second = setting.deployed(State.PASSED, "colours-more-ba9876543210", recipe=Recipe())
    setting.provision(second)
    assert setting.runs.get(second.id).state == State.LIVE


def test_a_persons_decision_after_the_end_keeps_the_next_version_down(setting: Setting, trained: Run) -> None:
    live(setting, trained)
    setting.reconcile(8 * HOUR)
    setting.take_offline("we move", 9 * HOUR)
    second = setting.deployed(State.PASSED, "colours-more-ba9876543210", recipe=Recipe())
    setting.provision(second)
    assert setting.runs.get(second.id).state == State.RETIRED


@pytest.mark.parametrize("state", [State.DEPLOYED, State.EVALUATING, State.PASSED])
def test_a_candidate_ends_with_its_units_too(state: State, setting: Setting) -> None:
    arn = deployment_arn("colours-scenes-0123456789ab", "provisioned")
    setting.control.deployments[arn] = {"arn": arn, "status": "Active", "modelArn": MODEL}
    run = setting.add(state, recipe=units(promote=False), deployment={"arn": arn, "ends_at": NOW + HOUR})
    setting.reconcile(HOUR)
    assert setting.runs.get(run.id).state == State.RETIRED
    assert not setting.control.deployments


def test_units_that_are_still_being_made_at_their_end_go_once_they_can(setting: Setting, trained: Run) -> None:
    made = setting.provision(trained)
    assert made
    setting.reconcile(8 * HOUR)
    assert setting.control.deployments[made.deployment_arn]["status"] == "Creating"
    setting.control.deployments[made.deployment_arn]["status"] = "Active"
    setting.reconcile(9 * HOUR)
    assert setting.runs.get(trained.id).state == State.RETIRED
    assert not setting.control.deployments


def test_a_replaced_version_is_kept_only_if_the_recipe_says_so(setting: Setting, trained: Run) -> None:
    first = live(setting, trained)
    second = setting.deployed(State.PASSED, "colours-more-ba9876543210", evaluation={"live": first.deployment_arn})
    setting.provision(second)
    setting.reconcile(timedelta(seconds=1))
    assert setting.runs.get(first.id).state == State.RETIRED
    assert first.deployment_arn not in setting.control.deployments


def test_an_account_without_model_units_is_told_in_words(setting: Setting, trained: Run) -> None:
    message = "Your account does not currently have any no commitment model units reserved for Llama 3.1 8B."
    setting.control.fail["create_deployment"] = QuotaError(message)
    waiting = setting.provision(trained)
    assert waiting
    told = message_for_stall(waiting)
    assert told is None or message in told.text
    assert waiting.stall
    assert "model units" in waiting.stall.message
    assert "Service Quotas" in waiting.stall.message
    assert message in waiting.stall.message


def test_units_are_not_made_after_their_end(setting: Setting) -> None:
    until = NOW - HOUR
    run = setting.add(State.TRAINED, job={"arn": JOB, "model_arn": MODEL}, recipe=units(hours=None, until=until))
    setting.control.fail["create_deployment"] = AssertionError("nobody could use them")
    found = setting.provision(run)
    assert found
    assert found.state == State.DEPLOY_FAILED
    assert "end of its model units, 2026-11-22 09:00 UTC, had passed" in found.history[-1].reason


def test_a_version_that_comes_back_has_its_hours_anew(setting: Setting, trained: Run) -> None:
    live(setting, trained)
    setting.reconcile(8 * HOUR)
    setting.promote(setting.runs.get(trained.id), after=20 * HOUR)
    now: datetime = NOW + 21 * HOUR
    again = provision(trained.id, setting.services, tags={}, now=now)
    assert again
    assert again.deployment
    assert again.deployment.ends_at == now + 8 * HOUR
