"""Decide which tool a model calls, and with which input: a stand-in for judgement, by fixed rules.

A tool that is demanded is called. Where one of several must be, it is the first until that has answered, and then the
last, which is where a client puts the form of its answer. Where none need be, it is one whose name is in the question.
"""

import re
import uuid
from collections.abc import Mapping
from typing import Any

_DEEPEST = 5  # a schema may refer to itself


def specifications(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the specifications of a Converse request's tools."""
    return [tool["toolSpec"] for tool in (request.get("toolConfig") or {}).get("tools", []) if "toolSpec" in tool]


def chosen(request: Mapping[str, Any], question: str) -> dict[str, Any] | None:
    """Return the specification of the tool that the model calls; None where it answers in words."""
    specs = specifications(request)
    choice = (request.get("toolConfig") or {}).get("toolChoice") or {"auto": {}}
    answered = any("toolResult" in block for block in request["messages"][-1]["content"])
    if "tool" in choice:
        return next((spec for spec in specs if spec["name"] == choice["tool"]["name"]), None)
    if "any" in choice:
        return specs[-1 if answered else 0]
    return None if answered else next((spec for spec in specs if spec["name"] in question), None)


def call(spec: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return the call of a tool whose input fits its schema and says ``text`` where it can."""
    schema = spec["inputSchema"]["json"]
    return {
        "toolUseId": f"tooluse_{uuid.uuid4().hex[:22]}",
        "name": spec["name"],
        "input": _value(schema, schema, text),
    }


def _value(schema: Any, top: Mapping[str, Any], text: str, depth: int = 0) -> Any:
    schema = _followed(schema, top)
    if "enum" in schema:
        return text if text in schema["enum"] else schema["enum"][0]
    if "const" in schema:
        return schema["const"]
    for either in ("anyOf", "oneOf", "allOf"):
        if schema.get(either):
            return _value(schema[either][0], top, text, depth + 1)
    kind = schema.get("type", "object" if "properties" in schema or depth == 0 else "string")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        members = schema.get("properties", {}).items() if depth < _DEEPEST else ()
        return {name: _value(member, top, text, depth + 1) for name, member in members}
    if kind == "array":
        return [_value(schema.get("items", {}), top, text, depth + 1)] if depth < _DEEPEST else []
    number = re.search(r"\d+", text)
    plain = {"integer": int(number[0]) if number else 0, "boolean": True, "null": None}
    return float(number[0]) if kind == "number" and number else plain.get(kind, 0 if kind == "number" else text)


def _followed(schema: Any, top: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow a reference within the schema once; an unknown place holds anything."""
    if not isinstance(schema, Mapping):
        return {}
    place: Any = top
    reference = schema.get("$ref")
    if not isinstance(reference, str) or not reference.startswith("#"):
        return schema
    for part in reference.removeprefix("#").strip("/").split("/"):
        place = place.get(part, {}) if part and isinstance(place, Mapping) else place
    return place if isinstance(place, Mapping) else {}
