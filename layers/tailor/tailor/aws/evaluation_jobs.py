"""Bedrock's evaluation jobs. They raise no event when they end: ask :func:`status`."""

from collections.abc import Mapping
from typing import Any

from tailor.aws.clients import client
from tailor.aws.failures import translated


def create(request: Mapping[str, Any]) -> str:
    """CreateEvaluationJob; the job's ARN."""
    with translated(f"starting the evaluation job {request['jobName']}"):
        return str(client("bedrock").create_evaluation_job(**request)["jobArn"])


def status(arn: str) -> tuple[str, list[str]]:
    """InProgress, Completed, Failed, Stopping, Stopped or Deleting, and why it failed."""
    with translated(f"reading the evaluation job {arn}"):
        job = client("bedrock").get_evaluation_job(jobIdentifier=arn)
    return str(job["status"]), [str(reason) for reason in job.get("failureMessages", [])]
