"""The inventory names all that bills by time and is this stack's, who needs it, and which price is not known."""

import json
from decimal import Decimal

import pytest

from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import State
from tailor.steps.inventory import NOBODYS, Billed, DailyInventory, StackInventory, total
from tailor.steps.ownership import OwnControl
from tests.unit.steps.fakes import NOW, a_run
from tests.unit.steps.setting import MODEL
from tests.unit.steps.test_models import ModelledStack
from tests.unit.steps.test_ownership import DEV, PROD

UNITS = Recipe(model="nova-lite", deployment=Deployment(kind="provisioned", units=2, hours=8))


@pytest.fixture
def stack() -> ModelledStack:
    return ModelledStack()


def taken(stack: ModelledStack) -> dict[str, Billed]:
    return {each.what: each for each in StackInventory(stack.runs, OwnControl(stack.account, PROD)).billed()}


def test_what_serves_and_is_stored_is_listed_with_its_month(stack: ModelledStack) -> None:
    run = a_run(State.LIVE, recipe=UNITS)
    arn = stack.serve(run)
    stack.account.deployments[arn]["modelUnits"] = 2
    stack.runs.create(a_run(State.LIVE, recipe=UNITS, deployment={"arn": arn, "ends_at": NOW}))
    stack.account.models[run.id] = f"{MODEL}{run.id}"
    stack.account.known[f"{MODEL}{run.id}"] = PROD.tags
    found = taken(stack)
    model, units = found["custom model"], found["2 model units"]
    assert (model.month, model.project, model.use) == (Decimal("1.95"), "colours", "run is live")
    assert units.month == Decimal("108.15") * 2 * 720
    assert (units.ends_at, units.use) == (NOW, "run is live")
    assert "catalogue" in units.price
    assert total(list(found.values())) == (Decimal("1.95") + Decimal("108.15") * 2 * 720, 0)


def test_a_model_made_elsewhere_is_listed_while_it_is_used_and_as_nobodys_to_delete(stack: ModelledStack) -> None:
    theirs, adopted = f"{MODEL}theirs", {"source": f"{MODEL}theirs", "base": "nova-lite", "imported": False}
    stack.account.models["theirs"] = theirs
    stack.runs.create(a_run(State.LIVE, recipe=UNITS, job={"model_arn": theirs}, adopted=adopted))
    [model] = taken(stack).values()
    assert (model.arn, model.project, model.month) == (theirs, "colours", Decimal("1.95"))
    assert model.use == "run is live; made elsewhere: this stack does not delete it"
    [run] = stack.runs.items.values()
    stack.runs.save(run.moved(State.RETIRED, by="person:linh", now=NOW))
    assert taken(stack) == {}


def test_a_commitment_is_listed_with_its_end(stack: ModelledStack) -> None:
    arn = stack.serve(a_run(State.LIVE, recipe=UNITS))
    bound = {"commitmentDuration": "SixMonths", "commitmentExpirationTime": NOW}
    stack.account.deployments[arn] |= bound
    [units] = taken(stack).values()
    assert (units.what, units.ends_at, units.use) == ("1 model unit, committed (SixMonths)", NOW, NOBODYS)


def test_an_unknown_price_is_said_and_counts_as_no_amount(stack: ModelledStack) -> None:
    recipe = UNITS.model_copy(update={"model": "llama-3-2-1b"})
    arn = stack.serve(a_run(State.LIVE, recipe=recipe))
    stack.runs.create(a_run(State.LIVE, recipe=recipe, deployment={"arn": arn}))
    [units] = taken(stack).values()
    assert (units.month, units.price) == (None, "not known")
    assert total([units]) == (Decimal(0), 1)
    assert units.document()["month"] is None


def test_once_a_day_it_is_a_document_for_the_log(stack: ModelledStack) -> None:
    stack.ended(State.RETIRED)
    daily = DailyInventory(StackInventory(stack.runs, OwnControl(stack.account, PROD)))
    found = daily.document(NOW.replace(hour=6, minute=0))
    assert found
    assert (found["month"], found["prices_unknown"], len(found["billed"])) == ("3.90", 0, 2)
    assert json.dumps(found)
    assert daily.document(NOW.replace(hour=6, minute=1)) is None
    assert daily.document(NOW.replace(hour=7, minute=0)) is None


def test_what_no_run_needs_is_named_and_what_is_another_stacks_is_not_listed(stack: ModelledStack) -> None:
    stack.serve(a_run(State.RETIRED), "on-demand")
    arn = stack.account.create_deployment("another", MODEL, tags=DEV.tags)
    stack.account.known["arn:model"], stack.account.models["another"] = DEV.tags, "arn:model"
    [deployment] = taken(stack).values()
    assert arn != deployment.arn
    assert (deployment.use, deployment.month, deployment.price) == (NOBODYS, Decimal(0), "billed by token only")
