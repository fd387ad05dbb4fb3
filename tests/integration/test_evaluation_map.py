"""Asking at scale on the deployed template: several functions come to what one function comes to."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from tailor.aws import clients
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.evaluation.questions.held_out import read_answers
from tailor.recipe import Recipe
from tailor.run_records import DeploymentRecord
from tailor.runs import Change, Run, State
from tailor_local.bedrock.faults import Faults, Refusal
from tailor_local.cloud import ACCOUNT, LocalCloud
from tailor_local.demo.listeners import Slack
from tests.integration.standin import COLOURS, Bench, picture
from tests.waiting import until

ROWS = 110
ARMS = ("candidate", "base")
RECIPE = Recipe.parse("""
evaluation: {language: vi, few_shot: 0, regression: false}
deployment: {promote: false}
""")


@dataclass
class Evaluations:
    """Runs that wait for their verdict, written as the steps before would have left them."""

    cloud: LocalCloud
    runs: DynamoRunStore
    bucket: S3Storage
    deployment: str

    def begin(self, project: str) -> Run:
        change = Change(sequence=1, state=State.DEPLOYED, at=datetime.now(UTC), by="test")
        run = Run(
            id=f"{project}-scenes-0123456789ab",
            project=project,
            dataset="scenes",
            prefix=f"uploads/{project}/scenes/",
            fingerprint="0123456789ab" + "0" * 52,
            recipe=RECIPE,
            created_at=change.at,
            history=[change],
            deployment=DeploymentRecord(arn=self.deployment),
        )
        lines = b"".join(orjson.dumps(self._row(place)) + b"\n" for place in range(ROWS))
        self.bucket.write(f"{run.files}prepared/test.jsonl", lines)
        assert self.runs.create(run)
        return run

    def _row(self, place: int) -> dict[str, Any]:
        colour, image = list(COLOURS)[place % len(COLOURS)], place % 60
        key = f"uploads/colours/scenes/{image}.png"
        if place == image:
            self.bucket.write(key, picture(colour, image % 24))
        source = {"s3Location": {"uri": self.bucket.uri(key), "bucketOwner": ACCOUNT}}
        content = [{"image": {"format": "png", "source": source}}, {"text": "Màu gì?"}]
        return {
            "id": f"r{place:06d}",
            "group": key,
            "category": None,
            "messages": [{"role": "user", "content": content}],
            "references": [colour],
            "source": {"file": "questions.csv", "line": place + 2},
        }

    def finished(self, run: Run) -> Run:
        return until(lambda: self.runs.get(run.id), lambda seen: seen.state not in (State.DEPLOYED, State.EVALUATING))

    def answers(self, run: Run) -> dict[str, dict[str, str]]:
        found = {}
        for arm in ARMS:
            key = f"{run.files}evaluation/answers/{arm}.jsonl"
            found[arm] = {name: answer.answer for name, answer in read_answers(self.bucket.read(key), key).items()}
        return found

    def calls(self) -> int:
        """How many questions were answered."""
        return sum(int(used["calls"]) for used in self.cloud.control("usage").values())


@pytest.fixture(scope="module")
def evaluations(
    local_cloud: LocalCloud, bench: Bench, trained: dict[str, Any], deployed: tuple[dict[str, str], Slack]
) -> Iterator[Evaluations]:
    outputs, _ = deployed
    with pytest.MonkeyPatch.context() as patch:
        for name, value in local_cloud.environment().items():
            patch.setenv(name, value)
        clients.client.cache_clear()
        clients.table.cache_clear()
        deployment = bench.deployed(trained["outputModelArn"], "at-scale")
        runs, bucket = DynamoRunStore(outputs["RunsTableName"]), S3Storage(outputs["BucketName"])
        yield Evaluations(local_cloud, runs, bucket, deployment)
    clients.client.cache_clear()
    clients.table.cache_clear()


@pytest.fixture(scope="module")
def alone(evaluations: Evaluations) -> Run:
    """What one function comes to."""
    return evaluations.finished(evaluations.begin("alone"))


def test_several_functions_come_to_the_verdict_and_the_answers_of_one(
    evaluations: Evaluations, alone: Run, setting: Callable[..., None]
) -> None:
    assert alone.evaluation.execution is None
    setting("EvaluateFunction", MACHINE_ABOVE_CALLS="0", MACHINE_FUNCTIONS="2")
    before = evaluations.calls()

    run = evaluations.finished(evaluations.begin("many"))

    assert evaluations.calls() - before == ROWS * len(ARMS)
    execution = evaluations.cloud.client("stepfunctions").describe_execution
    assert run.state == alone.state == State.PASSED
    assert run.evaluation.interval == alone.evaluation.interval
    assert evaluations.answers(run) == evaluations.answers(alone)
    ended = until(
        lambda: execution(executionArn=run.evaluation.execution)["status"], lambda status: status != "RUNNING"
    )
    assert ended == "SUCCEEDED"


def test_stopped_half_way_it_goes_on_and_asks_nothing_twice(
    evaluations: Evaluations, alone: Run, setting: Callable[..., None], faults: Callable[[Faults], None]
) -> None:
    setting("EvaluateFunction", MACHINE_ABOVE_CALLS="0", MACHINE_FUNCTIONS="1", PART_SECONDS="8")
    setting("ReconcileFunction", DUE_AFTER_SECONDS="8")
    before = evaluations.calls()
    faults(Faults(refusals=(Refusal(operation="Converse", after=30),)))
    begun = evaluations.begin("stopped")
    until(evaluations.calls, lambda calls: calls == before + 30)
    first = evaluations.runs.get(begun.id).evaluation.execution
    evaluations.cloud.client("stepfunctions").stop_execution(executionArn=first)
    faults(Faults())

    run = evaluations.finished(begun)

    assert run.evaluation.execution != first
    assert evaluations.calls() - before == ROWS * len(ARMS)
    assert run.evaluation.interval == alone.evaluation.interval
    assert evaluations.answers(run) == evaluations.answers(alone)
