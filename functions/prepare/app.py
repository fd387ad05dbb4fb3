"""S3 "Object Created" → a run; "Run Changed" or "Run Due" (received, preparing) → its dataset is prepared."""

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock import Bedrock
from tailor.aws.bedrock_runtime import BedrockAsker
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.events import ObjectCreated, RunChanged, detail
from tailor.settings import Settings
from tailor.steps.prepare import prepare
from tailor.steps.receive import receive
from tailor.training.prices import read_prices


class PrepareSettings(Settings):
    bucket: str
    runs_table: str
    serving_table: str
    account_id: str
    settle_seconds: float = 0
    prices: str


settings = PrepareSettings.load()
logger = Logger()
bucket = S3Storage(settings.bucket)
runs = DynamoRunStore(settings.runs_table)
control = Bedrock()
prices = read_prices(settings.prices)
asker = BedrockAsker(bucket)
aliases = ServingTable(settings.serving_table)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str | None]:
    now = datetime.now(UTC)
    if event.get("source") == "aws.s3":
        created = ObjectCreated.model_validate(detail(event))
        run = receive(created.object.key, bucket=bucket, runs=runs, now=now)
        logger.info("received", run=run.id if run else None)
    else:
        # Scratch files of one run must not fill the disk of the next.
        with tempfile.TemporaryDirectory() as scratch:
            run = prepare(
                RunChanged.model_validate(detail(event)).run,
                bucket=bucket,
                runs=runs,
                bucket_owner=settings.account_id,
                offers=control,
                region=region(),
                prices=prices,
                asker=asker,
                aliases=aliases,
                scratch=Path(scratch),
                lease_seconds=context.get_remaining_time_in_millis() / 1000,
                now=now,
                settle_seconds=settings.settle_seconds,
            )
        logger.info("prepared", run=run.id if run else None, state=run.state if run else None)
    return {"run": run.id if run else None}
