"""A stack is removed after what it has at Bedrock, and never another one's."""

import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from tailor.aws.stacks import CallerIdentity, StackState
from tailor.runs import State
from tailor.steps.ownership import OwnControl
from tailor.steps.services import RunServices
from tailor_cli.context import Session
from tailor_cli.deploying import removal, steps
from tailor_cli.deploying.answers import Answers, write_answers
from tailor_cli.main import app
from tests.unit.steps.fakes import MemoryAliases, MemoryRuns, a_run, deployment_arn
from tests.unit.steps.test_ownership import DEV, PROD, Account

ACCOUNT, THEN = "123456789012", datetime(2026, 11, 22, tzinfo=UTC)
OURS = {"application": "tailor"}
OUTPUTS = {"BucketName": "tailor-bucket", "RunsTableName": "tailor-runs", "ServingTableName": "tailor-serving"}


class Removed:
    """An account with a stack of two projects, and something of another stack."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
        self.state: StackState | None = StackState("CREATE_COMPLETE", THEN, tags=OURS, outputs=OUTPUTS)
        self.commands: list[list[str]] = []
        self.at_removal: list[str] = []
        self.folder = folder
        self.account, self.runs = Account(), MemoryRuns()
        for name, tags in (("own-a-aaaaaaaaaaaa", PROD.tags), ("other-a-bbbbbbbbbbbb", DEV.tags)):
            self.account.create_job({"jobName": name, "jobTags": [{"key": k, "value": v} for k, v in tags.items()]})
            self.account.deployments[self.account.create_deployment(name, "arn:model", tags=tags)]["status"] = "Active"
        self.job, self.others_job = self.account.jobs
        run = a_run(State.TRAINING, "own-a-aaaaaaaaaaaa", project="own", job={"arn": self.job})
        for each in (run, a_run(State.AWAITING_APPROVAL, "more-a-cccccccccccc", project="more")):
            self.runs.create(each)
        control = OwnControl(self.account, PROD)
        services = RunServices(self.runs, control, MemoryAliases())
        session = {"runs": self.runs, "control": control, "services": services, "sagemaker": None}
        for name, value in session.items():
            monkeypatch.setattr(Session, name, value)
        for module in (removal, steps):
            monkeypatch.setattr(module, "look_at", lambda _: self.state)
        monkeypatch.setattr(steps, "caller", lambda: CallerIdentity(ACCOUNT, "arn:user/linh", "us-east-1"))
        monkeypatch.setattr(steps, "shell_region", lambda: "us-east-1")
        monkeypatch.setattr(removal, "Bedrock", lambda: self)
        monkeypatch.setattr(time, "sleep", self.wait)
        monkeypatch.setattr(subprocess, "run", self.sam)
        for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
            monkeypatch.setenv(name, "us-east-1")

    def open_jobs(self) -> list[dict[str, Any]]:
        return [job for job in self.account.jobs.values() if job["status"] == "InProgress"]

    def wait(self, _: float) -> None:
        """Bedrock stops the job meanwhile, and its event moves the run."""
        assert self.account.jobs[self.job]["status"] == "Stopped"
        run = self.runs.get("own-a-aaaaaaaaaaaa")
        self.runs.save(run.moved(State.STOPPED, by="track"))

    def sam(self, command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        self.commands.append(command)
        self.at_removal = [*self.account.deployments, *(job["jobArn"] for job in self.open_jobs())]
        return subprocess.CompletedProcess(command, 0)

    def destroy(self, *options: str, answer: str = "") -> Result:
        words = ["destroy", "--answers", str(self.folder / "deploy.toml"), *options]
        return CliRunner().invoke(app, words, input=answer, catch_exceptions=False)


@pytest.fixture
def removed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Removed:
    return Removed(monkeypatch, tmp_path)


def test_jobs_and_deployments_end_before_the_stack_goes_and_others_stay(removed: Removed) -> None:
    done = removed.destroy("--yes")
    assert done.exit_code == 0, done.output
    (command,) = removed.commands
    assert command[1:] == ["delete", "--no-prompts", "--stack-name", "tailor", "--region", "us-east-1"]
    assert removed.at_removal == [deployment_arn("other-a-bbbbbbbbbbbb"), removed.others_job]
    assert {run.state for run in removed.runs.items.values()} == {State.STOPPED, State.DECLINED}
    for name in OUTPUTS.values():
        assert name in done.output


def test_it_asks_first(removed: Removed) -> None:
    assert removed.destroy(answer="n\n").exit_code == 1
    assert not removed.commands
    assert len(removed.open_jobs()) == 2


@pytest.mark.parametrize(
    ("state", "code", "said"),
    [
        (None, 0, "nothing to remove"),
        (StackState("CREATE_COMPLETE", THEN, outputs=OUTPUTS), 1, "it is not Tailor's"),
    ],
)
def test_what_is_not_there_or_not_tailors_is_left_alone(
    removed: Removed, state: StackState | None, code: int, said: str
) -> None:
    removed.state = state
    done = removed.destroy("--yes")
    assert (done.exit_code, said in done.output, removed.commands) == (code, True, [])


def test_another_account_than_the_one_that_it_was_deployed_to_is_refused(removed: Removed) -> None:
    write_answers(removed.folder / "deploy.toml", "tailor", Answers("999999999999", "us-east-1", "arm64", {}))
    done = removed.destroy("--yes")
    assert (done.exit_code, "was deployed to account 999999999999" in done.output, removed.commands) == (1, True, [])


def test_what_a_failed_first_deployment_left_is_removed(removed: Removed) -> None:
    removed.state = StackState("ROLLBACK_COMPLETE", THEN, tags=OURS)
    assert removed.destroy("--yes").exit_code == 0
    assert len(removed.commands) == 1


def test_a_job_that_does_not_stop_keeps_the_stack(removed: Removed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removed, "wait", lambda _: None)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    done = removed.destroy("--yes", "--timeout", "0")
    assert (done.exit_code, "is being stopped" in done.output, removed.commands) == (1, True, [])
