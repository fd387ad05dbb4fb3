"""Start and inspect executions of a Step Functions state machine; their names make a start idempotent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from botocore.exceptions import ClientError

from tailor.aws.clients import client
from tailor.aws.failures import code_of, translated
from tailor.steps.machine import Execution


class StateMachine:
    """Client of one state machine."""

    def __init__(self, arn: str) -> None:
        self._arn = arn
        self._states = client("stepfunctions")

    def execution(self, name: str) -> str:
        """Return the ARN of the execution of this name (at most 80 characters)."""
        return f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        """Start an execution. Does nothing if it was started before, even if it has ended since."""
        with translated(f"starting {name}"):
            try:
                self._states.start_execution(
                    stateMachineArn=self._arn, name=name, input=orjson.dumps(document).decode()
                )
            except ClientError as error:
                if code_of(error) != "ExecutionAlreadyExists":
                    raise

    def running(self) -> int:
        """Return how many executions run, up to 1,000."""
        with translated("counting executions"):
            found = self._states.list_executions(stateMachineArn=self._arn, statusFilter="RUNNING", maxResults=1000)
        return len(found["executions"])

    def find(self, execution: str) -> Execution | None:
        """Return an execution's state, or None if there is no such execution."""
        with translated(f"looking at {execution}"):
            try:
                found = self._states.describe_execution(executionArn=execution)
            except ClientError as error:
                if code_of(error) == "ExecutionDoesNotExist":
                    return None
                raise
        stopped: datetime | None = found.get("stopDate")
        return Execution(running=found["status"] in ("RUNNING", "PENDING_REDRIVE"), stopped_at=stopped)
