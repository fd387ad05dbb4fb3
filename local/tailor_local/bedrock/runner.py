"""Run an accepted customization job: three phases, in a thread of its own, with the job's role."""

import logging
import threading
import time

from tailor_local import timelapse
from tailor_local.bedrock import artefacts, foundation
from tailor_local.bedrock.announce import Announcer
from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.data import DataError
from tailor_local.bedrock.faults import Phase
from tailor_local.bedrock.methods import Work, method
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import Job, Model
from tailor_local.bedrock.storage import Storage, StorageError, split

log = logging.getLogger("tailor.bedrock")
WATCH = 0.05  # seconds between looks at whether a job was stopped
INTERNAL = "Encountered an unexpected error when processing the request, please try again"


class _StoppedError(Exception):
    """Someone stopped the job."""


class _FaultError(Exception):
    """A fault ends the job with this message."""


class Runner:
    def __init__(self, standin: Standin, announcer: Announcer) -> None:
        self._standin = standin
        self._announcer = announcer

    def start(self, scope: Scope, job: Job) -> None:
        threading.Thread(target=self._run, args=(scope, job), name=f"job-{job.id}", daemon=True).start()

    def _run(self, scope: Scope, job: Job) -> None:
        self._announcer.announce(scope, job)
        try:
            self._work(scope, job)
        except _StoppedError:
            self._announcer.announce(scope, job)  # Stopping
            self._end(scope, job, "Stopped")
        except (DataError, _FaultError) as error:
            self._end(scope, job, "Failed", str(error))
        except Exception:
            log.exception("job %s broke down", job.id)
            self._end(scope, job, "Failed", INTERNAL)

    def _work(self, scope: Scope, job: Job) -> None:
        base = foundation.of_model(job.base)
        with _PhaseWork(self, job, "validation"):
            storage = self._take_role(scope, job)
            self._check_write(storage, job)
            work = Work(job, base, storage, self._standin, scope, lambda: self._check_stop(job))
            learner = method(work)
            learner.read()
        with _PhaseWork(self, job, "dataProcessing"):
            learner.prepare()
        with _PhaseWork(self, job, "training"):
            curve = learner.train()
            artefacts.write_training(storage, job, curve.training)
            if curve.validation:
                artefacts.write_validation(storage, job, curve.validation)
            model = self._keep(scope, job, learner.model.save())
        with self._standin.store.lock:
            job.training_loss = curve.training[-1].loss
            job.validation_losses = [curve.validation[-1].loss] if curve.validation else []
            job.model_arn = model.arn
            self._standin.state.models[model.arn] = model
            tags = {tag["key"]: tag["value"] for tag in job.request.get("customModelTags") or []}
            if tags:
                self._standin.state.tags[model.arn] = tags
        self._end(scope, job, "Completed")

    def _take_role(self, scope: Scope, job: Job) -> Storage:
        credentials = self._standin.platform.take_role(job.request["roleArn"], scope, job.arn)
        if credentials is None:
            raise DataError(
                "Could not assume provided IAM role. Please verify that the role exists and has the appropriate trust "
                f"policy: {job.request['roleArn']}"
            )
        return Storage(self._standin.platform.endpoint, scope.region, credentials)

    def _check_write(self, storage: Storage, job: Job) -> None:
        uri = job.request["outputDataConfig"]["s3Uri"].rstrip("/") + "/" + artefacts.WRITE_CHECK
        try:
            storage.write(uri, b"")
        except StorageError as error:
            bucket, key = split(uri)
            raise DataError(
                "Amazon S3 perms missing (PutObject): Could not validate PutObject permissions to access S3 bucket: "
                f"{bucket} at key {key}"
            ) from error

    def _keep(self, scope: Scope, job: Job, weights: bytes) -> Model:
        with self._standin.store.lock:
            identifier = self._standin.state.new_id()
        faults, now = self._standin.desk.faults, time.time()
        name = f"model-{identifier}.npz"
        (self._standin.directory / name).write_bytes(weights)
        return Model(
            arn=scope.arn("custom-model", f"{job.base}/{identifier}"),
            name=job.model_name,
            base=job.base,
            created=now,
            job_arn=job.arn,
            weights=name,
            ready=now + timelapse.seconds(faults.model_minutes),
            failure=faults.model_failure,
        )

    def _end(self, scope: Scope, job: Job, status: str, failure: str | None = None) -> None:
        now = time.time()
        with self._standin.store.lock:
            job.status, job.failure = status, failure
            job.modified = job.ended = now
            for phase in job.phases.values():
                if phase["status"] == "InProgress" and status != "Completed":
                    phase.update(status=status, lastModifiedTime=now)
        self._announcer.announce(scope, job)

    def wait(self, job: Job, phase: Phase, until: float) -> None:
        """Until ``until``, and longer while a fault stalls the phase. Raises where the job is stopped or to fail."""
        while time.time() < until or self._standin.desk.stalled(job.name, phase):
            self._check_stop(job)
            time.sleep(WATCH)
        self._check_stop(job)
        fault = self._standin.desk.failure(job.name, phase)
        if fault:
            raise _FaultError(fault.message)

    def _check_stop(self, job: Job) -> None:
        if job.status == "Stopping":
            raise _StoppedError

    def set_phase(self, job: Job, phase: Phase, status: str) -> None:
        now = time.time()
        with self._standin.store.lock:
            details = job.phases[f"{phase}Details"]
            if details["status"] == "NotStarted":
                details["creationTime"] = now
            details.update(status=status, lastModifiedTime=now)
            job.modified = now


class _PhaseWork:
    """One phase: shown as InProgress while its work is done, and for as long as a phase takes here."""

    def __init__(self, runner: Runner, job: Job, phase: Phase) -> None:
        self._runner, self._job, self._phase = runner, job, phase
        self._until = 0.0

    def __enter__(self) -> None:
        self._runner._check_stop(self._job)
        self._runner.set_phase(self._job, self._phase, "InProgress")
        self._until = time.time() + timelapse.seconds(timelapse.PHASE_MINUTES)

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        if kind is None:
            self._runner.wait(self._job, self._phase, self._until)
            self._runner.set_phase(self._job, self._phase, "Completed")
