"""A state machine is in the hands of its role, here as on AWS."""

import json
from typing import Any

import pytest

from tailor_local.cloud import ACCOUNT, LocalCloud
from tests.integration.standin import allow, make_role
from tests.waiting import until

NAME = "in-a-role"
MACHINE = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}"
PARTS = f"arn:aws:states:us-east-1:{ACCOUNT}:execution:{NAME}/part:*"
NEEDED = {
    "lambda:InvokeFunction": allow("lambda:InvokeFunction", f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:*"),
    "states:StartExecution": allow("states:StartExecution", MACHINE),
    "states:DescribeExecution": allow("states:DescribeExecution", PARTS),
    "states:StopExecution": allow("states:StopExecution", PARTS),
}


def definition(function: str) -> dict[str, Any]:
    """Calls a function, then once for each of ``parts``."""
    call = {"Type": "Task", "Resource": function, "TimeoutSeconds": 60}
    part = {"StartAt": "Call", "States": {"Call": {**call, "End": True}}}
    mode = {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}
    parts = {"Type": "Map", "Label": "part", "ItemsPath": "$.parts", "ItemProcessor": mode | part, "End": True}
    once = {**call, "InputPath": "$.nothing", "ResultPath": None, "Next": "Parts"}
    return {"StartAt": "Once", "States": {"Once": once, "Parts": parts}}


@pytest.mark.parametrize("missing", [None, *NEEDED, "trust"])
def test_what_its_role_does_not_allow_it_does_not_do(
    local_cloud: LocalCloud, deployed: object, missing: str | None
) -> None:
    machines = local_cloud.client("stepfunctions")
    service = "lambda.amazonaws.com" if missing == "trust" else "states.amazonaws.com"
    statements = [statement for action, statement in NEEDED.items() if action != missing]
    role = make_role(local_cloud, f"{NAME}-{str(missing).rpartition(':')[2]}", service, statements)
    described = json.dumps(definition(local_cloud.outputs["GradeFunctionArn"]))
    machines.create_state_machine(name=NAME, definition=described, roleArn=role)
    try:
        given = json.dumps({"nothing": [], "parts": [[], []]})
        execution = machines.start_execution(stateMachineArn=MACHINE, input=given)["executionArn"]
        ended = until(
            lambda: machines.describe_execution(executionArn=execution), lambda seen: seen["status"] != "RUNNING"
        )
    finally:
        machines.delete_state_machine(stateMachineArn=MACHINE)
    if missing is None:
        assert ended["status"] == "SUCCEEDED", ended
        return
    assert (ended["status"], ended["error"]) == ("FAILED", "States.Permissions")
    assert ("may not take the role" if missing == "trust" else missing) in ended["cause"]
