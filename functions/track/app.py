"""Bedrock "Model Customization Job State Change" → the job is looked up and its run moved."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock import Bedrock
from tailor.aws.runs import DynamoRunStore
from tailor.aws.tracing import traced
from tailor.events import JobStateChange, detail
from tailor.settings import Settings
from tailor.steps.track import track


class TrackSettings(Settings):
    runs_table: str


logger = Logger()
runs = DynamoRunStore(TrackSettings.load().runs_table)
control = Bedrock()


@logger.inject_lambda_context
@traced("track")
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    job_arn = JobStateChange.model_validate(detail(event)).job_arn
    run = track(job_arn, runs=runs, control=control, now=datetime.now(UTC))
    logger.info("track", job=job_arn, run=run.id if run else None, state=run.state if run else None)
