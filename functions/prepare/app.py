"""A run was received, or is still being prepared → its dataset is prepared; for its state machine, a shard of it."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock import Bedrock
from tailor.aws.bedrock_runtime import BedrockAsker
from tailor.aws.concurrency import LambdaLimits
from tailor.aws.price_list import PriceList
from tailor.aws.queues import StepQueue, consumes
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.aws.state_machines import StateMachine
from tailor.aws.tracing import traced
from tailor.events import Ended, RunChanged, Shard, detail
from tailor.settings import Settings
from tailor.steps.prepare import prepare
from tailor.steps.preparing import PrepareFanOut, PrepareServices, check_shard
from tailor.training.price_list import Listed
from tailor.training.prices import PriceBook, read_prices


class PrepareSettings(Settings):
    bucket: str
    queue_url: str
    runs_table: str
    serving_table: str
    account_id: str
    prices: str
    prepare_machine_arn: str
    machine_above_seconds: float
    machine_functions: int
    training_jobs: str = ""


settings = PrepareSettings.load()
logger = Logger()
bucket = S3Storage(settings.bucket)
services = PrepareServices(
    bucket=bucket,
    runs=DynamoRunStore(settings.runs_table),
    bucket_owner=settings.account_id,
    fan_out=PrepareFanOut(
        StateMachine(settings.prepare_machine_arn),
        LambdaLimits(),
        above=settings.machine_above_seconds,
        functions=settings.machine_functions,
    ),
    offers=Bedrock(),
    region=region(),
    prices=PriceBook(read_prices(settings.prices), Listed(PriceList(), region())),
    asker=BedrockAsker(bucket),
    aliases=ServingTable(settings.serving_table),
    open_bucket=S3Storage,
    training_jobs=settings.training_jobs == "enabled",
)


@logger.inject_lambda_context
@consumes(StepQueue(settings.queue_url))
@traced("prepare")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    now = datetime.now(UTC)
    # Scratch files of one run must not fill the disk of the next.
    with tempfile.TemporaryDirectory() as scratch:
        if "shard" in event:
            shard = Shard.model_validate(event["shard"])
            checked = check_shard(shard, services, Path(scratch))
            logger.info("shard", run=shard.run, task=shard.task, number=shard.number, wanted=checked)
            return {"shard": shard.number}
        ended = Ended.model_validate(event["checked"]) if "checked" in event else None
        run = prepare(
            ended.run if ended else RunChanged.model_validate(detail(event)).run,
            services,
            scratch=Path(scratch),
            lease_seconds=context.get_remaining_time_in_millis() / 1000,
            now=now,
            ended=ended.execution if ended else None,
        )
    logger.info("prepared", run=run.id if run else None, state=run.state if run else None)
    return {"run": run.id if run else None}
