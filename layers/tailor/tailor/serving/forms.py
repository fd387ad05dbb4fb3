"""Ask for an answer in a form: Converse gets a tool that the model must use, and the tool's input is the answer.

A tool's input is an object. A schema of anything else is put into one, as its only member.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tailor.serving.schema import ChatRequest, JsonObjectFormat, JsonSchemaFormat, NamedTool

_DESCRIPTION = "Gives the answer in this form."
_MEMBER = "value"
_ANY_OBJECT = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Form:
    """The form of an answer. ``wrapped``: the answer is a member of the tool's input, and not all of it."""

    name: str
    schema: Mapping[str, Any]
    description: str = _DESCRIPTION
    strict: bool | None = None
    wrapped: bool = False

    def tool(self) -> dict[str, Any]:
        """Return the tool for Converse's ``toolConfig``."""
        spec = {"name": self.name, "description": self.description, "inputSchema": {"json": self.schema}}
        return {"toolSpec": spec if self.strict is None else spec | {"strict": self.strict}}

    def answer(self, given: Mapping[str, Any]) -> str | None:
        """Return the answer in a tool's input as JSON; None if there is none."""
        if not self.wrapped:
            return json.dumps(given, ensure_ascii=False)
        return json.dumps(given[_MEMBER], ensure_ascii=False) if _MEMBER in given else None


def form_of(request: ChatRequest) -> Form | None:
    """Return the form that an answer must have; None for text, and where the request demands a call of a tool."""
    if request.tools and (request.tool_choice == "required" or isinstance(request.tool_choice, NamedTool)):
        return None
    taken = {tool.function.name for tool in request.tools or ()}
    match request.response_format:
        case JsonObjectFormat():
            return Form(_free("json_answer", taken), _ANY_OBJECT)
        case JsonSchemaFormat(json_schema=wanted):
            wrapped = wanted.schema_.get("type") != "object"
            schema = _wrapped(wanted.schema_) if wrapped else wanted.schema_
            description = (wanted.description or "").strip() or _DESCRIPTION
            return Form(_free(wanted.name, taken), schema, description, wanted.strict, wrapped)
    return None


def _free(name: str, taken: Collection[str]) -> str:
    """Return the name, changed where a tool of the request has it."""
    return (
        name if name not in taken else next(other for n in range(2, 200) if (other := f"{name[:60]}_{n}") not in taken)
    )


def _wrapped(schema: Mapping[str, Any]) -> dict[str, Any]:
    moved = _moved(schema, f"#/properties/{_MEMBER}")
    return {"type": "object", "properties": {_MEMBER: moved}, "required": [_MEMBER], "additionalProperties": False}


def _moved(schema: Any, place: str) -> Any:
    """Let references within a schema (``#/$defs/…``) follow it to its new place."""
    if isinstance(schema, Mapping):
        return {
            name: place + value[1:]
            if name == "$ref" and isinstance(value, str) and value.startswith("#")
            else _moved(value, place)
            for name, value in schema.items()
        }
    return [_moved(item, place) for item in schema] if isinstance(schema, list) else schema
