"""The second trainer in the steps: submitted, followed, stopped, imported, and never taken for another stack's."""

import io
import json
import tarfile
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import NotFoundError
from tailor.recipe import Recipe
from tailor.runs import Run, State
from tailor.steps.ownership import Owner
from tailor.steps.services import RunServices
from tailor.steps.steer import stop
from tailor.steps.track import track
from tailor.steps.train import TrainServices, train
from tailor.steps.trainers import SageMakerTrainer
from tailor.storage import FolderStorage
from tailor.training.sagemaker import output_of
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryControl, MemoryRuns, OpenRegion, a_run, unlimited
from tests.unit.steps.test_train import MANIFEST

OWNER = Owner("tailor", "prod")
ARN = "arn:aws:sagemaker:us-east-1:123456789012:training-job/"
CHECKPOINT = "s3://customer-escrow-123456789012-smtj-abc/run/10"


class MemoryTrainingJobs:
    """Training jobs by name, as DescribeTrainingJob shows them."""

    def __init__(self) -> None:
        self.jobs: dict[str, dict[str, Any]] = {}
        self.known: dict[str, dict[str, str]] = {}

    def create(self, request: Mapping[str, Any]) -> str:
        name = str(request["TrainingJobName"])
        if name not in self.jobs:
            self.jobs[name] = {
                **request,
                "TrainingJobArn": ARN + name,
                "TrainingJobStatus": "InProgress",
                "SecondaryStatus": "Starting",
                "CreationTime": NOW,
            }
            self.known[ARN + name] = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return ARN + name

    def describe(self, name: str) -> dict[str, Any]:
        if name not in self.jobs:
            raise NotFoundError(name)
        return self.jobs[name]

    def stop(self, name: str) -> None:
        self.jobs[name] |= {"TrainingJobStatus": "Stopping", "SecondaryStatus": "Stopping"}

    def tags(self, arn: str) -> dict[str, str]:
        return self.known.get(arn, {})


class Stage:
    def __init__(self, folder: Path) -> None:
        self.runs, self.control, self.bucket = MemoryRuns(), MemoryControl(), FolderStorage(folder)
        self.jobs = MemoryTrainingJobs()
        self.control.tags = lambda arn: OWNER.tags  # type: ignore[attr-defined]
        self.sagemaker: SageMakerTrainer | None = SageMakerTrainer(
            self.jobs,
            self.control,
            self.bucket,
            OWNER,
            role_arn="arn:aws:iam::123456789012:role/tailor-training",
            import_role_arn="arn:aws:iam::123456789012:role/tailor-import",
        )

    def add(self) -> Run:
        run = a_run(State.APPROVED, recipe=Recipe(trainer="sagemaker", model="nova-micro"))
        self.runs.create(run)
        self.bucket.write(f"{run.files}prepared/manifest.json", json.dumps(MANIFEST).encode())
        return run

    def train(self, run: Run) -> Run | None:
        services = TrainServices(
            bucket=self.bucket,
            bucket_name="tailor-bucket",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor-CustomizationRole",
            budget_limit=Decimal(50),
            tags=OWNER.tags,
            offers=OpenRegion(),
            region="us-east-1",
            spending=unlimited(self.runs),
            sagemaker=self.sagemaker,
        )
        return train(run.id, services, now=NOW)

    @property
    def services(self) -> RunServices:
        return RunServices(self.runs, self.control, MemoryAliases(), self.sagemaker)

    def ends(self, run: Run, status: str, **more: Any) -> Run | None:
        self.jobs.jobs[run.id] |= {"TrainingJobStatus": status, "SecondaryStatus": status, **more}
        return track(ARN + run.id, runs=self.runs, trainers=self.services.trainers, now=NOW)

    def leaves(self, run: Run, manifest: bytes) -> None:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as packed:
            entry = tarfile.TarInfo("manifest.json")
            entry.size = len(manifest)
            packed.addfile(entry, io.BytesIO(manifest))
        self.bucket.write(output_of(run.id, run.files), file.getvalue())


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path)


def test_a_run_is_trained_by_sagemaker_and_its_model_imported(stage: Stage) -> None:
    run = stage.add()
    training = stage.train(run)
    assert training is not None
    assert training.job is not None
    assert (training.state, training.job_arn, training.job.trainer) == (State.TRAINING, ARN + run.id, "sagemaker")
    assert "SageMaker" in training.history[-1].reason
    assert stage.bucket.read(f"{run.files}prepared/recipe/recipe.yaml").startswith(b"run:")
    stage.leaves(run, json.dumps({"checkpoint_s3_bucket": CHECKPOINT}).encode())
    trained = stage.ends(run, "Completed")
    assert trained is not None
    (request,) = stage.control.requests
    assert (trained.state, request["modelName"]) == (State.TRAINED, run.id)
    assert request["modelSourceConfig"] == {"s3DataSource": {"s3Uri": CHECKPOINT}}
    assert trained.model_arn.rpartition("/")[0].endswith("custom-model/imported")
    assert stage.ends(run, "Completed") is None, "a repeated event changes nothing"


@pytest.mark.parametrize("manifest", [None, b"{}"])
def test_a_job_that_left_no_checkpoint_fails_its_run(stage: Stage, manifest: bytes | None) -> None:
    run = stage.add()
    stage.train(run)
    if manifest:
        stage.leaves(run, manifest)
    failed = stage.ends(run, "Completed")
    assert failed is not None
    assert (failed.state, stage.control.requests) == (State.TRAINING_FAILED, [])


def test_a_person_stops_the_training_job_and_nothing_is_imported(stage: Stage) -> None:
    run = stage.add()
    stage.train(run)
    stop(run, stage.services, by="person:linh", reason="wrong data", now=NOW)
    assert stage.jobs.jobs[run.id]["TrainingJobStatus"] == "Stopping"
    stopped = stage.ends(run, "Stopped")
    assert stopped is not None
    assert (stopped.state, stage.control.requests) == (State.STOPPED, [])
    assert "person:linh" in stopped.history[-1].reason


def test_a_run_that_ends_before_its_job_is_noted_leaves_no_job(stage: Stage) -> None:
    run = stage.add()
    assert stage.sagemaker is not None
    stage.jobs.create({"TrainingJobName": run.id, "Tags": [{"Key": k, "Value": v} for k, v in OWNER.tags.items()]})
    stop(run, stage.services, by="person:linh", reason="", now=NOW)
    assert stage.jobs.jobs[run.id]["TrainingJobStatus"] == "Stopping"


def test_another_stacks_job_of_this_name_is_neither_taken_nor_stopped(stage: Stage) -> None:
    run = stage.add()
    theirs = Owner("tailor-dev", "dev").tags
    stage.jobs.create({"TrainingJobName": run.id, "Tags": [{"Key": k, "Value": v} for k, v in theirs.items()]})
    failed = stage.train(run)
    assert failed is not None
    assert (failed.state, "tailor-dev" in failed.history[-1].reason) == (State.TRAINING_FAILED, True)
    assert stage.jobs.jobs[run.id]["TrainingJobStatus"] == "InProgress"


def test_a_stack_without_training_jobs_says_how_to_have_them(stage: Stage) -> None:
    stage.sagemaker = None
    failed = stage.train(stage.add())
    assert failed is not None
    assert failed.state == State.TRAINING_FAILED
    assert "SageMakerTraining=enabled" in failed.history[-1].reason
