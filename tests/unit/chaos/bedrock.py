"""A control plane by the simulated clock: jobs go through phases, names and tokens make creates safe to repeat."""

import io
import json
import tarfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Literal

from tailor import catalog
from tailor.catalog import DeploymentKind
from tailor.errors import ConflictError, NotFoundError, NotOursError, QuotaError
from tailor.recipe_serving import Commitment
from tests.unit.steps.fakes import ARN, RESOURCES

Fate = Literal["completes", "fails", "internal-error", "hangs"]
Clock = Callable[[], datetime]

MESSAGES: Mapping[Fate, str] = {
    "fails": "Unable to parse Amazon S3 file",
    "internal-error": "Encountered an internal error when processing the request.",
}
VALIDATED, TRAINING, ENDED = timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=6)
STOPPING, DEPLOYING, NEVER = timedelta(seconds=30), timedelta(minutes=2), timedelta(days=3650)


def deployment_arn(identifier: str, kind: DeploymentKind = "on-demand") -> str:
    return identifier if identifier.startswith("arn:") else f"{ARN}:{RESOURCES[kind]}/{identifier}"


def as_mapping(pairs: Sequence[Mapping[str, str]]) -> dict[str, str]:
    return {pair["key"]: pair["value"] for pair in pairs}


@dataclass(slots=True)
class Job:
    arn: str
    name: str
    created: datetime
    fate: Fate
    length: timedelta = ENDED
    stop_asked: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def ends(self) -> datetime:
        """An internal error strikes before training begins, so that nothing has been billed. A job that hangs does so
        in its first phase."""
        natural = self.created + {"internal-error": VALIDATED, "hangs": NEVER}.get(self.fate, self.length)
        return min(natural, self.stop_asked + STOPPING) if self.stop_asked else natural

    @property
    def was_stopped(self) -> bool:
        return self.stop_asked is not None and self.ends == self.stop_asked + STOPPING

    def status(self, now: datetime) -> str:
        if now < self.ends:
            return "Stopping" if self.stop_asked else "InProgress"
        if self.was_stopped:
            return "Stopped"
        return "Completed" if self.fate == "completes" else "Failed"

    def document(self, now: datetime) -> dict[str, Any]:
        status = self.status(now)
        begun = now >= self.created + TRAINING and self.fate not in ("internal-error", "hangs")
        details = {
            "validationDetails": {"status": "Completed" if begun else "InProgress", "lastModifiedTime": self.created}
        }
        if begun:
            training = "Completed" if status == "Completed" else "InProgress"
            details["trainingDetails"] = {"status": training, "lastModifiedTime": self.created + TRAINING}
        found: dict[str, Any] = {
            "jobArn": self.arn,
            "jobName": self.name,
            "status": status,
            "statusDetails": details,
            "creationTime": self.created,
        }
        if status == "Completed":
            found["outputModelArn"] = f"{ARN}:custom-model/amazon.nova-micro-v1:0/{self.name}"
        if status == "Failed":
            found["failureMessage"] = MESSAGES[self.fate]
        return found


class ClockedBedrock:
    """Control and Offers at once, as :class:`tailor.aws.bedrock.Bedrock` is. ``fates`` are those of the jobs in order
    of creation (the last one is everybody's after it); ``deployment_failures``: messages of the first deployments;
    ``models_take``: how long a model takes to become active; ``model_units``: the account's quota; ``on_change`` hears
    of each job's changes ahead of time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        fates: Sequence[Fate] = ("completes",),
        deployment_failures: Sequence[str] = (),
        quota: int = 10,
        length: timedelta = ENDED,
        models_take: timedelta = timedelta(),
        model_units: int = 10,
        on_change: Callable[[Job, Sequence[datetime]], None] = lambda job, moments: None,
    ) -> None:
        self._now, self._fates, self._deployment_failures, self._quota = clock, fates, deployment_failures, quota
        self._models_take, self._model_units = models_take, model_units
        self._length, self._on_change = length, on_change
        self.jobs: dict[str, Job] = {}
        self.deployments: dict[str, dict[str, Any]] = {}
        self.imported: dict[str, dict[str, str]] = {}
        self.adopted: dict[str, datetime] = {}  # imports of what no job made: when each began
        self.created = 0
        self.deployed: Counter[str] = Counter()
        self.most_at_once = 0

    def tags(self, arn: str) -> dict[str, str]:
        """Return the tags of a job or a deployment."""
        if arn in self.deployments:
            return dict(self.deployments[arn]["tags"])
        if ":custom-model/imported/" in arn:
            return self.imported[arn.rsplit("/", 1)[-1]]
        return dict(self._job(arn).tags)

    # ------------------------------------------------------------ jobs

    def running(self) -> list[Job]:
        return [job for job in self.jobs.values() if self._now() < job.ends]

    def create_job(self, request: Mapping[str, Any]) -> str:
        assert request["clientRequestToken"] == request["jobName"]
        arn = f"{ARN}:model-customization-job/amazon.nova-micro-v1:0/{request['jobName']}"
        return self.start(arn, as_mapping(request["jobTags"]))

    def start(self, arn: str, tags: Mapping[str, str]) -> str:
        """Start a job, of Bedrock or of SageMaker, unless there is one of its name."""
        name = arn.rsplit("/", 1)[-1]
        if name in self.jobs:
            return self.jobs[name].arn
        if len(self.running()) >= self._quota:
            raise QuotaError(f"{self._quota} customization jobs run already")
        fate = self._fates[min(self.created, len(self._fates) - 1)]
        self.created += 1
        job = self.jobs[name] = Job(arn, name, self._now(), fate, self._length, tags=tags)
        self.most_at_once = max(self.most_at_once, len(self.running()))
        later = {"internal-error": [job.ends], "hangs": []}.get(fate, [job.created + TRAINING, job.ends])
        self._on_change(job, [job.created, *later])
        return arn

    def get_job(self, identifier: str) -> dict[str, Any]:
        return self._job(identifier).document(self._now())

    def stop_job(self, identifier: str) -> None:
        job = self._job(identifier)
        if self._now() < job.ends and job.stop_asked is None:
            job.stop_asked = self._now()
            self._on_change(job, [job.ends])

    def _job(self, identifier: str) -> Job:
        name = identifier.rsplit("/", 1)[-1]
        if name not in self.jobs:
            raise NotFoundError(f"there is no job {name}")
        return self.jobs[name]

    # ------------------------------------------------------------ what other stacks and people do

    def another_trains(self, name: str, tags: Mapping[str, str]) -> None:
        """Give another stack a job of this name that does not end."""
        arn = f"{ARN}:model-customization-job/amazon.nova-micro-v1:0/{name}"
        self.jobs[name] = Job(arn, name, self._now(), "hangs", tags=tags)

    def another_serves(self, name: str, tags: Mapping[str, str]) -> None:
        """Give another stack an active deployment of this name."""
        document = {"modelArn": "arn:another", "created": self._now() - DEPLOYING, "failure": None, "tags": tags}
        document["name"] = name
        self.deployments[deployment_arn(name)] = document

    def lose(self, arn: str) -> None:
        """Delete a deployment as a person does in the console."""
        self.deployments.pop(arn, None)

    # ------------------------------------------------------------ models and deployments

    def get_model(self, identifier: str) -> dict[str, Any]:
        name = identifier.rsplit("/", 1)[-1]
        if name in self.adopted:
            status = "Active" if self._now() >= self.adopted[name] + self._models_take else "Creating"
            about = {"modelArn": f"{ARN}:custom-model/imported/{name}", "creationTime": self.adopted[name]}
            return about | {"modelName": name, "modelStatus": status}
        active = self._now() >= self._job(identifier).ends + self._models_take
        return {"modelStatus": "Active" if active else "Creating"}

    def create_model(self, request: Mapping[str, Any]) -> str:
        """Import what a training job made, for which the model is named, or what was made elsewhere."""
        name = request["modelName"]
        assert request["clientRequestToken"] == name
        if name in self.jobs:
            assert self._job(name).status(self._now()) == "Completed"
        else:
            self.adopted.setdefault(name, self._now())
        self.imported[name] = as_mapping(request["modelTags"])
        return f"{ARN}:custom-model/imported/{name}"

    def list_models(self) -> list[dict[str, Any]]:
        return []

    def delete_model(self, identifier: str) -> None:
        name = identifier.rsplit("/", 1)[-1]
        assert name in self.adopted, "no step deletes another model"
        del self.adopted[name], self.imported[name]

    def create_deployment(
        self,
        name: str,
        model_arn: str,
        *,
        tags: Mapping[str, str],
        kind: DeploymentKind = "on-demand",
        units: int = 1,
        commitment: Commitment | None = None,
    ) -> str:
        arn = self._arn(name, kind)
        known = self.deployments.get(arn)
        if known is None:
            assert self.get_model(model_arn)["modelStatus"] == "Active", "it can't be deployed before it is active"
            if kind == "provisioned" and len(self.list_deployments(kind)) >= self._model_units:
                raise QuotaError("the account has no model units left")
            made = len(self.deployed)
            failure = self._deployment_failures[made] if made < len(self._deployment_failures) else None
            self.deployments[arn] = {
                "name": name,
                "modelArn": model_arn,
                "created": self._now(),
                "failure": failure,
                "tags": dict(tags),
            }
            self.deployed[name] += 1
        elif known["modelArn"] != model_arn:
            raise NotOursError(f"the deployment {name} serves another model")
        return arn

    def _arn(self, identifier: str, kind: DeploymentKind) -> str:
        """Return the ARN of a name, which model units may have been given since."""
        named = (arn for arn, found in self.deployments.items() if found["name"] == identifier)
        return next((arn for arn in named if f":{RESOURCES[kind]}/" in arn), deployment_arn(identifier, kind))

    def repoint_units(self, arn: str, model_arn: str, name: str) -> None:
        found = self.deployments.get(arn)
        if found is None:
            raise NotFoundError(f"there are no model units {arn}")
        if (found.get("desired", found["modelArn"]), found["name"]) == (model_arn, name):
            return
        if self._now() < found.get("updated", found["created"]) + DEPLOYING:
            raise ConflictError(f"{arn} is being updated")
        found |= {"desired": model_arn, "name": name, "updated": self._now()}

    def get_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> dict[str, Any]:
        identifier = self._arn(identifier, kind)
        if identifier not in self.deployments:
            raise NotFoundError(f"there is no deployment {identifier}")
        known = self.deployments[identifier]
        if "updated" in known and self._now() >= known["updated"] + DEPLOYING:
            known["modelArn"] = known["desired"]
        found = {"arn": identifier, "modelArn": known["modelArn"]}
        if self._now() < known["created"] + DEPLOYING:
            return found | {"status": "Creating"}
        if failure := known["failure"]:
            return found | {"status": "Failed", "failureMessage": failure}
        return found | {"status": "Active"}

    def list_deployments(self, kind: DeploymentKind = "on-demand") -> list[dict[str, Any]]:
        listed = {arn: found for arn, found in self.deployments.items() if f":{RESOURCES[kind]}/" in arn}
        return [{**found, **self.get_deployment(arn)} for arn, found in listed.items()]

    def delete_deployment(self, identifier: str, kind: DeploymentKind = "on-demand") -> None:
        arn = self._arn(identifier, kind)
        if arn in self.deployments and self.get_deployment(arn)["status"] == "Creating":
            raise ConflictError("a deployment can't be deleted while it is being created")
        self.deployments.pop(arn, None)

    # ------------------------------------------------------------ what the Region offers

    def foundation_models(self, customization: str | None = None) -> list[dict[str, Any]]:
        return [{"modelId": model.training_id} for model in catalog.models()]

    def foundation_model(self, identifier: str) -> dict[str, Any] | None:
        return {"modelId": identifier, "modelLifecycle": {"status": "ACTIVE"}}

    def open_jobs(self) -> list[dict[str, Any]]:
        return [{"jobName": job.name} for job in self.running()]

    def find_job(self, name: str) -> dict[str, Any] | None:
        return {"jobName": name, "jobArn": self.jobs[name].arn} if name in self.jobs else None

    def find_model(self, name: str) -> dict[str, Any] | None:
        return None

    def guardrail(self, identifier: str, version: str) -> dict[str, Any] | None:
        return {"status": "READY"}


TRAINING_JOB = "arn:aws:sagemaker:us-east-1:123456789012:training-job"


class ClockedTrainingJobs:
    """SageMaker's training jobs, in :class:`ClockedBedrock`'s list: what is true of one is true of the other."""

    def __init__(self, bedrock: ClockedBedrock, clock: Clock, write: Callable[[str, bytes], None]) -> None:
        self._bedrock, self._now, self._write = bedrock, clock, write
        self._outputs: dict[str, str] = {}

    def create(self, request: Mapping[str, Any]) -> str:
        name = request["TrainingJobName"]
        self._outputs[name] = request["OutputDataConfig"]["S3OutputPath"].split("/", 3)[3]
        tags = {tag["Key"]: tag["Value"] for tag in request["Tags"]}
        return self._bedrock.start(f"{TRAINING_JOB}/{name}", tags)

    def describe(self, name: str) -> dict[str, Any]:
        job = self._bedrock.get_job(name)
        if job["status"] == "Completed":
            self._write(f"{self._outputs[name]}{name}/output/output.tar.gz", output(name))
        begun = job["statusDetails"].get("trainingDetails")
        passed = [{"Status": "Starting", "StartTime": job["creationTime"]}]
        passed += [{"Status": "Training", "StartTime": begun["lastModifiedTime"]}] if begun else []
        passed += [] if job["status"] == "InProgress" else [{"Status": job["status"], "StartTime": self._now()}]
        return {
            "TrainingJobArn": job["jobArn"],
            "TrainingJobName": name,
            "TrainingJobStatus": job["status"],
            "SecondaryStatus": passed[-1]["Status"],
            "SecondaryStatusTransitions": passed,
            "CreationTime": job["creationTime"],
            "FailureReason": job.get("failureMessage", ""),
        }

    def stop(self, name: str) -> None:
        self._bedrock.stop_job(name)

    def tags(self, arn: str) -> dict[str, str]:
        return self._bedrock.tags(arn)


@cache
def output(name: str) -> bytes:
    """A training job's output.tar.gz."""
    manifest = json.dumps({"checkpoint_s3_bucket": f"s3://customer-escrow-123456789012-smtj-a/{name}"}).encode()
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        entry = tarfile.TarInfo("manifest.json")
        entry.size = len(manifest)
        archive.addfile(entry, io.BytesIO(manifest))
    return file.getvalue()
