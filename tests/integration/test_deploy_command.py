"""`make deploy`, up to the change set and through, against the local cloud: what it leaves, and what it does not."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailor_cli.deploying.answers import Answers, read_answers
from tailor_local.cloud import ACCOUNT, REGION, LocalCloud
from tailor_local.deployment import ARCHITECTURES, architecture
from tailor_local.places import ROOT

STACK = "first-hour"
TIMEOUT = 400


def deploy(cloud: LocalCloud, answers: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("tailor")), "--stack", STACK, "deploy", "--answers", str(answers)]
    return subprocess.run(
        [*command, *arguments],
        cwd=ROOT,
        env=cloud.environment() | {"PATH": "/usr/bin:/bin"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def stacks(cloud: LocalCloud) -> dict[str, dict[str, Any]]:
    found = cloud.client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"]: stack for stack in found if stack["StackStatus"] != "DELETE_COMPLETE"}


@pytest.fixture
def tracked() -> Iterator[None]:
    """What Git tracks must be the same afterwards."""
    before = (ROOT / "samconfig.toml").read_bytes()
    yield
    assert (ROOT / "samconfig.toml").read_bytes() == before


@pytest.mark.parametrize("built_for", sorted(set(ARCHITECTURES.values())))
def test_a_dry_run_shows_the_change_set_and_leaves_nothing(
    built_for: str, local_cloud: LocalCloud, tmp_path: Path, tracked: None
) -> None:
    answers = tmp_path / "deploy.toml"
    done = deploy(local_cloud, answers, "--yes", "--dry-run", "--arch", built_for, "--set", "BudgetLimit=20")
    assert done.returncode == 0, done.stdout + done.stderr
    for shown in (
        f"{STACK} (new)",
        ACCOUNT,
        REGION,
        f"Built for {built_for}",
        "+ Add",
        "PrepareFunction",
        "Nothing was",
    ):
        assert shown in done.stdout
    assert STACK not in stacks(local_cloud)
    # No account and no Region: nothing was deployed there, so the next call may go elsewhere.
    assert read_answers(answers, STACK) == Answers("", "", built_for, {"BudgetLimit": "20"})


def test_it_deploys_changes_a_parameter_later_and_keeps_what_nobody_said(
    local_cloud: LocalCloud, tmp_path: Path, tracked: None
) -> None:
    cloudformation = local_cloud.client("cloudformation")
    first, second = tmp_path / "first.toml", tmp_path / "second.toml"
    try:
        given = [
            "--arch",
            architecture(),
            "--set",
            "LogRetentionDays=30",
            "--set",
            'Prices={"nova-lite": {"training": 0.002}}',
        ]
        done = deploy(local_cloud, first, "--yes", *given)
        assert done.returncode == 0, done.stdout + done.stderr
        bucket = {each["OutputKey"]: each["OutputValue"] for each in stacks(local_cloud)[STACK]["Outputs"]}[
            "BucketName"
        ]
        assert f"s3://{bucket}/uploads/" in done.stdout

        done = deploy(local_cloud, second, "--yes", "--set", "BudgetLimit=20")  # by somebody without the first answers
        assert done.returncode == 0, done.stdout + done.stderr
        parameters = {each["ParameterKey"]: each["ParameterValue"] for each in stacks(local_cloud)[STACK]["Parameters"]}
        wanted = {"Architecture": architecture(), "LogRetentionDays": "30", "BudgetLimit": "20"}
        assert parameters | wanted == parameters
        assert parameters["Prices"] == '{"nova-lite": {"training": 0.002}}'
    finally:
        cloudformation.delete_stack(StackName=STACK)
        cloudformation.get_waiter("stack_delete_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})


def test_wrong_credentials_are_told_before_anything_is_built(local_cloud: LocalCloud, tmp_path: Path) -> None:
    environment = local_cloud.environment()
    environment.pop("AWS_ACCESS_KEY_ID")
    environment |= {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    command = [str(Path(sys.executable).with_name("tailor")), "deploy", "--yes", "--answers", str(tmp_path / "a.toml")]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "no AWS credentials" in done.stderr
    assert "Building" not in done.stdout
