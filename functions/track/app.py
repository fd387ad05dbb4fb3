"""Bedrock's "Model Customization Job State Change", SageMaker's of training jobs → the job is read, its run moved."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.bedrock import Bedrock
from tailor.aws.runs import DynamoRunStore
from tailor.aws.tracing import traced
from tailor.aws.training import TrainingJobSettings, sagemaker_trainer
from tailor.events import JobStateChange, detail
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.track import track
from tailor.steps.trainers import BedrockTrainer, Trainers


class TrackSettings(TrainingJobSettings):
    runs_table: str
    stack: str
    environment: str


logger = Logger()
settings = TrackSettings.load()
runs = DynamoRunStore(settings.runs_table)
owner = Owner(settings.stack, settings.environment)
control = OwnControl(Bedrock(), owner)
trainers = Trainers(BedrockTrainer(control), sagemaker_trainer(control, owner, settings))


@logger.inject_lambda_context
@traced("track")
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    job_arn = JobStateChange.model_validate(detail(event)).job_arn
    run = track(job_arn, runs=runs, trainers=trainers, now=datetime.now(UTC))
    logger.info("track", job=job_arn, run=run.id if run else None, state=run.state if run else None)
