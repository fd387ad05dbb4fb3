"""Train by Bedrock's or SageMaker's jobs, or adopt a model that was made elsewhere, behind one protocol.

Steps know a trainer's jobs in one shape, that of GetModelCustomizationJob, whoever runs them.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from tailor import catalog
from tailor.errors import ConflictError, InvalidInputError, NotFoundError
from tailor.run_records import JobStatus
from tailor.runs import Run
from tailor.steps.control import Control
from tailor.steps.ownership import OwnControl, Owner, expect_outside, expect_own
from tailor.storage import Storage
from tailor.training.importing import PACKAGE, import_request
from tailor.training.methods import build_job
from tailor.training.request import Job, job_name
from tailor.training.sagemaker import RECIPE_FILE, as_job, build_request, checkpoint_in, output_of, recipe_file
from tailor.training.trainers import TrainerName, choose, trainer_of_job


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submitted job: its ARN, and the parts of its request that people look up later."""

    arn: str
    request: dict[str, Any]


class Trainer(Protocol):
    """Submits, follows and stops a run's job, and returns its model. Creating a job twice finds the first one.

    Methods raise the errors of :mod:`tailor.errors`.
    """

    @property
    def name(self) -> TrainerName: ...

    def submit(self, job: Job) -> Submitted:
        """Submit the job. QuotaError and RetryableError mean "later". Raises NotOursError."""

    def get_job(self, identifier: str) -> dict[str, Any]:
        """Return the job in the form of GetModelCustomizationJob, by ARN or name."""

    def stop_job(self, identifier: str) -> None:
        """Stop a job; do nothing if it has ended or is stopping. Raises NotOursError."""

    def model_of(self, run: Run, job: Mapping[str, Any]) -> str:
        """Return the ARN of a completed job's custom model, which may not be ready yet. Idempotent."""


@dataclass(frozen=True, slots=True)
class BedrockTrainer:
    """Customization jobs, which create the custom model themselves."""

    control: Control
    name: TrainerName = "bedrock"

    def submit(self, job: Job) -> Submitted:
        request = build_job(job)
        kept = ("baseModelIdentifier", "customizationType", "hyperParameters", "customizationConfig")
        return Submitted(self.control.create_job(request), {name: request[name] for name in kept if name in request})

    def get_job(self, identifier: str) -> dict[str, Any]:
        return self.control.get_job(identifier)

    def stop_job(self, identifier: str) -> None:
        self.control.stop_job(identifier)

    def model_of(self, run: Run, job: Mapping[str, Any]) -> str:
        return str(job["outputModelArn"])


class TrainingJobs(Protocol):
    """SageMaker's training jobs of an account; implemented by :class:`tailor.aws.sagemaker.SageMaker`."""

    def create(self, request: Mapping[str, Any]) -> str:
        """Call CreateTrainingJob and return the ARN, or that of the existing job with this name."""

    def describe(self, name: str) -> dict[str, Any]:
        """Call DescribeTrainingJob. Raises NotFoundError."""

    def stop(self, name: str) -> None:
        """Call StopTrainingJob; do nothing if the job has ended or is stopping."""

    def tags(self, arn: str) -> dict[str, str]:
        """Call ListTags."""


@dataclass(frozen=True, slots=True)
class SageMakerTrainer:
    """Training jobs whose checkpoint is imported by CreateCustomModel.

    ``role_arn`` is the jobs' execution role, ``import_role_arn`` Bedrock's for the import; ``bucket`` is rooted at the
    stack's. ``tags`` go on the model; the run's and the project's are added. Who only follows or stops jobs leaves
    ``role_arn`` empty.
    """

    jobs: TrainingJobs
    control: Control
    bucket: Storage
    owner: Owner
    role_arn: str = ""
    import_role_arn: str = ""
    kms_key: str = ""
    name: TrainerName = "sagemaker"

    def submit(self, job: Job) -> Submitted:
        if not self.role_arn:
            raise InvalidInputError(OFF, hint=SWITCH)
        request = build_request(job, max_hours=job.recipe.budget.training_hours) | {"RoleArn": self.role_arn}
        recipe = recipe_file(job)
        self.bucket.write(job.run.files + RECIPE_FILE, recipe, "application/yaml")
        arn = self.jobs.create(request)
        expect_own(self.owner, self.jobs.tags(arn), f"the training job {request['TrainingJobName']}", arn)
        resources, hours = request["ResourceConfig"], request["StoppingCondition"]["MaxRuntimeInSeconds"] / 3600
        shown = {
            "trainer": "SageMaker training job",
            "image": request["AlgorithmSpecification"]["TrainingImage"],
            "instances": f"{resources['InstanceCount']} {resources['InstanceType']}",
            "max_hours": f"{hours:g}",
            "hyperParameters": {name: str(value) for name, value in job.advised.items()},
        }
        return Submitted(arn, shown)

    def get_job(self, identifier: str) -> dict[str, Any]:
        return as_job(self.jobs.describe(_name(identifier)))

    def stop_job(self, identifier: str) -> None:
        job = self.get_job(identifier)
        arn = str(job["jobArn"])
        expect_own(self.owner, self.jobs.tags(arn), f"the training job {identifier}", arn)
        if job["status"] == JobStatus.IN_PROGRESS:
            self.jobs.stop(str(job["jobName"]))

    def model_of(self, run: Run, job: Mapping[str, Any]) -> str:
        """Import the checkpoint that the job's manifest names. Raises InvalidInputError if it names none."""
        name = str(job["jobName"])
        try:
            output = self.bucket.read(output_of(name, run.files))
        except NotFoundError as error:
            raise InvalidInputError(f"the training job {name} completed, but left no output.tar.gz") from error
        tags = self.owner.tags | {"run": run.id, "project": run.project}
        source = checkpoint_in(output)
        return self.control.create_model(
            import_request(source, name, role_arn=self.import_role_arn, tags=tags, kms_key=self.kms_key)
        )


@dataclass(frozen=True, slots=True)
class AdoptedTrainer:
    """Trains nothing: the run's model was made elsewhere, and is imported where need be.

    Its "job" is the custom model itself, which is in progress while Bedrock imports it. Whoever only follows or stops
    imports leaves all but ``control`` out; ``package_tags`` reads the tags of a model package.
    """

    control: Control
    import_role_arn: str = ""
    kms_key: str = ""
    package_tags: Callable[[str], Mapping[str, str]] = lambda arn: {}
    name: TrainerName = "adopted"

    def submit(self, job: Job) -> Submitted:
        adopted = job.run.adopted
        if adopted is None or not isinstance(self.control, OwnControl):  # which knows whose a model is
            raise InvalidInputError(f"run {job.run.id} adopts no model")
        shown = {"trainer": "none: the model was made elsewhere", "source": adopted.source, "base": adopted.base}
        if not adopted.imported:
            self.control.expect_outside(adopted.source, job.run.project)
            return Submitted(adopted.source, shown)
        if PACKAGE.fullmatch(adopted.source):
            tags = self.package_tags(adopted.source)
            expect_outside(self.control.owner, tags, f"the model package {adopted.source}", job.run.project)
        name, role = job_name(job.run), self.import_role_arn
        request = import_request(adopted.source, name, role_arn=role, tags=job.tags, kms_key=self.kms_key)
        return Submitted(self.control.create_model(request), shown)

    def get_job(self, identifier: str) -> dict[str, Any]:
        try:
            model = self.control.get_model(identifier)
        except NotFoundError:
            gone = "its model is gone from Bedrock"
            return {"jobArn": identifier, "jobName": "", "status": JobStatus.STOPPED, "failureMessage": gone}
        job = {
            "jobArn": identifier,
            "jobName": model["modelName"],
            "status": _AS_JOB[model.get("modelStatus", "Active")],
            "creationTime": model["creationTime"],
            "importing": True,
        }
        if job["status"] == JobStatus.COMPLETED:
            job |= {"outputModelArn": identifier, "baseModelArn": model.get("baseModelArn")}
        return job | {"failureMessage": model.get("failureMessage", "")}

    def stop_job(self, identifier: str) -> None:
        """End an import, by deleting what it made for this stack. A model that others made is never touched.

        Bedrock may refuse while it makes the model; it is asked again.
        """
        with suppress(ConflictError):
            self.control.delete_model(identifier)

    def model_of(self, run: Run, job: Mapping[str, Any]) -> str:
        """Return the custom model's ARN. Raises InvalidInputError if its base is not what the run compares it with."""
        base = catalog.model_of_arn(job.get("baseModelArn") or "")
        if base is not None and base.name != run.recipe.model:
            raise InvalidInputError(f"the model's base is {base.name}, and not {run.recipe.model}")
        return str(job["jobArn"])


_AS_JOB = {"Creating": JobStatus.IN_PROGRESS, "Active": JobStatus.COMPLETED, "Failed": JobStatus.FAILED}
OFF = "this stack may submit no training jobs to SageMaker"
SWITCH = "deploy it with SageMakerTraining=enabled, or leave trainer out of the recipe"


@dataclass(frozen=True, slots=True)
class Trainers:
    """A stack's trainers. ``sagemaker`` is None if the stack has none."""

    bedrock: Trainer
    sagemaker: Trainer | None = None
    region: str = ""
    adopted: Trainer | None = None

    def of(self, run: Run) -> Trainer:
        """Return the trainer of a run's job, or the one that its job would have. Raises InvalidInputError."""
        known = run.job.trainer if run.job else None
        if run.adopted is not None:
            known = "adopted"
        if known is None and run.job is not None and run.job.arn is not None:
            known = trainer_of_job(run.job.arn)
        if known is None:
            model = catalog.model(run.recipe.model)
            known = choose(run.recipe, model, region=self.region, enabled=self.sagemaker is not None).name
        return self._named(known)

    def of_job(self, arn: str) -> Trainer:
        """Return the trainer that runs a job. Raises InvalidInputError if the stack has no such trainer."""
        return self._named(trainer_of_job(arn))

    def _named(self, name: str) -> Trainer:
        if name == "adopted" and self.adopted is not None:
            return self.adopted
        if name != "sagemaker":
            return self.bedrock
        if self.sagemaker is None:
            raise InvalidInputError(OFF, hint=SWITCH)
        return self.sagemaker


def stop_unnoted(run: Run, trainers: Trainers) -> None:
    """Stop a job with the name of this run's, in case a call was interrupted between creating and recording it.

    Raises NotFoundError if there is none, NotOursError if it is another stack's.
    """
    trainers.of(run).stop_job(job_name(run))


def _name(identifier: str) -> str:
    return identifier.rpartition("/")[2]
