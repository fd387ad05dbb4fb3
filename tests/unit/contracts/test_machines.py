"""What the local cloud does not show of a state machine: that it can log, and that somebody hears when it fails."""

from typing import Any

import pytest

from tests.unit.contracts.template import statements, template

MACHINES = {
    name: resource["Properties"]
    for name, resource in template()["Resources"].items()
    if resource["Type"] == "AWS::Serverless::StateMachine"
}
LOG_DELIVERY = {  # AWS: "Using CloudWatch Logs to log execution history in Step Functions"
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}


def allowed(machine: dict[str, Any]) -> set[str]:
    actions: set[str] = set()
    for policy in machine["Policies"]:
        for statement in policy["Statement"]:
            action = statement["Action"]
            actions |= {action} if isinstance(action, str) else set(action)
    return actions


@pytest.mark.parametrize("name", MACHINES)
def test_it_may_write_its_log(name: str) -> None:
    assert MACHINES[name]["Logging"]["Level"] != "OFF"
    assert allowed(MACHINES[name]) >= LOG_DELIVERY


@pytest.mark.parametrize("name", MACHINES)
def test_somebody_hears_when_it_fails(name: str) -> None:
    watch = {"Name": "StateMachineArn", "Value": {"Ref": name}}
    alarms = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::CloudWatch::Alarm" and watch in resource["Properties"].get("Dimensions", [])
    ]
    assert [alarm["MetricName"] for alarm in alarms] == ["ExecutionsFailed"]
    assert alarms[0]["AlarmActions"]


@pytest.mark.parametrize("name", ["prepare", "evaluate"])
def test_who_begins_a_fan_out_may_ask_how_many_functions_the_account_may_run(name: str) -> None:
    """Nobody would notice if it might not: it would take the limit of a small account for its own."""
    asked = {"Effect": "Allow", "Action": "lambda:GetAccountSettings", "Resource": "*"}
    assert asked in [{key: value for key, value in each.items() if key != "Sid"} for each in statements(name)]
