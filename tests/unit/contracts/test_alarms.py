"""Somebody hears when the one who looks after runs fails, or stops."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from tailor.errors import RetryableError
from tailor.steps.reconcile import ReconcileResult
from tests.unit.contracts.cloudwatch import ALARM, NO_DATA, OK, evaluate, notices
from tests.unit.contracts.template import ROOT, functions, template
from tests.unit.contracts.test_events import context, environment, load

__all__ = ["environment"]


def alarms_on(dimension: str, value: Any) -> dict[str, dict[str, Any]]:
    """By metric, the alarms that tell the operators."""
    found = {}
    for resource in template()["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::CloudWatch::Alarm" and {"Name": dimension, "Value": value} in properties.get(
            "Dimensions", []
        ):
            assert properties["AlarmActions"] == [{"Ref": "AlarmsTopic"}]
            found[properties["MetricName"]] = properties
    return found


@pytest.mark.usefixtures("environment")
def test_a_round_that_could_not_look_at_a_run_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    module = load("reconcile")
    event = json.loads((ROOT / "events" / "reconcile_schedule.json").read_text())
    for failed in ({}, {"colours-scenes-0123456789ab": "not-allowed: no"}):
        monkeypatch.setattr(
            module, "reconciler", SimpleNamespace(round=lambda _, f=failed: ReconcileResult(open=2, failed=f))
        )
        if failed:
            with pytest.raises(RetryableError, match="1 could not be looked at, of 2 open runs"):
                module.handler(event, context())
        else:
            module.handler(event, context())


def test_reconciles_errors_raise_an_alarm() -> None:
    alarms = alarms_on("FunctionName", {"Ref": "ReconcileFunction"})
    assert alarms.keys() == {"Errors", "Invocations"}
    assert alarms["Errors"]["ComparisonOperator"] == "GreaterThanThreshold"


@pytest.mark.parametrize(
    ("points", "missing", "breaching", "not_breaching"),
    [  # CloudWatch's own table, for 3 evaluation periods: 0 is within the threshold, X beyond it, - missing
        ("0-X-X", OK, OK, OK),
        ("0----", OK, OK, OK),
        ("-----", NO_DATA, ALARM, OK),
        ("0XX-X", ALARM, ALARM, ALARM),
        ("--X--", ALARM, ALARM, OK),
    ],
)
def test_alarms_are_evaluated_here_as_cloudwatch_documents_it(
    points: str, missing: str, breaching: str, not_breaching: str
) -> None:
    read = [{"0": False, "X": True, "-": None}[point] for point in points]
    found = [evaluate(read, 3, treatment) for treatment in ("missing", "breaching", "notBreaching")]
    assert found == [missing, breaching, not_breaching]


def test_a_round_that_is_late_or_failed_does_not_run_beside_the_next_one() -> None:
    properties = functions()["reconcile"]
    assert properties["EventInvokeConfig"] == {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 0}
    assert "DeadLetterQueue" not in properties


def test_changes_that_wait_and_functions_that_are_refused_raise_an_alarm() -> None:
    assert alarms_on("FunctionName", {"Ref": "PublishFunction"}).keys() == {"IteratorAge"}
    throttles = template()["Resources"]["ThrottlesAlarm"]["Properties"]
    assert (throttles["MetricName"], throttles["AlarmActions"]) == ("Throttles", [{"Ref": "AlarmsTopic"}])


def silence() -> dict[str, Any]:
    found = alarms_on("FunctionName", {"Ref": "ReconcileFunction"})["Invocations"]
    assert found["InsufficientDataActions"] == [{"Ref": "AlarmsTopic"}]
    return found


@pytest.mark.parametrize("first", [1, 4, 30])
@pytest.mark.parametrize("extra", [0, 1, 2, 5])  # how far back CloudWatch looks is not documented
def test_a_new_stack_tells_nobody_before_its_first_round_and_later_silence_is_told(first: int, extra: int) -> None:
    stopped, resumed, stopped_again = first + 120, first + 240, first + 300
    rounds = [*range(first, stopped), *range(resumed, stopped_again)]
    told = notices(silence(), rounds, until=stopped_again + 120, extra=extra)
    assert [state for _, state in told] == [NO_DATA, NO_DATA]
    for (minute, _), since in zip(told, (stopped, stopped_again), strict=True):
        assert since + 5 < minute <= since + 5 * (silence()["EvaluationPeriods"] + extra) + 5


@pytest.mark.parametrize("pause", [2, 5])
def test_a_round_that_takes_its_time_is_no_silence(pause: int) -> None:
    assert notices(silence(), range(3, 600, pause), until=600, delay=4, extra=0) == []


def test_silence_that_counts_as_a_breach_would_be_told_of_every_new_stack() -> None:
    told = notices(silence() | {"TreatMissingData": "breaching"}, range(1, 100), until=100)
    assert told[0] == (0, ALARM)


@pytest.mark.parametrize("name", sorted(name for name, found in functions().items() if "DeadLetterQueue" in found))
def test_what_a_function_gave_up_raises_an_alarm(name: str) -> None:
    queue = functions()[name]["DeadLetterQueue"]["TargetArn"]["Fn::GetAtt"].removesuffix(".Arn")
    assert alarms_on("QueueName", {"Fn::GetAtt": f"{queue}.QueueName"})


def test_every_asynchronous_function_keeps_what_it_gave_up() -> None:
    # Whoever calls them gets the error.
    asked_by_others = {"authorize", "inference", "manage", "preview", "console", "grade"}
    of_queues = {"receive", "prepare", "evaluate", "notify"}  # their queues keep it: test_queues.py
    comes_again = {"reconcile", "settle"}  # the next round does its work, or asks for it again
    for name in functions().keys() - asked_by_others - of_queues - comes_again:
        kept = "DeadLetterQueue" in functions()[name] or "DestinationConfig" in str(functions()[name]["Events"])
        assert kept, name
