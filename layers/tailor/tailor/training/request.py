"""The parts of a CreateModelCustomizationJob request that all methods share.

Names and the token are derived from the run, so that a repeat finds the job that is there. A second attempt after an
internal error of Bedrock (``run.job["attempt"]`` is 2) gets names and a token of its own.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from tailor.catalog import MethodFacts, Model
from tailor.runs import Run

TRAIN_FILE = "prepared/train.jsonl"
VALIDATION_FILE = "prepared/validation.jsonl"
JOB_FOLDER = "job/"
_LATER_ATTEMPT = re.compile(r"(?<=-[0-9a-f]{12})-[2-9]$")  # a run's id ends with twelve hexadecimal digits


def job_name(run: Run) -> str:
    """Job, custom model and token of a run's current attempt; at most 61 characters, safe in every pattern."""
    attempt = int(run.job.get("attempt", 1))
    return run.id if attempt == 1 else f"{run.id}-{attempt}"


def run_id_of(job_name: str) -> str:
    """The run that a job (or a custom model) of this name belongs to."""
    return _LATER_ATTEMPT.sub("", job_name)


def base_request(
    run: Run,
    model: Model,
    facts: MethodFacts,
    customization_type: str,
    *,
    manifest: Mapping[str, Any],
    bucket: str,
    role_arn: str,
    tags: Mapping[str, str],
) -> dict[str, Any]:
    """All but the method's own settings. Validation data only where the model takes some and there is some."""
    name = job_name(run)
    folder = f"s3://{bucket}/{run.files}"
    pairs = [{"key": key, "value": value} for key, value in sorted(tags.items())]
    request: dict[str, Any] = {
        "jobName": name,
        "customModelName": name,
        "clientRequestToken": name,
        "roleArn": role_arn,
        "baseModelIdentifier": model.training_id,
        "customizationType": customization_type,
        "trainingDataConfig": {"s3Uri": folder + TRAIN_FILE},
        "outputDataConfig": {"s3Uri": folder + JOB_FOLDER},
    }
    if pairs:
        request |= {"jobTags": pairs, "customModelTags": pairs}
    if facts.takes_validation_set and int(manifest["rows"].get("validation", 0)):
        request["validationDataConfig"] = {"validators": [{"s3Uri": folder + VALIDATION_FILE}]}
    return request


def as_text(value: float | str) -> str:
    """A hyperparameter as the API's string map wants it: plain decimals, no exponent."""
    return value if isinstance(value, str) else format(Decimal(repr(value)), "f")
