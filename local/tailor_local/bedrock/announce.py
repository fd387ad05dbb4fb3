"""State-change events of customization jobs, in the documented shape, and the faults that hit them."""

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tailor_local import timelapse
from tailor_local.bedrock.faults import Desk
from tailor_local.bedrock.platform import Platform, Scope
from tailor_local.bedrock.state import Job, TrainingJob

HOLD_MINUTES = 5.0  # how long an event waits for one to overtake it
DETAIL_TYPE = "Model Customization Job State Change"
TRAINING_DETAIL_TYPE = "SageMaker Training Job State Change"


def detail(scope: Scope, job: Job) -> dict[str, Any]:
    """Return an event's detail as AWS documents it: no customization type, phases or metrics."""
    given = job.request
    validators = (given.get("validationDataConfig") or {}).get("validators") or []
    content = {
        "version": "0.0",
        "jobName": job.name,
        "jobArn": job.arn,
        "outputModelName": job.model_name,
        "outputModelArn": job.model_arn,
        "roleArn": given["roleArn"],
        "jobStatus": job.status,
        "failureMessage": job.failure,
        "creationTime": _iso(job.created),
        "lastModifiedTime": _iso(job.modified),
        "endTime": _iso(job.ended),
        "baseModelArn": scope.arn("foundation-model", job.base),
        "hyperParameters": given.get("hyperParameters") or {},
        "trainingDataConfig": given["trainingDataConfig"],
        "validationDataConfig": {"s3Uri": validators[0]["s3Uri"]} if validators else None,
        "outputDataConfig": given["outputDataConfig"],
    }
    return {name: value for name, value in content.items() if value is not None}


_SHOWN = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "OutputDataConfig",
    "ResourceConfig",
    "StoppingCondition",
)


def training_job_detail(job: TrainingJob) -> dict[str, Any]:
    """Return what DescribeTrainingJob says; times are seconds. An event has the same, with times in milliseconds."""
    given = job.request
    output = f"{given['OutputDataConfig']['S3OutputPath'].rstrip('/')}/{job.name}/output/model.tar.gz"
    content = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "ModelArtifacts": {"S3ModelArtifacts": output},
        "TrainingJobStatus": job.status,
        "SecondaryStatus": job.secondary,
        "FailureReason": job.failure,
        **{name: given[name] for name in _SHOWN if name in given},
        "CreationTime": job.created,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "LastModifiedTime": job.modified,
        "SecondaryStatusTransitions": [dict(each) for each in job.transitions],
        "FinalMetricDataList": _metrics(job),
        "TrainingTimeInSeconds": int(job.ended - job.started) or 1 if job.ended and job.started else None,
        "BillableTimeInSeconds": int(job.ended - job.started) or 1 if job.ended and job.started else None,
    }
    return {name: value for name, value in content.items() if value is not None}


def _metrics(job: TrainingJob) -> list[dict[str, Any]] | None:
    """Return the last values of the metrics that the request defines, as a container's log would have them."""
    defined = {each["Name"] for each in job.request["AlgorithmSpecification"].get("MetricDefinitions", [])}
    found = [
        {"MetricName": name, "Value": value, "Timestamp": job.modified}
        for name, value in job.losses.items()
        if name in defined
    ]
    return found or None


def _event(scope: Scope, job: "Job | TrainingJob") -> dict[str, Any]:
    if isinstance(job, Job):
        return detail(scope, job)
    found = training_job_detail(job)
    times = ("CreationTime", "TrainingStartTime", "TrainingEndTime", "LastModifiedTime")
    found |= {name: int(found[name] * 1000) for name in times if name in found}
    for each in found["SecondaryStatusTransitions"]:
        each |= {name: int(each[name] * 1000) for name in ("StartTime", "EndTime") if name in each}
    found.pop("FinalMetricDataList", None)
    return found


class Announcer:
    """Publishes what happens to jobs; at best once, as AWS does, and worse where a fault says so."""

    def __init__(self, platform: Platform, desk: Desk) -> None:
        self._platform = platform
        self._desk = desk
        self._lock = threading.Lock()
        self._held: tuple[Scope, Job | TrainingJob, dict[str, Any]] | None = None
        self.sent: list[dict[str, Any]] = []  # every event handed to the bus, for tests

    def announce(self, scope: Scope, job: Job | TrainingJob) -> None:
        faults = self._desk.faults.events
        if self._desk.event_lost():
            return
        event = (scope, job, _event(scope, job))
        with self._lock:
            if faults.reorder and self._held is None:
                self._held = event
                self._later(timelapse.seconds(HOLD_MINUTES), self._release)
                return
            held, self._held = self._held, None
        due = [event, held] if held else [event]
        for one in due * faults.copies:
            if faults.delay:
                self._later(faults.delay, self._publish, *one)
            else:
                self._publish(*one)

    def _later(self, wait: float, act: Callable[..., None], *arguments: Any) -> None:
        timer = threading.Timer(wait, act, arguments)
        timer.daemon = True
        timer.start()

    def _release(self) -> None:
        """Let go of an event that no other came after. While its job goes on, another will come."""
        wait = timelapse.seconds(HOLD_MINUTES)
        with self._lock:
            held = self._held
            if held and (held[1].ended is None or time.time() < held[1].ended + wait):
                self._later(wait, self._release)
                return
            self._held = None
        if held:
            self._publish(*held)

    def _publish(self, scope: Scope, job: Job | TrainingJob, content: dict[str, Any]) -> None:
        self.sent.append(content)
        if isinstance(job, Job):
            self._platform.publish(scope, DETAIL_TYPE, content, [job.arn])
        else:
            self._platform.publish(scope, TRAINING_DETAIL_TYPE, content, [job.arn], "aws.sagemaker")


def _iso(moment: float | None) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
