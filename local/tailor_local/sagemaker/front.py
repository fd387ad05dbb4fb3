"""Serve the API: JSON 1.1, one operation per request, named by its header ``X-Amz-Target``, with its refusals.

Requests are checked against botocore's model, each caller's permissions on the resources that AWS's service
authorization reference names. What a job does is in `runner`.
"""

import json
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

from tailor_local.bedrock import packages, validation, wire
from tailor_local.bedrock.announce import Announcer, training_job_detail
from tailor_local.bedrock.context import Standin
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.platform import Scope
from tailor_local.bedrock.state import TrainingJob
from tailor_local.sagemaker.runner import TrainingJobRunner

log = logging.getLogger("tailor.sagemaker")
TARGET = "SageMaker"
JSON = "application/x-amz-json-1.1"
PRINCIPAL = "sagemaker.amazonaws.com"
PAGE = 100
OPEN = ("InProgress", "Stopping")


def arn_of(scope: Scope, name: str) -> str:
    return f"arn:aws:sagemaker:{scope.region}:{scope.account}:training-job/{name}"


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


class SageMaker:
    """Training jobs by ARN, in the Bedrock stand-in's state: what they make, Bedrock imports."""

    def __init__(self, standin: Standin, announcer: Announcer) -> None:
        self._standin = standin
        self._runner = TrainingJobRunner(standin, announcer)
        self._operations: Mapping[str, Callable[[Scope, dict[str, Any]], dict[str, Any]]] = {
            "CreateTrainingJob": self._create,
            "DescribeTrainingJob": self._describe,
            "ListTrainingJobs": self._list,
            "StopTrainingJob": self._stop,
            "ListTags": self._tags,
            "CreateModelPackage": lambda scope, request: packages.create(standin.state, scope, request),
            "DescribeModelPackage": lambda scope, request: packages.describe(standin.state, scope, request),
        }

    def answer(self, headers: Mapping[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        self._standin.store.count(operation)
        try:
            return 200, {"Content-Type": JSON}, json.dumps(self._act(operation, headers, body)).encode()
        except ServiceError as error:
            log.info("%s refused: %s", operation, error.code)
            document = {"__type": error.code, "message": error.message}
            return 400, {"Content-Type": JSON}, json.dumps(document).encode()

    def resume(self) -> None:
        """Start the work of jobs that were running when their state was written."""
        for job in self._jobs().values():
            if job.status in OPEN:
                _, _, _, region, account, _ = job.arn.split(":", 5)
                job.transitions.clear()
                self._runner.start(Scope(account, region), job)

    def _act(self, operation: str, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
        act = self._operations.get(operation)
        if act is None:
            raise ServiceError("UnknownOperationException", f"{operation} is not part of this stand-in.")
        try:
            request = json.loads(body or b"{}")
        except ValueError as error:
            raise ServiceError("SerializationException", "The body is not JSON.") from error
        scope = self._standin.platform.scope()
        for action, resource, context in _needed(operation, request, scope):
            if denial := self._standin.platform.denial(headers, action, resource, context):
                raise ServiceError("AccessDeniedException", denial)
        if fault := self._standin.desk.refusal(operation):
            raise ServiceError(fault.code, fault.message)
        validation.check(wire.service_model("sagemaker").operation_model(operation).input_shape, request)
        with self._standin.store.lock:
            return act(scope, request)

    def _jobs(self) -> dict[str, TrainingJob]:
        return self._standin.state.training_jobs

    def _find(self, scope: Scope, name: str) -> TrainingJob:
        job = self._jobs().get(arn_of(scope, name))
        if job is None:
            raise invalid("Requested resource not found.")
        return job

    def _create(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        arn, now = arn_of(scope, request["TrainingJobName"]), time.time()
        for member in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
            if member not in request:
                raise invalid(f"{member} is required.")
        if arn in self._jobs():
            raise ServiceError(
                "ResourceInUse", f"Training job names must be unique within an AWS account and region. ({arn})"
            )
        self._check_quota(scope, request["ResourceConfig"])
        job = TrainingJob(arn=arn, name=request["TrainingJobName"], created=now, modified=now, request=request)
        self._jobs()[arn] = job
        if tags := {tag["Key"]: tag["Value"] for tag in request.get("Tags", [])}:
            self._standin.state.tags[arn] = tags
        self._runner.start(scope, job)
        return {"TrainingJobArn": arn}

    def _check_quota(self, scope: Scope, wanted: Mapping[str, Any]) -> None:
        """Apply one quota for all types of instances; AWS has one for each."""
        kind, count = wanted["InstanceType"], int(wanted["InstanceCount"])
        used = sum(
            int(job.request["ResourceConfig"]["InstanceCount"])
            for job in self._jobs().values()
            if job.status in OPEN and job.request["ResourceConfig"]["InstanceType"] == kind
        )
        most = self._standin.quota("training-instances")
        if used + count > most:
            raise ServiceError(
                "ResourceLimitExceeded",
                f"The account-level service limit '{kind} for training job usage' is {most} Instances, with current "
                f"utilization of {used} Instances and a request delta of {count} Instances. Please use AWS Service "
                "Quotas to request an increase for this quota.",
            )

    def _describe(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        return training_job_detail(self._find(scope, request["TrainingJobName"]))

    def _list(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        """Return the entries, newest first, in one page of at most MaxResults."""
        found = [
            {
                "TrainingJobName": job.name,
                "TrainingJobArn": job.arn,
                "CreationTime": job.created,
                "LastModifiedTime": job.modified,
                "TrainingJobStatus": job.status,
                "SecondaryStatus": job.secondary,
            }
            for job in self._jobs().values()
            if job.arn.startswith(arn_of(scope, ""))
            and request.get("StatusEquals", job.status) == job.status
            and request.get("NameContains", "") in job.name
        ]
        found.sort(key=lambda job: -float(str(job["CreationTime"])))
        return {"TrainingJobSummaries": found[: request.get("MaxResults", PAGE)]}

    def _stop(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        job = self._find(scope, request["TrainingJobName"])
        if job.status not in OPEN:
            raise invalid(f"The request was rejected because the training job is in status {job.status}.")
        job.status, job.modified = "Stopping", time.time()
        return {}

    def _tags(self, scope: Scope, request: dict[str, Any]) -> dict[str, Any]:
        arn = request["ResourceArn"]
        if arn not in self._jobs() and arn not in self._standin.state.packages:
            raise ServiceError("ResourceNotFound", f"{arn} is not found.")
        tags = self._standin.state.tags.get(arn, {})
        return {"Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}


def _needed(operation: str, request: Mapping[str, Any], scope: Scope) -> list[tuple[str, str, Mapping[str, str]]]:
    """Return the actions, resources and condition keys that a request needs."""
    if operation == "ListTrainingJobs":
        return [(f"sagemaker:{operation}", "*", {})]
    if operation.endswith("ModelPackage"):
        resource = packages.resource(scope, operation, request)
    else:
        resource = str(request.get("ResourceArn") or arn_of(scope, str(request.get("TrainingJobName", ""))))
    found: list[tuple[str, str, Mapping[str, str]]] = [(f"sagemaker:{operation}", resource, {})]
    if request.get("Tags"):
        found.append(("sagemaker:AddTags", resource, {}))
    if operation == "CreateTrainingJob":
        found.append(("iam:PassRole", str(request.get("RoleArn", "")), {"iam:PassedToService": PRINCIPAL}))
    return found
