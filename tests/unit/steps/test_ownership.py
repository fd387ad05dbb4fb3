"""Two stacks in one account: what the other one made is neither adopted nor stopped nor deleted, whatever its name."""

from collections.abc import Mapping
from typing import Any

import pytest

from tailor.catalog import DeploymentKind
from tailor.errors import ConflictError, NotFoundError, NotOursError, RetryableError
from tailor.runs import State
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.provision import provision
from tailor.steps.services import RunServices
from tests.unit.steps.fakes import NOW, MemoryControl, deployment_arn
from tests.unit.steps.setting import JOB, MODEL, Setting

PROD, DEV = Owner("tailor", "prod"), Owner("tailor-dev", "dev")
OLD = {"application": "tailor", "environment": "prod", "run": "colours-scenes-0123456789ab"}
NAME = "colours-scenes-0123456789ab"


class Account(MemoryControl):
    """One account of two stacks, with tags by ARN. Deployments and jobs are found by name too, as at Bedrock."""

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[str, dict[str, str]] = {}
        self.models: dict[str, str] = {}  # ARN by name

    def get_model(self, identifier: str) -> dict[str, Any]:
        if not self.models:
            return super().get_model(identifier)
        arns = {**self.models, **{arn: arn for arn in self.models.values()}}
        if identifier not in arns:
            raise NotFoundError(identifier)
        return {"modelArn": arns[identifier], "modelStatus": "Active"}

    def delete_model(self, identifier: str) -> None:
        super().delete_model(identifier)
        if any(found["modelArn"] == identifier for found in self.deployments.values()):
            raise ConflictError("The model is deployed.")
        self.models = {name: arn for name, arn in self.models.items() if arn != identifier} | {"": ""}

    def tags(self, arn: str) -> dict[str, str]:
        return self.known.get(arn, {})

    def create_job(self, request: Any) -> str:
        arn = super().create_job(request)
        self.known.setdefault(arn, {pair["key"]: pair["value"] for pair in request["jobTags"]})
        return arn

    def create_deployment(self, name: str, model_arn: str, *, tags: Mapping[str, str], **how: Any) -> str:
        arn = super().create_deployment(name, model_arn, tags=tags, **how)
        self.known.setdefault(arn, dict(tags))
        return arn

    def get_job(self, job: str) -> dict[str, Any]:
        named = [each for each in self.jobs.values() if job in (each["jobName"], each["jobArn"])]
        if not named:
            raise NotFoundError(job)
        return named[0]

    def get_deployment(self, arn: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        return super().get_deployment(arn if arn.startswith("arn:") else deployment_arn(arn, kind))


def request(owner: Owner) -> dict[str, Any]:
    return {"jobName": NAME, "jobTags": [{"key": key, "value": value} for key, value in owner.tags.items()]}


@pytest.fixture
def account() -> Account:
    return Account()


@pytest.mark.parametrize(
    ("tags", "owns"),
    [
        (PROD.tags, True),
        (PROD.tags | {"environment": "was-renamed"}, True),
        (DEV.tags, False),
        (OLD, True),
        (OLD | {"environment": "dev"}, False),
        (PROD.tags | {"application": "another"}, False),
        ({"stack": "tailor"}, False),
        ({}, False),
    ],
)
def test_whose_tags_they_are(tags: dict[str, str], owns: bool) -> None:
    assert PROD.owns(tags) is owns


def test_a_repeat_finds_its_own_job_and_another_stack_is_refused(account: Account) -> None:
    arn = OwnControl(account, PROD).create_job(request(PROD))
    assert OwnControl(account, PROD).create_job(request(PROD)) == arn
    with pytest.raises(NotOursError, match="belongs to the stack tailor"):
        OwnControl(account, DEV).create_job(request(DEV))


def test_a_job_whose_tags_can_not_be_read_yet_is_neither_taken_nor_given_up(account: Account) -> None:
    account.tags = lambda arn: {}  # type: ignore[method-assign]
    with pytest.raises(RetryableError):
        OwnControl(account, PROD).create_job(request(PROD))


@pytest.mark.parametrize("by", ["name", "arn"])
def test_another_stacks_job_is_not_stopped(account: Account, by: str) -> None:
    arn = OwnControl(account, PROD).create_job(request(PROD))
    identifier = {"name": NAME, "arn": arn}[by]
    with pytest.raises(NotOursError):
        OwnControl(account, DEV).stop_job(identifier)
    assert account.jobs[arn]["status"] == "InProgress"
    OwnControl(account, PROD).stop_job(identifier)
    assert account.jobs[arn]["status"] == "Stopped"


@pytest.mark.parametrize("by", ["name", "arn"])
def test_another_stacks_deployment_is_left_alone(account: Account, by: str) -> None:
    arn = OwnControl(account, PROD).create_deployment(NAME, MODEL, tags=PROD.tags)
    account.deployments[arn]["status"] = "Active"
    identifier = {"name": NAME, "arn": arn}[by]
    OwnControl(account, DEV).delete_deployment(identifier)
    assert arn in account.deployments
    with pytest.raises(NotOursError):
        OwnControl(account, DEV).create_deployment(NAME, MODEL, tags=DEV.tags)
    OwnControl(account, PROD).delete_deployment(identifier)
    assert not account.deployments
    OwnControl(account, PROD).delete_deployment(identifier)  # it is gone


def test_offline_in_one_stack_leaves_the_other_stacks_model_in_service(setting: Setting, account: Account) -> None:
    """Both tables hold a run of one name, as earlier versions derived it, and one deployment: prod made it."""
    arn = OwnControl(account, PROD).create_deployment(NAME, MODEL, tags=PROD.tags)
    account.deployments[arn]["status"] = "Active"
    setting.control = OwnControl(account, DEV)  # type: ignore[assignment]
    run = setting.add(State.PASSED, NAME, deployment={"arn": arn})
    live = setting.provision(run)
    assert live is not None
    assert live.state == State.LIVE
    _, ended = setting.take_offline()
    assert [each.state for each in ended] == [State.RETIRED]
    assert account.deployments[arn]["status"] == "Active"


def test_a_deployment_of_another_stack_under_the_runs_name_ends_the_run_with_the_reason(
    setting: Setting, account: Account
) -> None:
    OwnControl(account, PROD).create_deployment(NAME, MODEL, tags=PROD.tags)
    run = setting.add(State.TRAINED, NAME, job={"arn": JOB, "model_arn": MODEL})
    control = OwnControl(account, DEV)
    ended = provision(run.id, RunServices(setting.runs, control, setting.aliases), tags=DEV.tags, now=NOW)
    assert ended is not None
    assert ended.state == State.DEPLOY_FAILED
    assert "belongs to the stack tailor" in ended.history[-1].reason


def test_a_deployment_that_is_still_being_made_can_not_be_deleted_yet(account: Account) -> None:
    OwnControl(account, PROD).create_deployment(NAME, MODEL, tags=PROD.tags)
    with pytest.raises(ConflictError):
        OwnControl(account, PROD).delete_deployment(NAME)
