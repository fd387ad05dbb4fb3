"""Two stacks in one account, fed with the same folder: each has its own job, model and deployment."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from samples.generate import generate
from tailor.aws.clients import client
from tailor.runs import State
from tailor_local.deployment import deploy
from tailor_local.places import ROOT
from tests.integration.pipeline import Pipeline
from tests.waiting import until

DEV = "tailor-dev"
RECIPE = b"""
model: nova-lite
split: {train: 0.6, validation: 0.1, test: 0.3}
evaluation: {language: vi, few_shot: 0, regression: false}
"""


@pytest.fixture
def dev(pipeline: Pipeline) -> Iterator[Pipeline]:
    cloudformation = client("cloudformation")
    outputs = deploy(ROOT, pipeline.cloud.environment(), {}, DEV)
    yield Pipeline(pipeline.cloud, outputs, pipeline.slack, pipeline.inbox, DEV)
    cloudformation.delete_stack(StackName=DEV)
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=DEV, WaiterConfig={"Delay": 1})


def test_each_touches_only_its_own(pipeline: Pipeline, dev: Pipeline, tmp_path: Path) -> None:
    generate(tmp_path, count=100)
    images = {f"images/{path.name}": path.read_bytes() for path in sorted(tmp_path.glob("images/*.png"))}
    files = images | {"questions.csv": (tmp_path / "questions.csv").read_bytes(), "tailor.yaml": RECIPE, "_DONE": b""}
    runs = [each.upload("both/scenes", files) for each in (pipeline, dev)]
    assert len(set(runs)) == 2
    live = [each.wait(run, State.LIVE) for each, run in zip((pipeline, dev), runs, strict=True)]
    assert len({run.deployment_arn for run in live}) == 2
    assert [len(pipeline.jobs(run)) for run in runs] == [1, 1]
    assert [len(pipeline.deployments(run)) for run in runs] == [1, 1]

    command = [str(Path(sys.executable).parent / "tailor"), "--stack", DEV, "offline", "both", "--reason", "a test"]
    subprocess.run(command, check=True, capture_output=True)
    dev.wait(runs[1], State.RETIRED)
    assert pipeline.deployments(runs[1]) == []
    [kept] = pipeline.deployments(runs[0])
    assert (kept["customModelDeploymentArn"], kept["status"]) == (live[0].deployment_arn, "Active")

    client("bedrock").delete_custom_model_deployment(customModelDeploymentIdentifier=live[0].deployment_arn)
    restored = until(
        lambda: pipeline.runs.get(runs[0]),
        lambda run: run.state == State.LIVE and State.RESTORING in run.states,
    )
    [again] = pipeline.deployments(runs[0])
    assert again["customModelDeploymentArn"] == restored.deployment_arn != live[0].deployment_arn
    assert State.RESTORING not in dev.runs.get(runs[1]).states
    assert pipeline.dead() == dev.dead() == []
