"""Read DescribeTrainingJob's answer as GetModelCustomizationJob's, and the checkpoint that a job left.

Steps, notices and reports know one description of a job. SageMaker's secondary statuses become its phases: the request
was checked when it was taken; while instances are waited for, the job waits; downloading is data processing.
"""

import io
import json
import tarfile
from collections.abc import Mapping
from typing import Any

from tailor.errors import InvalidInputError

_PROCESSING = frozenset({"Downloading"})
_TRAINING = frozenset({"Training", "Uploading"})
_MOST = 64 * 1024 * 1024
"""Bytes of an output that are read: it holds a manifest and logs, no weights."""
_TIMED_OUT = frozenset({"MaxRuntimeExceeded", "MaxWaitTimeExceeded"})


def as_job(described: Mapping[str, Any]) -> dict[str, Any]:
    """Return DescribeTrainingJob's answer in the shape of GetModelCustomizationJob's, without a model."""
    status = str(described["TrainingJobStatus"]).replace("Deleting", "Stopping")
    found: dict[str, Any] = {
        "jobArn": described["TrainingJobArn"],
        "jobName": described["TrainingJobName"],
        "status": status,
        "statusDetails": _phases(described, status),
        "creationTime": described["CreationTime"],
    }
    if "LastModifiedTime" in described:
        found["lastModifiedTime"] = described["LastModifiedTime"]
    if reason := described.get("FailureReason"):
        found["failureMessage"] = reason
    elif described.get("SecondaryStatus") in _TIMED_OUT:
        hours = described["StoppingCondition"].get("MaxRuntimeInSeconds", 0) / 3600
        found["failureMessage"] = f"SageMaker stopped the job after the {hours:g} hours that it may take (max_hours)"
    losses = {each["MetricName"]: each["Value"] for each in described.get("FinalMetricDataList") or []}
    if "training_loss" in losses:
        found["trainingMetrics"] = {"trainingLoss": losses["training_loss"]}
    if "validation_loss" in losses:
        found["validationMetrics"] = [{"validationLoss": losses["validation_loss"]}]
    return found


def _phases(described: Mapping[str, Any], status: str) -> dict[str, Any]:
    created = described["CreationTime"]
    details: dict[str, Any] = {"validationDetails": _phase("Completed", created, created)}
    passed = described.get("SecondaryStatusTransitions") or []
    for key, statuses in (("dataProcessingDetails", _PROCESSING), ("trainingDetails", _TRAINING)):
        seen = [each for each in passed if each["Status"] in statuses]
        if not seen:
            continue
        last = passed[-1]["Status"]
        running = last in statuses and status in {"InProgress", "Stopping"}
        later = passed.index(seen[-1]) < len(passed) - 1 and key == "dataProcessingDetails"
        done = "Completed" if status == "Completed" or later else status
        changed = seen[-1].get("EndTime") or seen[-1]["StartTime"]
        details[key] = _phase("InProgress" if running else done, seen[0]["StartTime"], changed)
    return details


def _phase(status: str, created: Any, modified: Any) -> dict[str, Any]:
    return {"status": status, "creationTime": created, "lastModifiedTime": modified}


def checkpoint_in(output: bytes) -> str:
    """Return the address of the checkpoint that a job's output.tar.gz names, in SageMaker's own bucket.

    Raises:
        InvalidInputError: there is no manifest, or it names none.
    """
    if len(output) > _MOST:
        raise InvalidInputError(f"the training job's output is larger than {_MOST // 1024**2} MB: it is no manifest")
    try:
        with tarfile.open(fileobj=io.BytesIO(output), mode="r:gz") as archive:
            names = [name for name in archive.getnames() if name.rpartition("/")[2] == "manifest.json"]
            file = archive.extractfile(names[0]) if names else None
            manifest = json.loads(file.read()) if file else {}
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise InvalidInputError(f"the training job's output can't be read: {error}") from error
    found = manifest.get("checkpoint_s3_bucket") if isinstance(manifest, dict) else None
    if not isinstance(found, str) or not found.startswith("s3://"):
        raise InvalidInputError("the training job completed, but its manifest.json names no checkpoint")
    return found
