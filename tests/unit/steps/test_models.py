"""Custom models go when a person or the recipe says so, and never while anything may need them."""

from datetime import timedelta
from typing import Any

import pytest

from tailor.errors import ConflictError, NotFoundError, RetryableError
from tailor.recipe import Recipe
from tailor.recipe_serving import Retention
from tailor.runs import TERMINAL, Run, State
from tailor.steps.models import delete_models, retention_over
from tailor.steps.orphans import Sweep
from tailor.steps.ownership import OwnControl
from tailor.steps.services import RunServices
from tests.unit.steps.fakes import NOW, MemoryRuns, a_run
from tests.unit.steps.setting import JOB, MODEL, Setting
from tests.unit.steps.test_orphans import SweptStack
from tests.unit.steps.test_ownership import PROD

DAY = timedelta(days=1)
MADE = {"arn": JOB, "model_arn": MODEL}


class ModelledStack(SweptStack):
    """A stack whose account lists its models."""

    def __init__(self) -> None:
        super().__init__()
        self.deleted: list[str] = []
        self.account.list_models = lambda: [{"modelName": name, "modelArn": arn} for name, arn in self.models()]  # type: ignore[method-assign]

    def models(self) -> list[tuple[str, str]]:
        return [(name, arn) for name, arn in self.account.models.items() if name]

    @property
    def services(self) -> RunServices:
        return RunServices(self.runs, OwnControl(self.account, PROD), self.aliases)

    def ended(self, state: State, **retention: Any) -> Run:
        recipe = Recipe(retention=Retention.model_validate(retention))
        run = a_run(state, recipe=recipe, job={**MADE, "attempt": 2})
        self.runs.create(run)
        for name in (run.id, f"{run.id}-2"):
            self.account.models[name] = f"{MODEL}{name}"
            self.account.known[f"{MODEL}{name}"] = PROD.tags
        return self.runs.get(run.id)

    def delete(self, run: Run) -> Run:
        return delete_models(run, self.services, by="person:linh", reason="it is bad", now=NOW)


@pytest.fixture
def stack() -> ModelledStack:
    return ModelledStack()


def test_all_models_of_a_runs_jobs_go_and_the_run_says_who_and_why(stack: ModelledStack) -> None:
    run = stack.delete(stack.ended(State.RETIRED))
    assert stack.models() == []
    assert run.job
    assert run.job.model_deleted
    assert (run.job.model_deleted.by, run.job.model_deleted.reason) == ("person:linh", "it is bad")
    assert stack.delete(run).job == run.job  # twice is once


@pytest.mark.parametrize("state", sorted(set(State) - TERMINAL - {State.RECEIVED, State.PREPARING, State.PREPARED}))
def test_what_is_live_kept_or_under_way_keeps_its_model(state: State, stack: ModelledStack) -> None:
    run = stack.ended(state)
    with pytest.raises(ConflictError, match="its model is needed"):
        stack.delete(run)
    assert len(stack.models()) == 2
    assert retention_over(run, NOW + 10_000 * DAY) == ""


def test_a_run_without_a_model_has_none_to_delete(setting: Setting) -> None:
    with pytest.raises(NotFoundError, match="has made no model"):
        delete_models(setting.add(State.DEPLOY_FAILED), setting.services, by="p", reason="", now=NOW)


@pytest.mark.parametrize("state", [State.RETIRED, State.DEPLOY_FAILED])
def test_a_run_whose_model_is_gone_can_not_be_deployed_again(state: State, setting: Setting) -> None:
    run = setting.add(state, job=MADE)
    delete_models(run, setting.services, by="person:linh", reason="it is bad", now=NOW)
    with pytest.raises(ConflictError, match="was deleted on 2026-11-22 by person:linh"):
        setting.promote(run)
    with pytest.raises(ConflictError):
        setting.retry(run)


def test_who_has_it_deployed_at_the_same_moment_wins_or_loses_as_a_whole(setting: Setting) -> None:
    run = setting.add(State.RETIRED, job=MADE)
    setting.runs.meanwhile.append(lambda: setting.promote(run))
    with pytest.raises(ConflictError, match="is restoring"):
        delete_models(run, setting.services, by="p", reason="", now=NOW)


@pytest.mark.parametrize(
    ("state", "retention", "days"),
    [
        (State.RETIRED, {}, 30),
        (State.RETIRED, {"not_passed_days": 3}, 3),
        (State.RETIRED, {"not_passed_days": 0}, None),
        (State.DEPLOY_FAILED, {}, 30),
    ],
)
def test_the_model_of_a_run_that_did_not_pass_is_kept_as_long_as_the_recipe_says(
    state: State, retention: dict[str, Any], days: int | None, stack: ModelledStack
) -> None:
    run = stack.ended(state, **retention)
    swept = Sweep(stack)
    if days is None:
        assert swept.run([], [], stack.services, NOW + 10_000 * DAY) == []
        return
    assert swept.run([], [], stack.services, NOW + (days - 0.1) * DAY) == []
    [told] = swept.run([], [], stack.services, NOW + days * DAY)
    assert (told.run, told.removed, stack.models()) == (run.id, True, [])
    assert f"retention.not_passed_days is {days}" in told.why
    assert swept.run([], [], stack.services, NOW + 2 * days * DAY) == []


@pytest.mark.parametrize("failure", [ConflictError("it is deployed"), RetryableError("no answer")])
def test_a_deletion_that_bedrock_refused_is_done_by_a_later_sweep(failure: Exception, stack: ModelledStack) -> None:
    run = stack.ended(State.RETIRED)
    stack.account.fail["delete_model"] = failure
    with pytest.raises(type(failure)):
        stack.delete(run)
    assert len(stack.models()) == 2
    [told] = Sweep(stack).run([], [], stack.services, NOW + DAY)
    assert (stack.models(), told.why) == ([], "it is bad")


def test_the_model_of_one_that_passed_stays_unless_the_recipe_says_otherwise(stack: ModelledStack) -> None:
    def passed(**retention: Any) -> Run:
        run = a_run(State.LIVE, recipe=Recipe(retention=Retention.model_validate(retention)), job=MADE)
        return run.moved(State.STANDBY, by="t", now=NOW).moved(State.RETIRED, by="t", now=NOW)

    assert retention_over(passed(), NOW + 10_000 * DAY) == ""
    assert "retention.passed_days is 90" in retention_over(passed(passed_days=90), NOW + 90 * DAY)


def test_a_run_of_an_earlier_version_keeps_its_model(stack: ModelledStack) -> None:
    runs, old = MemoryRuns(), a_run(State.RETIRED, job=MADE)
    assert "retention" not in old.recipe.model_fields_set
    assert retention_over(old, NOW + 10_000 * DAY) == ""
    runs.create(old)
    assert retention_over(runs.get(old.id), NOW + 30 * DAY)  # once it is stored, its recipe says so
    assert stack.models() == []
