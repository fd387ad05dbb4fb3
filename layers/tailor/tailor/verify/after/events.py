"""Check that Bedrock's event about a job reaches the function that follows jobs, by that function's log."""

from decimal import Decimal
from typing import Any

from tailor.verify.after import jobs
from tailor.verify.answer import CannotCheckError
from tailor.verify.check import Check
from tailor.verify.cleaning import pages
from tailor.verify.world import World

PATIENCE = 300.0
_LOGS, _GROUP = "Logs", "AWS::Logs::LogGroup"


def _begin(world: World) -> None:
    if jobs.REFUSED not in world.notes:
        jobs.begin_refused(world)


def _arrived(world: World) -> dict[str, Any]:
    job = str(jobs.told(world.notes[jobs.REFUSED]).needed()["jobArn"])
    status = jobs.ended(world, jobs.REFUSED)["status"]
    group = _log_group(world)
    # A filter of one quoted word; an ARN's last part is a job's own.
    pattern = f'"{job.rpartition("/")[2]}"'

    def lines() -> int:
        found = world.call("logs", "filter_log_events", logGroupName=group, filterPattern=pattern).needed()
        return len(found.get("events", []))

    seen = world.until(lines, bool, PATIENCE)
    return {"job": status, "came to the function": seen > 0, "lines of its log": seen}


def _log_group(world: World) -> str:
    stack = world.deployed.name
    resources = pages(world, "cloudformation", "list_stack_resources", "StackResourceSummaries", StackName=stack)
    for item in resources:
        if item["LogicalResourceId"] == _LOGS and item["ResourceType"] == _GROUP:
            return str(item["PhysicalResourceId"])
    raise CannotCheckError(f"the stack {stack} has no group of logs {_LOGS}")


CHECKS = (
    Check(
        id="job-events",
        assumption="Bedrock sends an event when a job fails, and EventBridge delivers it to Tailor's function "
        "within five minutes.",
        source="https://docs.aws.amazon.com/bedrock/latest/userguide/monitoring-eventbridge.html",
        when="after deploying",
        cost=Decimal("0.001"),
        expected={"job": "Failed", "came to the function": True},
        begin=_begin,
        look=_arrived,
        permissions=(*jobs.PERMISSIONS, "cloudformation:ListStackResources", "logs:FilterLogEvents"),
        varies=frozenset({"lines of its log"}),
    ),
)
