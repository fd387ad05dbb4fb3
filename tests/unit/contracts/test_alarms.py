"""Somebody hears when the one who looks after runs fails, or stops."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tailor.errors import RetryableError
from tailor.steps.reconcile import Round
from tests.unit.contracts.template import ROOT, functions, template
from tests.unit.contracts.test_events import context, environment, load

__all__ = ["environment"]


def alarms_on(dimension: str, value: Any) -> dict[str, dict[str, Any]]:
    """By metric, the alarms that tell the operators."""
    found = {}
    for resource in template()["Resources"].values():
        properties = resource.get("Properties", {})
        if (
            resource["Type"] == "AWS::CloudWatch::Alarm"
            and {"Name": dimension, "Value": value} in properties["Dimensions"]
        ):
            assert properties["AlarmActions"] == [{"Ref": "AlarmsTopic"}]
            found[properties["MetricName"]] = properties
    return found


@pytest.mark.usefixtures("environment")
def test_a_round_that_could_not_look_at_a_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("reconcile")
    event = json.loads((ROOT / "events" / "reconcile_schedule.json").read_text())
    for failed in ({}, {"colours-scenes-0123456789ab": "not-allowed: no"}):
        monkeypatch.setattr(module, "reconciler", SimpleNamespace(round=lambda _, f=failed: Round(open=2, failed=f)))
        if failed:
            with pytest.raises(RetryableError, match="1 of 2 open runs"):
                module.handler(event, context())
        else:
            module.handler(event, context())


def test_reconciles_errors_and_its_silence_raise_alarms() -> None:
    alarms = alarms_on("FunctionName", {"Ref": "ReconcileFunction"})
    assert alarms.keys() == {"Errors", "Invocations"}
    assert alarms["Errors"]["ComparisonOperator"] == "GreaterThanThreshold"
    silence = alarms["Invocations"]
    assert (silence["ComparisonOperator"], silence["Threshold"]) == ("LessThanThreshold", 1)
    assert silence["TreatMissingData"] == "breaching", "no data is what silence looks like"


@pytest.mark.parametrize("name", sorted(name for name, found in functions().items() if "DeadLetterQueue" in found))
def test_what_a_function_gave_up_raises_an_alarm(name: str) -> None:
    queue = functions()[name]["DeadLetterQueue"]["TargetArn"]["GetAtt"].removesuffix(".Arn")
    assert alarms_on("QueueName", {"GetAtt": f"{queue}.QueueName"})


def test_every_asynchronous_function_keeps_what_it_gave_up() -> None:
    asked_by_others = {"authorize", "inference", "approve", "grade"}  # whoever calls them gets the error
    for name in functions().keys() - asked_by_others:
        kept = "DeadLetterQueue" in functions()[name] or "DestinationConfig" in str(functions()[name]["Events"])
        assert kept, name
