"""Start and poll Bedrock's evaluation jobs, which send no event when they end."""

from collections.abc import Mapping
from typing import Any

from tailor.aws.clients import client
from tailor.aws.failures import translated


def create(request: Mapping[str, Any]) -> str:
    """Start an evaluation job and return its ARN."""
    with translated(f"starting the evaluation job {request['jobName']}"):
        return str(client("bedrock").create_evaluation_job(**request)["jobArn"])


def status(arn: str) -> tuple[str, list[str]]:
    """Return InProgress, Completed, Failed, Stopping, Stopped or Deleting, and the reason of a failure."""
    with translated(f"reading the evaluation job {arn}"):
        job = client("bedrock").get_evaluation_job(jobIdentifier=arn)
    return str(job["status"]), [str(reason) for reason in job.get("failureMessages", [])]
