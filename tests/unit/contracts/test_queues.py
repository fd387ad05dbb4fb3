"""Work that many uploads can multiply goes through queues that let few functions take it at once."""

from dataclasses import dataclass
from typing import Any

import pytest

from tailor.runs import ACTORS
from tests.unit.contracts.template import functions, rules, statements, template
from tests.unit.contracts.test_alarms import alarms_on
from tests.unit.contracts.transformed import of_type

SMALLEST_ACCOUNT = 10
MACHINES = 2  # a fifth of it, to the state machine of large datasets: tests/unit/steps/test_machine.py
RESOURCES = template()["Resources"]


@dataclass(frozen=True)
class Mapped:
    queue: str
    function: str
    mapping: dict[str, Any]

    @property
    def properties(self) -> dict[str, Any]:
        found: dict[str, Any] = RESOURCES[self.queue]["Properties"]
        return found

    @property
    def most(self) -> int:
        found = self.mapping["ScalingConfig"]["MaximumConcurrency"]
        return int(template()["Parameters"][found["Ref"]]["Default"] if isinstance(found, dict) else found)

    @property
    def timeout(self) -> int:
        return int(functions()[self.function].get("Timeout", 60))


def mapped() -> list[Mapped]:
    found = []
    for resource in RESOURCES.values():
        if resource["Type"] == "AWS::Lambda::EventSourceMapping":
            mapping = resource["Properties"]
            code = RESOURCES[mapping["FunctionName"]["Ref"]]["Properties"]["CodeUri"]
            queue = mapping["EventSourceArn"]["Fn::GetAtt"].removesuffix(".Arn")
            found.append(Mapped(queue, code.removeprefix("functions/"), mapping))
    return sorted(found, key=lambda each: each.function)


QUEUES = mapped()
each = pytest.mark.parametrize("queue", QUEUES, ids=lambda queue: queue.function)
OF_STEPS = [queue for queue in QUEUES if queue.function in ("prepare", "evaluate", "notify")]


def test_all_that_works_for_long_and_that_uploads_multiply_takes_its_work_from_a_queue() -> None:
    """Steps that only ask Bedrock for something take a second; what Bedrock runs at once, and its line, bound them."""
    assert [queue.function for queue in QUEUES] == ["evaluate", "notify", "prepare", "receive", "settle"]
    short = {name for name in {*ACTORS.values(), "track", "publish"} if functions()[name].get("Timeout", 60) <= 60}
    assert {*ACTORS.values()} - short == {"prepare", "evaluate"}


def test_in_a_new_account_uploads_leave_functions_to_apps() -> None:
    most = {queue.function: queue.most for queue in QUEUES}
    at_once = most["receive"] + most["settle"] + most["prepare"] + MACHINES
    assert at_once <= SMALLEST_ACCOUNT - 2


@each
def test_the_cap_is_one_that_aws_takes_and_reserves_nothing(queue: Mapped) -> None:
    assert 2 <= queue.most <= 1000
    assert "ReservedConcurrentExecutions" not in functions()[queue.function]
    parameter = template()["Parameters"]["StepConcurrency"]
    assert (parameter["MinValue"], parameter["MaxValue"]) == (2, 1000)


@each
def test_a_queue_waits_for_its_function_as_aws_recommends(queue: Mapped) -> None:
    needed = 6 * queue.timeout + queue.mapping.get("MaximumBatchingWindowInSeconds", 0)
    assert queue.properties["VisibilityTimeout"] >= needed


@each
def test_only_what_failed_of_a_batch_comes_again(queue: Mapped) -> None:
    assert queue.mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


@each
def test_a_function_may_read_its_own_queue_only(queue: Mapped) -> None:
    """SAM's own event for a queue would attach a managed policy for all queues of the account."""
    role = of_type("AWS::IAM::Role")[f"{queue.function.capitalize()}FunctionRole"]
    assert not [arn for arn in role["ManagedPolicyArns"] if "SQS" in str(arn)]
    takes = [given["Resource"] for given in statements(queue.function) if "sqs:ReceiveMessage" in given["Action"]]
    assert takes == [{"Fn::GetAtt": f"{queue.queue}.Arn"}]


def test_only_its_rule_may_send_to_a_queue() -> None:
    fed = {name: rule for name, rule in RESOURCES.items() if rule["Type"] == "AWS::Events::Rule"}
    assert {name for name, _, _ in rules()} >= {"receive", "prepare", "evaluate", "notify"}
    for name, rule in fed.items():
        (target,) = rule["Properties"]["Targets"]
        queue = target["Arn"]["Fn::GetAtt"].removesuffix(".Arn")
        (statement,) = RESOURCES[f"{queue}Policy"]["Properties"]["PolicyDocument"]["Statement"]
        assert RESOURCES[f"{queue}Policy"]["Properties"]["Queues"] == [{"Ref": queue}]
        assert statement["Principal"] == {"Service": "events.amazonaws.com"}
        assert (statement["Action"], statement["Resource"]) == ("sqs:SendMessage", {"Fn::GetAtt": f"{queue}.Arn"})
        assert statement["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": f"{name}.Arn"}}}


@pytest.mark.parametrize("queue", OF_STEPS, ids=lambda queue: queue.function)
def test_what_a_step_gave_up_is_kept_and_what_waits_too_long_is_told(queue: Mapped) -> None:
    redrive = queue.properties["RedrivePolicy"]
    dead = redrive["deadLetterTargetArn"]["Fn::GetAtt"].removesuffix(".Arn")
    assert alarms_on("QueueName", {"Fn::GetAtt": f"{dead}.QueueName"}).keys() == {"ApproximateNumberOfMessagesVisible"}
    throttled = redrive["maxReceiveCount"] * queue.properties["VisibilityTimeout"]
    assert throttled >= 2 * 3600, "a throttled call counts as a try"
    (age,) = alarms_on("QueueName", {"Fn::GetAtt": f"{queue.queue}.QueueName"}).values()
    assert (age["MetricName"], age["Threshold"] > throttled) == ("ApproximateAgeOfOldestMessage", True)
