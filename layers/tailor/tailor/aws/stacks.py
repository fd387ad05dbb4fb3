"""Inspect stacks before and during deployment: the account, a stack's state, leftover change sets."""

import os
from dataclasses import dataclass, field
from datetime import datetime

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ProfileNotFound

from tailor.aws.clients import client
from tailor.aws.credentials import LOG_IN, trouble
from tailor.aws.failures import code_of, translated
from tailor.errors import InvalidInputError, NotAllowedError

_EMPTY_STATES = frozenset({"REVIEW_IN_PROGRESS"})


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    account: str
    arn: str
    region: str


@dataclass(frozen=True, slots=True)
class StackState:
    """A stack as CloudFormation describes it. ``since``: when it was created or last changed."""

    status: str
    since: datetime
    reason: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)

    @property
    def exists(self) -> bool:
        """Return whether it has or had resources: a stack in review is a change set that was not executed."""
        return self.status not in _EMPTY_STATES


def use_region(region: str) -> None:
    """Make all clients of this process, and SAM, use a Region. Call it before the first client is created."""
    os.environ["AWS_REGION"] = os.environ["AWS_DEFAULT_REGION"] = region


def shell_region() -> str:
    """Return the Region of the environment or the profile, or an empty string."""
    try:
        return boto3.Session().region_name or ""
    except ProfileNotFound as error:
        raise InvalidInputError(str(error), hint="name another: AWS_PROFILE") from error


def caller() -> CallerIdentity:
    """Return the identity of the credentials. Raises InvalidInputError or RetryableError with a remedy."""
    try:
        sts = client("sts")
        found = sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        if known := trouble(error):
            raise known from error
        if isinstance(error, ClientError):
            raise NotAllowedError(f"AWS refuses these credentials: {error}", hint=LOG_IN) from error
        raise InvalidInputError(f"the AWS settings of this shell are wrong: {error}", hint=LOG_IN) from error
    return CallerIdentity(str(found["Account"]), str(found["Arn"]), str(sts.meta.region_name))


def look_at(stack: str) -> StackState | None:
    """Return a stack's state, or None if it does not exist. Raises InvalidInputError if no Region is set."""
    with translated(f"looking for the stack {stack}"):
        try:
            found = client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]
        except ClientError as error:
            if code_of(error) == "ValidationError":  # "Stack with id … does not exist"
                return None
            raise
    return StackState(
        status=found["StackStatus"],
        since=found.get("LastUpdatedTime") or found["CreationTime"],
        reason=found.get("StackStatusReason", ""),
        parameters={each["ParameterKey"]: each.get("ParameterValue", "") for each in found.get("Parameters", [])},
        tags={each["Key"]: each["Value"] for each in found.get("Tags", [])},
        outputs={each["OutputKey"]: each["OutputValue"] for each in found.get("Outputs", [])},
    )


def change_sets(stack: str, *, waiting: bool = False) -> set[str]:
    """Return the ARNs of a stack's change sets; with ``waiting``, only those that were not executed."""
    with translated(f"listing the change sets of {stack}"):
        try:
            pages = client("cloudformation").get_paginator("list_change_sets").paginate(StackName=stack)
            found = [each for page in pages for each in page["Summaries"]]
        except ClientError as error:
            if code_of(error) in ("ValidationError", "ChangeSetNotFound"):
                return set()
            raise
    executed = ("EXECUTE_IN_PROGRESS", "EXECUTE_COMPLETE", "EXECUTE_FAILED")
    return {each["ChangeSetId"] for each in found if not waiting or each.get("ExecutionStatus") not in executed}


def discard(stack: str, arns: set[str]) -> None:
    """Delete change sets, and the stack if it existed only for their review."""
    cloudformation = client("cloudformation")
    with translated(f"removing change sets of {stack}"):
        for arn in sorted(arns):
            cloudformation.delete_change_set(ChangeSetName=arn)
        found = look_at(stack)
        if found and not found.exists and not change_sets(stack):
            cloudformation.delete_stack(StackName=stack)
            cloudformation.get_waiter("stack_delete_complete").wait(
                StackName=stack, WaiterConfig={"Delay": 2, "MaxAttempts": 60}
            )


def failures(stack: str, since: datetime | None) -> list[str]:
    """Return why resources of a stack could not be created or changed after ``since``, the first failure first."""
    with translated(f"reading the events of {stack}"):
        pages = client("cloudformation").get_paginator("describe_stack_events").paginate(StackName=stack)
        events = [event for page in pages for event in page["StackEvents"]]
    return [
        f"{event['LogicalResourceId']}: {event['ResourceStatusReason']}"
        for event in sorted(events, key=lambda event: event["Timestamp"])
        if event.get("ResourceStatus", "").endswith("_FAILED")
        and "cancelled" not in event.get("ResourceStatusReason", "cancelled")
        and (since is None or event["Timestamp"] > since)
    ]
