"""Run an accepted training job: starting, downloading, training, uploading, in the hands of its execution role.

Its learners are those of Bedrock's stand-in. What it trained goes into a bucket that SageMaker makes; output.tar.gz in
the caller's bucket holds a manifest that names the place.
"""

import hashlib
import io
import json
import logging
import tarfile
import threading
import time
from typing import Any

import yaml

from tailor_local import timelapse
from tailor_local.bedrock import foundation, imports
from tailor_local.bedrock.announce import Announcer
from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.faults import Phase
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.methods import FineTuning, PreferenceOptimization, Work
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Job, TrainingJob
from tailor_local.bedrock.storage import Storage, StorageError

log = logging.getLogger("tailor.sagemaker")
WATCH = 0.05  # seconds between looks at whether a job was stopped
PRINCIPAL = "sagemaker.amazonaws.com"
REPOSITORY = "nova-fine-tune-repo:"  # of AWS's registry: images for Nova
SUPERVISED, PREFERENCES = "SM-TJ-SFT", "SM-TJ-DPO"
BATCHES = (16, 32, 64)  # pairs in a step, as AWS's recipes for g5 and g6 have it
BASES = {
    "nova-micro/prod": "amazon.nova-micro-v1:0:128k",
    "nova-lite/prod": "amazon.nova-lite-v1:0:300k",
    "nova-pro/prod": "amazon.nova-pro-v1:0:300k",
    "nova-lite-2/prod": "amazon.nova-2-lite-v1:0:256k",
}


class _StoppedError(Exception):
    """Raised if someone stopped the job, or its time was over. The argument is the secondary status."""


class TrainingJobRunner:
    def __init__(self, standin: Standin, announcer: Announcer) -> None:
        self._standin, self._announcer = standin, announcer

    def start(self, scope: Scope, job: TrainingJob) -> None:
        threading.Thread(target=self._run, args=(scope, job), name=f"training-{job.name}", daemon=True).start()

    def _run(self, scope: Scope, job: TrainingJob) -> None:
        try:
            self._work(scope, job)
        except _StoppedError as error:
            self._move(scope, job, "Stopping", "Stopping")
            self._move(scope, job, str(error), "Stopped")
        except DataError as error:
            self._move(scope, job, "Failed", "Failed", str(error))
        except Exception:
            log.exception("training job %s broke down", job.name)
            self._move(scope, job, "Failed", "Failed", "InternalServerError: We encountered an internal error.")

    def _work(self, scope: Scope, job: TrainingJob) -> None:
        self._move(scope, job, "Starting")
        self._wait(job, "validation")
        credentials = self._standin.platform.take_role(job.request["RoleArn"], scope, job.arn, PRINCIPAL)
        if credentials is None:
            raise DataError(f"ClientError: Could not assume role {job.request['RoleArn']}.")
        storage = Storage(self._standin.platform.endpoint, scope.region, credentials)
        self._move(scope, job, "Downloading")
        recipe, base = self._recipe(job, storage)
        work = Work(_as_bedrock(job, base, recipe), base, storage, self._standin, scope, lambda: self._check(job))
        try:
            learner = _learner(job, recipe, work)
            learner.read()
        except DataError as error:
            raise DataError(f"AlgorithmError: {error}, exit code: 1") from error
        self._wait(job, "dataProcessing")
        self._move(scope, job, "Training")
        job.started = time.time()
        curve = learner.train()
        self._wait(job, "training")
        with self._standin.store.lock:
            job.losses = {"training_loss": curve.training[-1].loss}
            if curve.validation:
                job.losses["validation_loss"] = curve.validation[-1].loss
        self._move(scope, job, "Uploading")
        checkpoint = self._keep(scope, job, base, learner.model.save())
        output = job.request["OutputDataConfig"]["S3OutputPath"].rstrip("/")
        try:
            storage.write(f"{output}/{job.name}/output/output.tar.gz", _archive(checkpoint))
        except StorageError as error:
            raise DataError(f"ClientError: Artifact upload failed: {error}") from error
        self._move(scope, job, "Completed", "Completed")

    def _recipe(self, job: TrainingJob, storage: Storage) -> tuple[dict[str, Any], FoundationModel]:
        """Return the recipe and the base model that it names. Raises DataError in the container's place."""
        given, image = job.request.get("HyperParameters") or {}, job.request["AlgorithmSpecification"]
        if _technique(job) is None:
            raise DataError(f"ClientError: Cannot pull the image {image.get('TrainingImage')}.")
        path = f"{channel(job, 'recipe').rstrip('/')}/{given.get('sagemaker_recipe_local_path', '').rpartition('/')[2]}"
        try:
            recipe = yaml.safe_load(storage.read(path))
        except StorageError as error:
            raise DataError(f"ClientError: Data download failed: {error}") from error
        run = recipe.get("run", {})
        base = foundation.by_training_id(str(run.get("model_type")))
        if base is None or BASES.get(run.get("model_name_or_path")) != base.training_id:
            raise DataError("AlgorithmError: the recipe's model_type and model_name_or_path are of no model.")
        if given.get("base_model") != run["model_name_or_path"]:
            raise DataError("AlgorithmError: base_model is not the recipe's model_name_or_path.")
        if run.get("replicas") != job.request["ResourceConfig"]["InstanceCount"]:
            raise DataError("AlgorithmError: replicas is not the number of instances.")
        return recipe, base

    def _keep(self, scope: Scope, job: TrainingJob, base: FoundationModel, weights: bytes) -> str:
        """Write the checkpoint into SageMaker's own bucket, with its own hands; return the address."""
        storage = Storage(self._standin.platform.endpoint, scope.region, self._standin.platform.own_credentials())
        number = hashlib.sha256(f"{scope.account}{scope.region}".encode()).hexdigest()[:8]
        bucket = f"{imports.escrow(scope.account)}smtj-{number}"
        storage.make_bucket(bucket)
        folder = f"s3://{bucket}/{job.name}/checkpoint"
        about = {"base": base.training_id, "technique": "lora"}
        storage.write(f"{folder}/{imports.ABOUT}", json.dumps(about).encode())
        storage.write(f"{folder}/{imports.WEIGHTS}", weights)
        return folder

    def _move(
        self, scope: Scope, job: TrainingJob, secondary: str, status: str | None = None, failure: str | None = None
    ) -> None:
        now = time.time()
        with self._standin.store.lock:
            if job.transitions:
                job.transitions[-1]["EndTime"] = now
            job.transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": secondary})
            job.secondary, job.modified = secondary, now
            if status:
                job.status, job.failure = status, failure
            if status in ("Completed", "Failed", "Stopped"):
                job.ended = now
        self._announcer.announce(scope, job)

    def _wait(self, job: TrainingJob, phase: Phase) -> None:
        until = time.time() + timelapse.seconds(timelapse.PHASE_MINUTES)
        while time.time() < until or self._standin.desk.stalled(job.name, phase):
            self._check(job)
            time.sleep(WATCH)
        self._check(job)
        if fault := self._standin.desk.failure(job.name, phase):
            raise DataError(fault.message)

    def _check(self, job: TrainingJob) -> None:
        if job.status == "Stopping":
            raise _StoppedError("Stopped")
        longest = timelapse.seconds(job.request["StoppingCondition"].get("MaxRuntimeInSeconds", 86400) / 60)
        if job.started and time.time() - job.started > longest:
            raise _StoppedError("MaxRuntimeExceeded")


def _technique(job: TrainingJob) -> str | None:
    """Return the technique of the job's image; None for an image that is none of AWS's for Nova."""
    image = str(job.request["AlgorithmSpecification"].get("TrainingImage", ""))
    return next((each for each in (SUPERVISED, PREFERENCES) if REPOSITORY + each in image), None)


def _learner(job: TrainingJob, recipe: dict[str, Any], work: Work) -> FineTuning | PreferenceOptimization:
    """Return the learner of the image's technique. Raises DataError where the recipe is not one of it."""
    training = recipe["training_config"]
    preferences = (training.get("model") or {}).get("dpo_cfg")
    if _technique(job) == SUPERVISED:
        if preferences is not None:
            raise DataError("dpo_cfg is no setting of supervised tuning")
        return FineTuning(work, limited=False)
    if preferences is None:
        raise DataError("the recipe has no dpo_cfg")
    beta, batch, length = preferences.get("beta"), training.get("global_batch_size"), training.get("max_length", 0)
    if not isinstance(beta, float) or not 0.001 <= beta <= 0.5:
        raise DataError("beta must be between 0.001 and 0.5")
    if batch not in BATCHES:
        raise DataError(f"global_batch_size must be one of {', '.join(map(str, BATCHES))}")
    if not 1024 <= length <= 4096 or length % 1024:
        raise DataError("max_length must be a multiple of 1024 from 1024 to 4096")
    return PreferenceOptimization(work, beta, batch)


def channel(job: TrainingJob, name: str) -> str:
    """Return the address of an input channel. Raises DataError where there is none."""
    for each in job.request.get("InputDataConfig") or []:
        if each["ChannelName"] == name:
            return str(each["DataSource"]["S3DataSource"]["S3Uri"])
    raise DataError(f"AlgorithmError: there is no channel {name}.")


def _as_bedrock(job: TrainingJob, base: FoundationModel, recipe: dict[str, Any]) -> Job:
    """Return the work as a customization job's, whose learners do it."""
    training = recipe["training_config"]
    optimizer = training.get("optim_config") or training["model"]["optim"]
    epochs = training["trainer"]["max_epochs"] if "trainer" in training else 1
    request: dict[str, Any] = {
        "baseModelIdentifier": base.training_id,
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": {"s3Uri": channel(job, "train")},
        "hyperParameters": {"epochCount": str(epochs), "learningRate": str(optimizer["lr"])},
    }
    if any(each["ChannelName"] == "validation" for each in job.request["InputDataConfig"]):
        request["validationDataConfig"] = {"validators": [{"s3Uri": channel(job, "validation")}]}
    return Job(job.arn, job.name, job.name, base.training_id, job.created, job.created, request)


def _archive(checkpoint: str) -> bytes:
    """Return output.tar.gz in the form that AWS's own tools read."""
    manifest = json.dumps({"checkpoint_s3_bucket": checkpoint}).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
    return file.getvalue()
