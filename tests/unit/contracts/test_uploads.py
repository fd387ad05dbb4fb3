"""The way of an upload: rule, queue, function; what AWS demands of each of them."""

from typing import Any

import pytest

from tailor_local.complexity import rule_complexity
from tests.unit.contracts.template import functions, statements, template
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


@pytest.mark.parametrize(
    ("name", "reader", "function"),
    [("UploadsQueue", "ReceiveUploads", "receive"), ("WakeUpsQueue", "SettleFolders", "settle")],
)
def test_a_queue_waits_for_its_function_as_aws_recommends(name: str, reader: str, function: str) -> None:
    needed = 6 * functions()[function]["Timeout"] + properties(reader).get("MaximumBatchingWindowInSeconds", 0)
    assert properties(name)["VisibilityTimeout"] >= needed


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


def test_only_the_rule_of_uploads_may_send_to_the_queue() -> None:
    (statement,) = properties("UploadsQueuePolicy")["PolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "events.amazonaws.com"}
    assert statement["Action"] == "sqs:SendMessage"
    assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": "UploadsRule.Arn"}}}
    (target,) = properties("UploadsRule")["Targets"]
    assert target["DeadLetterConfig"] == {"Arn": {"Fn::GetAtt": "UndeliveredEvents.Arn"}}


@pytest.mark.parametrize(("function", "queue"), [("receive", "UploadsQueue"), ("settle", "WakeUpsQueue")])
def test_a_function_may_read_its_own_queue_only(function: str, queue: str) -> None:
    """SAM's own event for a queue would attach a managed policy for all queues of the account."""
    role = of_type("AWS::IAM::Role")[f"{function.capitalize()}FunctionRole"]
    assert not [arn for arn in role["ManagedPolicyArns"] if "SQS" in str(arn)]
    takes = [each["Resource"] for each in statements(function) if "sqs:ReceiveMessage" in each["Action"]]
    assert takes == [{"Fn::GetAtt": f"{queue}.Arn"}]


def properties(name: str) -> dict[str, Any]:
    found: dict[str, Any] = template()["Resources"][name]["Properties"]
    return found
