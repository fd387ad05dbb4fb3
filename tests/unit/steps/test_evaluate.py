"""Who is asked in an evaluation."""

import pytest

from tailor import catalog
from tailor.recipe import Recipe
from tailor.runs import State
from tailor.serving.aliases import Version
from tailor.steps.evaluate import arms_of
from tests.unit.steps.fakes import ARN, a_run

DEPLOYMENT = f"{ARN}:custom-model-deployment/abcdefghi123"


def asked(recipe: Recipe, live: Version | None = None) -> dict[str, str]:
    run = a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT}).model_copy(update={"recipe": recipe})
    return {arm.name: arm.model_id for arm in arms_of(run, live)}


def test_the_candidate_is_asked_and_its_base_by_the_id_that_can_be_called() -> None:
    base = catalog.model("nova-2-lite").invoke_id
    assert asked(Recipe(model="nova-2-lite")) == {"candidate": DEPLOYMENT, "base": base}


@pytest.mark.parametrize("teacher", ["nova-pro", None])
def test_a_students_teacher_is_asked_too_the_catalogues_first_where_none_is_named(teacher: str | None) -> None:
    arms = asked(Recipe(method="distillation", model="nova-lite", teacher=teacher))
    assert arms["teacher"] == catalog.model("nova-pro").invoke_id


def test_the_live_version_is_asked_unless_it_is_this_run() -> None:
    other = Version(run="colours-scenes-ffffffffffff", deployment=f"{DEPLOYMENT}-live", model="nova-lite")
    assert asked(Recipe(), other)["live"] == other.deployment
    run = a_run(State.DEPLOYED, deployment={"arn": DEPLOYMENT})
    assert [arm.name for arm in arms_of(run, other.model_copy(update={"run": run.id}))] == ["candidate", "base"]
