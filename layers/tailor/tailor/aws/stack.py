"""Read a deployed stack's outputs: its bucket, tables and API."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from tailor.aws.stacks import look_at
from tailor.errors import NotFoundError
from tailor.steps.ownership import Owner


class Stack(BaseModel):
    """The outputs of template.yaml that the command line uses."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    name: str
    bucket: str = Field(alias="BucketName")
    runs_table: str = Field(alias="RunsTableName")
    serving_table: str = Field(alias="ServingTableName")
    folders_table: str = Field(default="", alias="FoldersTableName", description="empty where an earlier version runs")
    event_bus: str = Field(alias="EventBusName")
    api_url: str = Field(alias="ApiUrl")
    api_id: str = Field(alias="ApiId")
    notices_topic: str = Field(alias="NoticesTopicArn")
    undelivered_events: str = Field(alias="UndeliveredEventsUrl")
    failed_invocations: str = Field(alias="FailedInvocationsUrl")
    uploads_dead_letters: str = Field(alias="UploadsDeadLettersUrl")
    customization_role: str = Field(alias="CustomizationRoleArn")
    train_role: str = Field(alias="TrainRoleArn")
    training_role: str = Field(default="", alias="TrainingRoleArn", description="SageMaker's; empty without it")
    import_role: str = Field(default="", alias="ImportRoleArn", description="empty where a version adopts no models")
    grade_function: str = Field(alias="GradeFunctionArn")
    environment: str = Field(description="the parameter Environment")
    prices: str = Field(default="{}", description="the parameter Prices")
    sagemaker_training: str = Field(default="disabled", description="the parameter SageMakerTraining")
    kms_key: str = Field(default="", description="the parameter KmsKeyArn")
    webhooks_secret: str = Field(default="", description="the parameter WebhooksSecretArn")
    project_monthly_limit: Decimal = Field(default=Decimal(0), description="the parameter ProjectMonthlyLimit")
    stack_monthly_limit: Decimal = Field(default=Decimal(0), description="the parameter StackMonthlyLimit")

    @property
    def owner(self) -> Owner:
        return Owner(self.name, self.environment)


def find_stack(name: str) -> Stack:
    """Return the stack's outputs.

    Raises:
        NotFoundError: this account and Region have no such stack.
        InvalidInputError: no Region is set.
    """
    found = look_at(name)
    if found is None:
        hint = "name another with --stack, or deploy one: make deploy"
        raise NotFoundError(f"there is no stack {name!r} in this account and Region", hint=hint)
    name = name.partition(":stack/")[2].partition("/")[0] or name  # CloudFormation takes a stack's ARN, too
    given = {
        "environment": found.parameters.get("Environment", ""),
        "prices": found.parameters.get("Prices", "{}"),
        "sagemaker_training": found.parameters.get("SageMakerTraining", "disabled"),
        "kms_key": found.parameters.get("KmsKeyArn", ""),
        "webhooks_secret": found.parameters.get("WebhooksSecretArn", ""),
        "project_monthly_limit": found.parameters.get("ProjectMonthlyLimit", "0"),
        "stack_monthly_limit": found.parameters.get("StackMonthlyLimit", "0"),
    }
    return Stack.model_validate({"name": name} | given | found.outputs)
