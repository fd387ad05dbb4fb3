"""A verdict goes live or is taken down, and against which version; the one before stands by."""

from datetime import timedelta
from typing import Any

import pytest

from tailor.errors import ConflictError
from tailor.evaluation.sizes import ROUNDS
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import State
from tailor.steps.provision import promote
from tests.unit.steps.fakes import NOW, MemoryAliases
from tests.unit.steps.setting import Setting, measured_with


def test_a_verdict_against_an_older_live_version_is_measured_again_and_at_last_left_open(setting: Setting) -> None:
    first = setting.provision(setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa"))
    assert first is not None
    run = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation={"live": None, "execution": "arn:1"})
    for measured in range(2, ROUNDS + 1):
        again = setting.provision(run)
        assert again is not None
        assert (again.state, again.history[-1].by) == (State.EVALUATING, "provision")
        assert "colours-scenes-aaaaaaaaaaaa went live meanwhile: it is measured again" in again.history[-1].reason
        assert again.evaluation.model_dump() == {"live": None, "round": measured}
        assert not again.leased(NOW)
        run = setting.runs.save(again.moved(State.PASSED, by="evaluate", now=NOW))
    given_up = setting.provision(run)
    assert given_up is not None
    assert given_up.state == State.INCONCLUSIVE
    pointer = setting.aliases.alias("colours").live
    assert pointer is not None
    assert pointer.run == "colours-scenes-aaaaaaaaaaaa"


def test_a_verdict_against_the_version_that_is_live_replaces_it_and_no_other(setting: Setting) -> None:
    first = setting.provision(setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa"))
    assert first is not None
    seen = setting.aliases.alias("colours").live
    passed = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    setting.promote(setting.deployed(State.FAILED, "colours-scenes-cccccccccccc"))
    with pytest.raises(ConflictError, match="cccccccccccc is live"):
        promote(passed, setting.services, by="provision", now=NOW, instead_of=seen)


def test_a_retirement_that_was_cut_short_is_finished_and_never_promoted(setting: Setting) -> None:
    run = setting.deployed(State.PASSED)
    run = setting.runs.save(
        run.updated(deployment=run.deployment and run.deployment.model_copy(update={"status": "Deleting"}))
    )
    with pytest.raises(ConflictError, match="is being retired"):
        setting.promote(run)
    retired = setting.provision(run)
    assert retired is not None
    assert retired.state == State.RETIRED
    assert not setting.control.deployments


@pytest.mark.parametrize("replaces", [False, True])
def test_a_run_that_is_retired_while_it_is_promoted_leaves_no_name_that_leads_nowhere(
    setting: Setting, replaces: bool
) -> None:
    class Slow(MemoryAliases):
        def save_alias(self, alias: Any) -> Any:
            saved = super().save_alias(alias)
            if alias.live and alias.live.run == second.id:
                gone = second.deployment and second.deployment.model_copy(update={"status": "Deleted"})
                setting.runs.save(second.moved(State.RETIRED, by="person:linh", now=NOW, deployment=gone))
            return saved

    evaluation = {}
    if replaces:
        first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
        setting.provision(first)
        evaluation = measured_with(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=evaluation)
    slow = Slow()
    slow.items = setting.aliases.items
    setting.aliases = slow
    with pytest.raises(ConflictError):
        setting.provision(second)
    pointer = setting.aliases.alias("colours")
    assert [version.run for version in pointer.versions] == (["colours-scenes-aaaaaaaaaaaa"] if replaces else [])


def test_a_passed_run_goes_live_and_the_one_before_stands_by_and_leaves_in_time(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    assert setting.provision(first) is not None
    found = {"report": {"system": "Answer in one word."}, "evaluation": measured_with(first)}
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", **found)
    live = setting.provision(second)

    assert live is not None
    assert live.state == State.LIVE
    pointer = setting.aliases.alias("colours")
    assert pointer.live is not None
    assert (pointer.live.run, pointer.live.system) == (second.id, "Answer in one word.")
    assert setting.runs.get(first.id).state == State.STANDBY

    setting.reconcile(timedelta(hours=23))
    assert setting.runs.get(first.id).state == State.STANDBY
    setting.reconcile(timedelta(hours=25))
    assert setting.runs.get(first.id).state == State.RETIRED
    assert list(setting.control.deployments) == [second.deployment_arn]
    assert [version.run for version in setting.aliases.alias("colours").versions] == [second.id]


def test_a_promotion_cut_short_is_finished_by_a_repeat_and_by_reconcile(setting: Setting) -> None:
    first = setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa")
    setting.provision(first)
    second = setting.deployed(State.PASSED, "colours-scenes-bbbbbbbbbbbb", evaluation=measured_with(first))
    before = setting.runs.get(first.id)
    setting.provision(second)
    # As if the function had been killed after the pointer moved.
    setting.runs.items[first.id] = before
    setting.runs.items[second.id] = second
    setting.reconcile()
    assert setting.runs.get(first.id).state == State.STANDBY
    again = setting.provision(second)
    assert again is not None
    assert again.state == State.LIVE


@pytest.mark.parametrize("verdict", [State.FAILED, State.INCONCLUSIVE, State.EVALUATION_FAILED])
def test_what_did_not_pass_is_taken_down_and_never_goes_live(setting: Setting, verdict: State) -> None:
    run = setting.provision(setting.deployed(verdict))
    assert run is not None
    assert run.state == State.RETIRED
    assert verdict in run.history[-1].reason
    assert not setting.control.deployments
    assert setting.aliases.alias("colours").live is None


def test_a_recipe_may_keep_promotion_for_people(setting: Setting) -> None:
    run = setting.deployed(State.PASSED, recipe=Recipe(deployment=Deployment(promote=False)))
    assert setting.provision(run) is None
    assert not setting.reconcile(timedelta(hours=1)).due


def test_a_version_takes_its_fallback_and_guardrail_from_the_recipe(setting: Setting) -> None:
    recipe = Recipe.parse("deployment: {fallback: base}\nguardrail: {id: abc123, version: 2}")
    setting.promote(setting.deployed(State.FAILED, recipe=recipe))
    live = setting.aliases.alias("colours").live
    assert live
    assert live.guardrail
    assert (live.fallback, live.base) == ("base", "amazon.nova-lite-v1:0")
    assert (live.guardrail.id, live.guardrail.version) == ("abc123", "2")
    setting.promote(setting.deployed(State.FAILED, "colours-scenes-bbbbbbbbbbbb"))
    plain = setting.aliases.alias("colours").live
    assert plain
    assert (plain.fallback, plain.base, plain.guardrail) == (None, "amazon.nova-lite-v1:0", None)
