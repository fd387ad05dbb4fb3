""" "Run Changed" or "Run Due" (deployed, evaluating) → the verdict; for its state machine, a part of the questions."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock_runtime import BedrockAsker
from tailor.aws.concurrency import LambdaLimits
from tailor.aws.queues import StepQueue, consumes
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.serving import ServingTable
from tailor.aws.state_machines import StateMachine
from tailor.aws.tracing import traced
from tailor.events import AskPart, Ended, RunChanged, detail
from tailor.settings import Settings
from tailor.steps.asking import EvaluateFanOut, EvaluateServices, ask
from tailor.steps.evaluate import evaluate


class EvaluateSettings(Settings):
    bucket: str
    queue_url: str
    runs_table: str
    serving_table: str
    evaluate_machine_arn: str
    remark: str = ""
    machine_above_calls: int
    machine_functions: int
    part_seconds: float


settings = EvaluateSettings.load()
logger = Logger()
bucket = S3Storage(settings.bucket)
services = EvaluateServices(
    bucket=bucket,
    runs=DynamoRunStore(settings.runs_table),
    asker=BedrockAsker(bucket),
    aliases=ServingTable(settings.serving_table),
    fan_out=EvaluateFanOut(
        StateMachine(settings.evaluate_machine_arn),
        LambdaLimits(),
        above=settings.machine_above_calls,
        functions=settings.machine_functions,
        part_seconds=settings.part_seconds,
    ),
    region=region(),
    remark=settings.remark,
)


@logger.inject_lambda_context
@consumes(StepQueue(settings.queue_url))
@traced("evaluate")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    def seconds_left() -> float:
        return context.get_remaining_time_in_millis() / 1000

    now = datetime.now(UTC)
    if "ask" in event:
        part = AskPart.model_validate(event["ask"])
        progress = ask(part, services, seconds_left=seconds_left, now=now)
        logger.info("asked", run=part.run, chunks=sorted(part.chunks), calls=progress.asked if progress else None)
        return {"calls": progress.asked if progress else 0}
    ended = Ended.model_validate(event["asked"]) if "asked" in event else None
    run_id = ended.run if ended else RunChanged.model_validate(detail(event)).run
    run = evaluate(run_id, services, seconds_left=seconds_left, now=now, asked=ended.execution if ended else None)
    logger.info("evaluate", run=run.id if run else None, state=run.state if run else None)
    return {"state": run.state if run else None}
