"""Check the stack's health: no alarm is on, no dead letter exists, and queues limit their functions."""

from typing import Any

from tailor.verify.check import Check
from tailor.verify.cleaning import pages
from tailor.verify.world import World


def _of_type(world: World, kind: str) -> dict[str, str]:
    """Return logical names by physical ones, for the stack's resources of a type."""
    resources = pages(
        world, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=world.deployed.name
    )
    return {item["PhysicalResourceId"]: item["LogicalResourceId"] for item in resources if item["ResourceType"] == kind}


def _alarms(world: World) -> dict[str, Any]:
    names = _of_type(world, "AWS::CloudWatch::Alarm")
    found = world.call("cloudwatch", "describe_alarms", AlarmNames=list(names), MaxRecords=100).needed()["MetricAlarms"]
    states = {names[alarm["AlarmName"]]: alarm["StateValue"] for alarm in found}
    return {
        "alarms": states,
        "on": sorted(name for name, state in states.items() if state == "ALARM"),
        "not there": sorted(set(names.values()) - set(states)),
    }


def _dead_letters(world: World) -> dict[str, Any]:
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = 0
    for url in world.deployed.dead_letters:
        answer = world.call("sqs", "get_queue_attributes", QueueUrl=url, AttributeNames=counts).needed()
        found += sum(int(answer["Attributes"][name]) for name in counts)
    return {"queues": len(world.deployed.dead_letters), "dead letters": found}


def _caps(world: World) -> dict[str, Any]:
    names, caps, off = _of_type(world, "AWS::Lambda::EventSourceMapping"), dict[str, Any](), list[str]()
    mappings = "list_event_source_mappings", "EventSourceMappings"
    for found in pages(world, "lambda", *mappings, next_page="NextMarker", from_page="Marker"):
        if name := names.get(found["UUID"]):
            if found["State"] != "Enabled":
                off.append(name)
            if ":sqs:" in found["EventSourceArn"]:
                caps[name] = (found.get("ScalingConfig") or {}).get("MaximumConcurrency")
    return {
        "functions at once": caps,
        "without a cap": sorted(name for name, cap in caps.items() if cap is None),
        "not enabled": sorted(off),
    }


CHECKS = (
    Check(
        id="queue-caps",
        assumption="Lambda reads the stack's queues, and each mapping has the template's maximum concurrency.",
        source="https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html",
        when="after deploying",
        expected={"without a cap": [], "not enabled": []},
        look=_caps,
        permissions=("cloudformation:ListStackResources", "lambda:ListEventSourceMappings"),
        varies=frozenset({"functions at once"}),
    ),
    Check(
        id="alarms",
        assumption="All alarms of the stack exist, and none is in alarm after the probes.",
        source="the template",
        when="after deploying",
        expected={"on": [], "not there": []},
        look=_alarms,
        permissions=("cloudformation:ListStackResources", "cloudwatch:DescribeAlarms"),
        varies=frozenset({"alarms"}),
    ),
    Check(
        id="dead-letters",
        assumption="Every event that the probes caused was delivered and handled: the dead-letter queues are empty.",
        source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-dlq.html",
        when="after deploying",
        expected={"dead letters": 0},
        look=_dead_letters,
        permissions=("sqs:GetQueueAttributes",),
        varies=frozenset({"queues"}),
    ),
)
