"""A deployment asks little, shows what it will do, and leaves no change set behind."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from tailor.aws.stacks import CallerIdentity, StackState
from tailor_cli.deploying import steps
from tailor_cli.deploying.answers import Answers, read_answers, write_answers
from tailor_cli.main import app
from tests.unit.contracts.template import ROOT

ACCOUNT, THEN = "123456789012", datetime(2026, 11, 22, tzinfo=UTC)
OUTPUTS = {"BucketName": "tailor-bucket", "ApiUrl": "https://x/prod/v1"}


@dataclass
class Cloud:
    """An account, and SAM as it behaves: it leaves a change set, and a stack in review, where it deploys nothing."""

    state: StackState | None = None
    region: str = "us-east-1"
    confirms: bool = True
    fails: bool = False
    change_sets: set[str] = field(default_factory=set)
    commands: list[list[str]] = field(default_factory=list)
    parameters: dict[str, str] = field(default_factory=dict)
    built: list[str] = field(default_factory=list)

    def caller(self) -> CallerIdentity:
        return CallerIdentity(ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/linh", self.region)

    def look_at(self, _: str) -> StackState | None:
        return self.state

    def list_change_sets(self, _: str, *, waiting: bool = False) -> set[str]:
        return set(self.change_sets)

    def discard(self, _: str, arns: set[str]) -> None:
        self.change_sets -= arns
        if self.state and not self.state.exists and not self.change_sets:
            self.state = None

    def failures(self, _: str, since: datetime | None) -> list[str]:
        return ["Api: no"] if self.fails else []

    def build(self, _: Any, architecture: str) -> Path:
        self.built.append(architecture)
        return ROOT

    def sam(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        (file,) = [Path(word.removeprefix("file://")) for word in command if word.startswith("file://")]
        self.parameters = yaml.safe_load(file.read_text())
        executed = "--no-execute-changeset" not in command and self.confirms
        if self.fails:
            self.state = StackState("ROLLBACK_COMPLETE", THEN, tags={"application": "tailor"})
        elif executed:
            self.state = StackState("CREATE_COMPLETE", THEN, tags={"application": "tailor"}, outputs=OUTPUTS)
        else:
            self.change_sets.add("new")
            self.state = self.state or StackState("REVIEW_IN_PROGRESS", THEN)
        return subprocess.CompletedProcess(command, int(self.fails))


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> Cloud:
    cloud = Cloud()
    monkeypatch.chdir(ROOT)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "us-east-1")
    names: dict[str, Callable[..., Any]] = {
        "caller": cloud.caller,
        "look_at": cloud.look_at,
        "change_sets": cloud.list_change_sets,
        "discard": cloud.discard,
        "failures": cloud.failures,
        "shell_region": lambda: cloud.region,
        "_build": cloud.build,
    }
    for name, replacement in names.items():
        monkeypatch.setattr(steps, name, replacement)
    monkeypatch.setattr(subprocess, "run", cloud.sam)
    monkeypatch.setattr(steps, "_somebody_can_be_asked", lambda: True)
    return cloud


@pytest.fixture
def deploy(cloud: Cloud, tmp_path: Path) -> Callable[..., Result]:
    def run(*arguments: str, answers: str = "", stack: str = "tailor") -> Result:
        words = ["--stack", stack, "deploy", "--answers", str(tmp_path / "deploy.toml"), *arguments]
        return CliRunner().invoke(app, words, input=answers)

    return run


def test_five_questions_a_plan_and_a_confirmation_by_sam(
    cloud: Cloud, deploy: Callable[..., Result], tmp_path: Path
) -> None:
    done = deploy(answers="linh@example.com\n\n\n20\n\n")
    assert done.exit_code == 0, done.output
    wanted = {"NotificationEmail": "linh@example.com", "AlarmEmail": "linh@example.com", "WebhooksSecretArn": ""}
    wanted |= {"BudgetLimit": "20", "Environment": "prod"}
    assert cloud.parameters == wanted | {"Architecture": "arm64"}
    assert "--confirm-changeset" in cloud.commands[0]
    for shown in (ACCOUNT, "us-east-1", "tailor (new)", "arm64", "linh@example.com", "tailor-bucket", "e-mail"):
        assert shown in done.output
    assert read_answers(tmp_path / "deploy.toml", "tailor") == Answers(ACCOUNT, "us-east-1", "arm64", wanted)


def test_a_wrong_answer_is_asked_again(cloud: Cloud, deploy: Callable[..., Result]) -> None:
    done = deploy(answers="linh\nlinh@example.com\n-\n\n\n\n")
    assert "NotificationEmail can't be 'linh'" in done.output
    assert (cloud.parameters["NotificationEmail"], cloud.parameters["AlarmEmail"]) == ("linh@example.com", "")


def test_what_is_remembered_is_not_asked_again_and_what_the_command_says_wins(
    cloud: Cloud, deploy: Callable[..., Result]
) -> None:
    deploy(answers="\n\n\n\n\n")
    assert deploy(answers="").exit_code == 0, "nothing is asked"
    assert deploy("--set", "BudgetLimit=7", "--arch", "x86_64").exit_code == 0
    assert deploy().exit_code == 0
    assert (cloud.parameters["BudgetLimit"], cloud.built[-1]) == ("7", "x86_64")
    assert deploy("--ask", answers="\n\n\n8\n\n").exit_code == 0
    assert cloud.parameters["BudgetLimit"] == "8"


def test_yes_asks_nothing_and_leaves_what_nobody_said_to_the_template_or_the_stack(
    cloud: Cloud, deploy: Callable[..., Result]
) -> None:
    cloud.state = StackState(
        "UPDATE_COMPLETE",
        THEN,
        parameters={"Architecture": "x86_64", "BudgetLimit": "9"},
        tags={"application": "tailor"},
    )
    done = deploy("--yes")
    assert done.exit_code == 0, done.output
    assert (cloud.parameters, cloud.built) == ({"Architecture": "x86_64"}, ["x86_64"])
    assert "--no-confirm-changeset" in cloud.commands[0]


@pytest.mark.parametrize("leave", ["dry run", "no confirmation"])
@pytest.mark.parametrize("others", [set(), {"somebody's"}])
def test_where_nothing_is_deployed_nothing_is_left(
    leave: str, others: set[str], cloud: Cloud, deploy: Callable[..., Result]
) -> None:
    cloud.confirms, cloud.change_sets = leave == "dry run", set(others)
    done = deploy(*(["--yes", "--dry-run"] if leave == "dry run" else []), answers="\n\n\n\n\n")
    assert done.exit_code == 0, done.output
    assert "Nothing was deployed" in done.output
    assert cloud.change_sets == others
    assert (cloud.state is None) == (not others)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        ("ROLLBACK_COMPLETE", "make destroy"),
        ("UPDATE_IN_PROGRESS", "wait until"),
        ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback"),
    ],
)
def test_a_stack_that_can_not_be_updated_is_told_before_anything_is_built(
    status: str, says: str, cloud: Cloud, deploy: Callable[..., Result]
) -> None:
    cloud.state = StackState(status, THEN, tags={"application": "tailor"})
    done = deploy("--yes")
    assert (done.exit_code, cloud.built) == (1, [])
    assert status in done.output
    assert says in done.output


def test_a_stack_of_somebody_else_is_left_alone(cloud: Cloud, deploy: Callable[..., Result]) -> None:
    cloud.state = StackState("CREATE_COMPLETE", THEN)
    done = deploy("--yes")
    assert (done.exit_code, cloud.built) == (1, [])
    assert "not Tailor's" in done.output
    assert "STACK=" in done.output


@pytest.mark.parametrize(
    ("before", "says"),
    [
        (Answers(account="210987654321"), "account 210987654321"),
        (Answers(account=ACCOUNT, region="us-west-2"), "Region us-west-2"),
    ],
)
def test_another_account_or_region_than_last_time_is_no_accident_that_goes_unnoticed(
    before: Answers, says: str, cloud: Cloud, deploy: Callable[..., Result], tmp_path: Path
) -> None:
    write_answers(tmp_path / "deploy.toml", "tailor", before)
    done = deploy("--yes")
    assert (done.exit_code, cloud.built) == (1, [])
    assert says in done.output


def test_without_a_region_one_is_asked_for_or_the_command_says_how(cloud: Cloud, deploy: Callable[..., Result]) -> None:
    cloud.region = ""
    assert "make deploy REGION=us-east-1" in deploy("--yes").output
    done = deploy(answers="\n")
    assert "AWS Region" in done.output


def test_the_first_failure_is_named_with_what_to_do(cloud: Cloud, deploy: Callable[..., Result]) -> None:
    cloud.fails = True
    done = deploy("--yes", stack="tailor-dev")
    assert done.exit_code == 1
    assert "Api: no" in done.output
    assert "make destroy STACK=tailor-dev" in done.output


def test_outside_of_a_checkout_it_says_what_it_needs(
    deploy: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = deploy("--yes")
    assert done.exit_code == 1
    assert "no template.yaml" in done.output


def test_an_installed_tailor_without_its_tools_says_what_it_needs(
    deploy: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tailor_local.deployment", None)
    done = deploy("--yes")
    assert done.exit_code == 1
    assert "needs a checkout of Tailor" in done.output


def test_where_nobody_can_be_asked_it_says_so(
    cloud: Cloud, deploy: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "_somebody_can_be_asked", lambda: False)
    done = deploy()
    assert (done.exit_code, cloud.commands) == (1, [])
    assert "YES=1" in done.output


def test_no_command_of_this_repository_writes_answers_into_the_tracked_file() -> None:
    """`sam deploy --guided` offers to write them into samconfig.toml."""
    makefile = (ROOT / "Makefile").read_text()
    assert "--guided" not in makefile
    assert "/deploy.toml" in (ROOT / ".gitignore").read_text().splitlines()
