"""The way of an upload: rule, queue, function; what AWS demands of each of them."""

from typing import Any

from tailor_local.complexity import rule_complexity
from tests.unit.contracts.template import template
from tests.unit.contracts.test_alarms import alarms_on
from tests.unit.contracts.transformed import of_type

# AWS was seen to take rules that measure 9, and to refuse 12. One less leaves room for a figure that reports got wrong.
MOST_COMPLEX = 8
# What the rule of uploads named before there was a queue.
SMALL = ("jsonl", "json", "csv", "tsv", "parquet", "txt", "zip", "tar", "tgz", "gz")
ENDINGS = (*SMALL, "JSONL", "JSON", "CSV", "TSV", "TXT", "ZIP")
OLD_KEYS = [{"wildcard": "uploads/*/tailor.yaml"}, *({"wildcard": f"uploads/*.{ending}"} for ending in ENDINGS)]


def test_no_rule_is_too_complex_for_eventbridge() -> None:
    measured = {
        name: rule_complexity(rule["EventPattern"])
        for name, rule in of_type("AWS::Events::Rule").items()
        if "EventPattern" in rule
    }
    print(measured)
    assert "UploadsRule" in measured
    assert len(measured) == len(
        [rule for rule in of_type("AWS::Events::Rule").values() if "ScheduleExpression" not in rule]
    )
    assert {name: value for name, value in measured.items() if value > MOST_COMPLEX} == {}


def test_the_measure_finds_the_rule_that_named_each_ending_too_complex() -> None:
    pattern = template()["Resources"]["UploadsRule"]["Properties"]["EventPattern"]
    pattern = pattern | {"detail": pattern["detail"] | {"object": {"key": OLD_KEYS}}}
    assert rule_complexity(pattern) == 34 > MOST_COMPLEX


def test_uploads_are_taken_in_large_batches_by_few_functions() -> None:
    mapping = properties("ReceiveUploads")
    assert mapping["MaximumBatchingWindowInSeconds"] >= 1, "batches of more than ten need a window"
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["ScalingConfig"]["MaximumConcurrency"] == 2, "the least that AWS takes"


def test_an_upload_that_fails_again_and_again_is_kept_and_raises_an_alarm() -> None:
    redrive = properties("UploadsQueue")["RedrivePolicy"]
    patience = redrive["maxReceiveCount"] * properties("UploadsQueue")["VisibilityTimeout"]
    assert patience >= 3600, "a throttled call counts as a try: an hour of them must lose nothing"
    dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"].removesuffix(".Arn")
    assert properties(dead)["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert alarms_on("QueueName", {"Fn::GetAtt": f"{dead}.QueueName"}).keys() == {"ApproximateNumberOfMessagesVisible"}


def test_uploads_that_wait_raise_an_alarm_once_they_can_not_be_on_their_last_try() -> None:
    alarms = alarms_on("QueueName", {"Fn::GetAtt": "UploadsQueue.QueueName"})
    queue = properties("UploadsQueue")
    tries = queue["RedrivePolicy"]["maxReceiveCount"] * queue["VisibilityTimeout"]
    assert alarms["ApproximateAgeOfOldestMessage"]["Threshold"] > tries


def test_what_the_rule_of_uploads_can_not_deliver_is_kept() -> None:
    (target,) = properties("UploadsRule")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": "UndeliveredEvents.Arn"}}


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found
