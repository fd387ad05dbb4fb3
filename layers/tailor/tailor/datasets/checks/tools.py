"""Check that tool definitions, calls and results within one example fit together."""

from collections.abc import Iterator
from typing import Any

from tailor.datasets.example import Example, Raw

Problem = tuple[str, str, dict[str, Any]]
"""A check's code, a path, and the values for its message."""


def tool_problems(example: Example) -> Iterator[Problem]:
    names: set[str] = set()
    for at, tool in enumerate(_list(example.extra.get("tools"))):
        spec = _dict(_dict(tool).get("toolSpec") or _dict(tool).get("function") or tool)
        reason = _definition_problem(spec, names)
        if reason:
            yield "tool-definition", f"$.toolConfig.tools[{at}]", {"reason": reason}
    calls: dict[str, str] = {}
    answered: set[str] = set()
    last = len(example.turns) - 1
    for place, turn in enumerate(example.turns):
        for at, block in enumerate(turn.blocks):
            if not isinstance(block, Raw) or block.kind == "reasoningContent":
                continue
            path, id = f"$.messages[{place}].content[{at}]", str(block.value.get("toolUseId") or "")
            if block.kind == "toolUse":
                name = str(block.value.get("name") or "")
                if name not in names:
                    yield "tool-unknown", path, {"name": name}
                if not id or id in calls:
                    yield "tool-call-id", path, {"id": id}
                # A call in the last answer is what the model learns to make; nobody has answered it yet.
                calls[id] = path if place < last else ""
            elif id not in calls or id in answered:
                yield "tool-result", path, {"id": id}
            else:
                answered.add(id)
    for id, path in calls.items():
        if path and id not in answered:
            yield "tool-unanswered", path, {"id": id}


def _definition_problem(spec: dict[str, Any], names: set[str]) -> str | None:
    name = spec.get("name")
    if not isinstance(name, str) or not name:
        return "it has no name"
    if name in names:
        return f"{name!r} is defined twice"
    names.add(name)
    if not isinstance(spec.get("description"), str) or not spec["description"].strip():
        return f"{name!r} has no description"
    schema = _dict(spec.get("inputSchema")).get("json") or spec.get("parameters")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        return f"{name!r} has no schema of type object"
    return None


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
