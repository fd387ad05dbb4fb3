"""Model units with a commitment are bought by a person's word alone, stay until its end, and are used meanwhile."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tailor import catalog
from tailor.errors import ConflictError, RecipeError
from tailor.recipe import Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.steps.ownership import OwnControl
from tailor.steps.provision import provision
from tailor.steps.services import RunServices
from tailor.steps.steer import approve
from tailor.training.approval import needs_approval
from tailor.training.quote import provisioned_line
from tailor.training.recipe_check import read_checked
from tests.unit.steps.fakes import NOW, QUOTE, deployment_arn
from tests.unit.steps.setting import JOB, MODEL, Setting
from tests.unit.steps.test_ownership import PROD, Account

FIRST, SECOND = "colours-scenes-0123456789ab", "colours-more-ba9876543210"
ARN, NEWER = deployment_arn(FIRST, "provisioned"), f"{MODEL[:-1]}9"
MONTH, DAY = timedelta(days=30), timedelta(days=1)
COMMITTED = Recipe(model="nova-lite", deployment=Deployment(kind="provisioned", commitment="1-month"))
BASE = "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-lite-v1:0"


class OwnSetting(Setting):
    """A stack whose control tells what is its own."""

    def __init__(self) -> None:
        super().__init__()
        self.control = self.account = Account()

    @property
    def services(self) -> RunServices:
        return RunServices(self.runs, OwnControl(self.account, PROD), self.aliases)

    def trained(self, id: str = FIRST, model: str = MODEL, recipe: Recipe = COMMITTED) -> Run:
        return self.add(State.TRAINED, id, recipe=recipe, job={"arn": JOB, "model_arn": model})

    def deploy(self, run: Run, after: timedelta = timedelta()) -> Run:
        made = provision(run.id, self.services, tags=PROD.tags, now=NOW + after)
        assert made
        for found in self.account.deployments.values():
            found |= {"status": "Active", "foundationModelArn": BASE, "modelUnits": 1}
            found["modelArn"] = found.get("desired", found["modelArn"])
        self.reconcile(after)
        return self.runs.get(run.id)

    def fail(self, run: Run) -> Run:
        run = run.moved(State.EVALUATING, by="t", now=NOW).moved(State.FAILED, by="t", now=NOW)
        self.provision(self.runs.save(run))
        return self.runs.get(run.id)

    def put_live(self, run: Run) -> Run:
        run = run.moved(State.EVALUATING, by="t", now=NOW).moved(State.PASSED, by="t", now=NOW)
        self.provision(self.runs.save(run))
        return self.runs.get(run.id)


@pytest.fixture
def own() -> OwnSetting:
    return OwnSetting()


def test_a_commitment_has_no_other_end_and_is_quoted_in_full() -> None:
    with pytest.raises(RecipeError) as caught:
        read_checked("deployment: {kind: provisioned, commitment: 6-months, hours: 8, idle_hours: 2}")
    assert {problem.where for problem in caught.value.problems} == {"deployment.hours", "deployment.idle_hours"}
    model = catalog.model("nova-micro").priced({"provisioned": Decimal(20)}, NOW.date())
    line = provisioned_line(Deployment(kind="provisioned", units=2, commitment="6-months"), model, NOW)
    assert line.whole
    assert (line.periods, line.whole.high) == (Decimal(4320), Decimal(20 * 2 * 4320))
    assert "commitment of 6-months (4320 hours), which nobody can end earlier" in line.title


def test_only_a_person_who_names_it_buys_it(own: OwnSetting) -> None:
    line = {"item": "hosting", "title": "Hosting", "every": "hour", "low": 0, "expected": 2, "high": 2, "how": ""}
    quote = {**QUOTE, "lines": [{**line, "periods": 720}]}
    run = own.add(State.AWAITING_APPROVAL, recipe=COMMITTED, quote=quote)
    why = needs_approval(run.quote, run.recipe, Decimal(1_000_000))
    assert why
    assert "1 model unit with a commitment of 1-month for up to $1440.00. Nobody can undo that" in why
    for named in (None, "6-months"):
        with pytest.raises(ConflictError, match=r"buys 1 model unit with a commitment of 1-month for up to \$1440.00"):
            approve(run, own.runs, by="p", reason="", now=NOW, commitment=named)
    approved = approve(run, own.runs, by="p", reason="we need it", now=NOW, commitment="1-month")
    assert "It buys 1 model unit with a commitment of 1-month" in approved.history[-1].reason


def test_what_did_not_pass_leaves_units_that_the_next_version_uses(own: OwnSetting) -> None:
    first = own.deploy(own.trained())
    assert first.deployment
    assert (first.state, first.deployment.ends_at) == (State.DEPLOYED, NOW + MONTH)
    assert own.fail(first).state == State.RETIRED
    assert list(own.account.deployments) == [ARN], "Bedrock deletes them no earlier"
    hourly = Recipe(model="nova-lite", deployment=Deployment(kind="provisioned", hours=8))
    second = own.deploy(own.trained(SECOND, NEWER, hourly), 5 * DAY)
    assert second.deployment
    assert (second.deployment.arn, second.deployment.ends_at) == (ARN, NOW + MONTH)
    assert own.account.deployments[ARN]["modelArn"] == NEWER


def test_units_that_another_run_takes_at_the_same_moment_are_not_shared(own: OwnSetting) -> None:
    own.fail(own.deploy(own.trained()))
    second = own.trained(SECOND, NEWER)
    own.account.fail["repoint_units"] = ConflictError("it is being updated already")
    with pytest.raises(ConflictError):
        provision(second.id, own.services, tags=PROD.tags, now=NOW + DAY)
    assert own.runs.get(SECOND).state == State.TRAINED
    assert own.deploy(second, DAY).deployment_arn == ARN


@pytest.mark.parametrize(
    "other",
    [{"project": "sounds"}, {"foundationModelArn": BASE.replace("lite", "micro")}, {"modelUnits": 2}],
    ids=lambda other: next(iter(other)),
)
def test_units_of_others_or_for_others_are_not_used(other: dict[str, Any], own: OwnSetting) -> None:
    own.fail(own.deploy(own.trained()))
    own.account.deployments[ARN] |= other
    own.account.known[ARN] |= {name: value for name, value in other.items() if name == "project"}
    second = own.deploy(own.trained(SECOND, NEWER), DAY)
    assert second.deployment_arn == deployment_arn(SECOND, "provisioned")


def test_no_second_commitment_is_bought_beside_the_live_ones(own: OwnSetting) -> None:
    own.put_live(own.deploy(own.trained()))
    second = own.deploy(own.trained(SECOND, NEWER), DAY)
    assert (second.deployment_arn, own.runs.get(FIRST).state) == (ARN, State.PAUSED)
    assert list(own.account.deployments) == [ARN]


def test_at_its_end_the_version_is_taken_down_and_nothing_is_renewed(own: OwnSetting) -> None:
    own.put_live(own.deploy(own.trained()))
    assert own.reconcile(MONTH - DAY).moved == []
    own.account.deployments[ARN].pop("commitment")  # it is over: Bedrock deletes them
    own.reconcile(MONTH)
    assert (own.runs.get(FIRST).state, own.account.deployments) == (State.RETIRED, {})
    own.promote(own.runs.get(FIRST), after=MONTH + DAY)
    back = provision(FIRST, own.services, tags=PROD.tags, now=NOW + MONTH + DAY)
    assert back
    assert back.state == State.DEPLOY_FAILED
    assert "only the approval of a new run buys another one" in back.history[-1].reason
    assert own.account.deployments == {}
