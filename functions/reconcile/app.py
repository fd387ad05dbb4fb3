"""Every minute → check open runs and folders that are being filled."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock import Bedrock
from tailor.aws.events import EventBus
from tailor.aws.folders import FolderTable, WakeUpQueue
from tailor.aws.ledger import LedgerTable
from tailor.aws.metrics import measure
from tailor.aws.queues import StepQueue
from tailor.aws.runs import DynamoRunStore
from tailor.aws.serving import ServingTable
from tailor.aws.tracing import traced
from tailor.aws.training import TrainingJobSettings, sagemaker_trainer
from tailor.errors import RetryableError, TailorError
from tailor.steps.idle import IdleWatch
from tailor.steps.inventory import DailyInventory, StackInventory
from tailor.steps.orphans import REMOVED_AFTER, Sweep
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.reconcile import Reconciler
from tailor.steps.services import RunServices
from tailor.training.line import JobQueue
from tailor.training.prices import PriceBook, read_prices
from tailor.training.spending import MonthLimits, Spending


class ReconcileSettings(TrainingJobSettings):
    runs_table: str
    stack: str
    environment: str
    serving_table: str
    event_bus: str
    folders_table: str
    wake_ups_url: str
    prepare_queue_url: str
    evaluate_queue_url: str
    due_after_seconds: float
    project_monthly_limit: Decimal
    stack_monthly_limit: Decimal
    prices: str = "{}"
    inventory_hour: int = 6
    sweep_minutes: float = 15
    orphan_minutes: float = 15


settings = ReconcileSettings.load()
logger = Logger()
bedrock = Bedrock()
runs = DynamoRunStore(settings.runs_table)
limits = MonthLimits.of(settings.project_monthly_limit, settings.stack_monthly_limit)
owner = Owner(settings.stack, settings.environment)
owned = OwnControl(bedrock, owner)
reconciler = Reconciler(
    RunServices(
        runs=runs,
        control=owned,
        aliases=ServingTable(settings.serving_table),
        sagemaker=sagemaker_trainer(owned, owner, settings),
        region=region(),
    ),
    bus=EventBus(settings.event_bus),
    line=JobQueue(bedrock, Spending(LedgerTable(settings.serving_table), limits, runs)),
    due_after=timedelta(seconds=settings.due_after_seconds),
    sweep=Sweep(
        EventBus(settings.event_bus),
        every=timedelta(minutes=settings.sweep_minutes),
        grace=timedelta(minutes=settings.orphan_minutes),
        removed_after=REMOVED_AFTER | {"provisioned": timedelta(minutes=settings.orphan_minutes)},
    ),
    idle=IdleWatch(ServingTable(settings.serving_table)),
    folders=FolderTable(settings.folders_table),
    wake_ups=WakeUpQueue(settings.wake_ups_url),
    queues={"prepare": StepQueue(settings.prepare_queue_url), "evaluate": StepQueue(settings.evaluate_queue_url)},
)

book = PriceBook(read_prices(settings.prices))
daily = DailyInventory(
    StackInventory(runs, owned, lambda model: book.priced(model, datetime.now(UTC).date())), settings.inventory_hour
)


@logger.inject_lambda_context
@traced("reconcile")
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    now = datetime.now(UTC)
    found = reconciler.round(now)
    logger.info(
        "reconcile", open=found.open, moved=found.moved, due=found.due, woken=found.woken, orphans=found.orphans
    )
    with suppress(TailorError):  # `tailor bill` says the same at any time
        if billed := daily.document(now):
            logger.info("inventory", **billed)
    for state, (number, longest) in found.states.items():
        measure("Runs", MetricUnit.Count, number, state=state)
        measure("LongestInState", MetricUnit.Seconds, longest, state=state)
    if found.failed:
        # The failed invocation is what raises the alarm; the next round tries again anyway.
        raise RetryableError(
            f"{len(found.failed)} could not be looked at, of {found.open} open runs and all folders: {found.failed}"
        )
