""" "Run Changed" or "Run Due" (prepared, approved) → a customization job, or a question for approval."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from tailor.aws.access import region
from tailor.aws.bedrock import Bedrock
from tailor.aws.ledger import LedgerTable
from tailor.aws.runs import DynamoRunStore
from tailor.aws.s3 import S3Storage
from tailor.aws.tracing import traced
from tailor.aws.training import TrainingJobSettings, package_tags, sagemaker_trainer
from tailor.events import RunChanged, detail
from tailor.steps.ownership import OwnControl, Owner
from tailor.steps.train import TrainServices, train
from tailor.training.spending import MonthLimits, Spending


class TrainSettings(TrainingJobSettings):
    runs_table: str
    customization_role_arn: str
    grade_function_arn: str
    invocation_logs_bucket: str = ""
    serving_table: str
    budget_limit: Decimal
    project_monthly_limit: Decimal
    stack_monthly_limit: Decimal
    stack: str
    environment: str


settings = TrainSettings.load()
logger = Logger()
bedrock = Bedrock()
owner = Owner(settings.stack, settings.environment)
runs = DynamoRunStore(settings.runs_table)
limits = MonthLimits.of(settings.project_monthly_limit, settings.stack_monthly_limit)
control = OwnControl(bedrock, owner)
services = TrainServices(
    bucket=S3Storage(settings.bucket),
    bucket_name=settings.bucket,
    runs=runs,
    control=control,
    sagemaker=sagemaker_trainer(control, owner, settings),
    offers=bedrock,
    region=region(),
    role_arn=settings.customization_role_arn,
    budget_limit=settings.budget_limit,
    tags=owner.tags,
    grader_arn=settings.grade_function_arn,
    logs_bucket=settings.invocation_logs_bucket,
    kms_key=settings.kms_key_arn,
    import_role_arn=settings.import_role_arn,
    package_tags=package_tags,
    spending=Spending(LedgerTable(settings.serving_table), limits, runs),
)


@logger.inject_lambda_context
@traced("train")
def handler(event: dict[str, Any], context: LambdaContext) -> None:
    run = train(RunChanged.model_validate(detail(event)).run, services, now=datetime.now(UTC))
    logger.info("train", run=run.id if run else None, state=run.state if run else None)
