"""template.yaml as tests read it."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from tailor.verify.checkout import read_template

ROOT = Path(__file__).parents[3]


@cache
def template() -> dict[str, Any]:
    return dict(read_template(ROOT / "template.yaml"))


def event_of(name: str) -> Any:
    """Return the event of a file in events/, taken out of the message of a queue that holds it."""
    found = json.loads((ROOT / "events" / f"{name}.json").read_text(encoding="utf-8"))
    match found:
        case {"Records": [{"eventSource": "aws:sqs", "body": str(body)}, *_]}:
            return json.loads(body)
    return found


def functions() -> dict[str, dict[str, Any]]:
    """Properties of each function by its folder's name."""
    found = {}
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            found[resource["Properties"]["CodeUri"].removeprefix("functions/")] = resource["Properties"]
    return found


def statements(function: str) -> list[dict[str, Any]]:
    """Return the statements of a function's own policies."""
    policies = functions()[function]["Policies"]
    return [statement for policy in policies for statement in policy.get("Statement", [])]


def rules() -> list[tuple[str, str, dict[str, Any]]]:
    """(function, bus, pattern) of every EventBridge rule; references to the bucket become its test name.

    The function of a rule that feeds a queue is the one that takes the queue's messages.
    """
    found = []
    for resource in template()["Resources"].values():
        if resource["Type"] == "AWS::Events::Rule":
            (target,) = resource["Properties"]["Targets"]
            name = _reader(target["Arn"])
            bus = "tailor" if "EventBusName" in resource["Properties"] else "default"
            found.append((name, bus, _resolved(resource["Properties"]["EventPattern"])))
    for name, properties in functions().items():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "EventBridgeRule":
                bus = "tailor" if "EventBusName" in event["Properties"] else "default"
                found.append((name, bus, _resolved(event["Properties"]["Pattern"])))
    return found


def _reader(queue: dict[str, str]) -> str:
    """The folder of the function that takes the messages of a queue."""
    resources = template()["Resources"]
    (mapping,) = [
        resource["Properties"]
        for resource in resources.values()
        if resource["Type"] == "AWS::Lambda::EventSourceMapping" and resource["Properties"]["EventSourceArn"] == queue
    ]
    code: str = resources[mapping["FunctionName"]["Ref"]]["Properties"]["CodeUri"]
    return code.removeprefix("functions/")


def _resolved(value: Any) -> Any:
    if isinstance(value, dict):
        return "tailor-bucket" if value == {"Ref": "Bucket"} else {k: _resolved(v) for k, v in value.items()}
    return [_resolved(item) for item in value] if isinstance(value, list) else value
