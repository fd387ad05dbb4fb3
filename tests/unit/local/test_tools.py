"""Which tool the stand-in's models call, and that what they put into it fits its schema."""

from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor_local.bedrock.tools import call, chosen

WEATHER, FORM = (
    {"name": "weather", "inputSchema": {"json": {"type": "object"}}},
    {
        "name": "form",
        "inputSchema": {"json": {"type": "object"}},
    },
)


def request(choice: dict[str, Any] | None, *, answered: bool = False) -> dict[str, Any]:
    block: dict[str, Any] = {"toolResult": {"toolUseId": "t", "content": []}} if answered else {"text": "x"}
    config: dict[str, Any] = {"tools": [{"toolSpec": WEATHER}, {"toolSpec": FORM}]}
    if choice:
        config["toolChoice"] = choice
    return {"messages": [{"role": "user", "content": [block]}], "toolConfig": config}


@pytest.mark.parametrize(
    ("choice", "question", "answered", "name"),
    [
        ({"tool": {"name": "form"}}, "", False, "form"),
        ({"any": {}}, "", False, "weather"),
        ({"any": {}}, "", True, "form"),
        ({"auto": {}}, "call weather", False, "weather"),
        (None, "call weather", False, "weather"),
        ({"auto": {}}, "hello", False, None),
        ({"auto": {}}, "call weather", True, None),
    ],
)
def test_which_tool_is_called(choice: Any, question: str, answered: bool, name: str | None) -> None:
    tool = chosen(request(choice, answered=answered), question)
    assert (tool and tool["name"]) == name


leaves = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer"},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["string", "null"]},
        {"enum": ["a", "b"]},
        {"const": 3},
        {"$ref": "#/$defs/shared"},
        {},
    ]
)
schemas = st.recursive(
    leaves,
    lambda inner: (
        st.builds(lambda items: {"type": "array", "items": items, "minItems": 1}, inner)
        | st.builds(
            lambda members: {"type": "object", "properties": members, "required": [*members]},
            st.dictionaries(st.sampled_from("abc"), inner, max_size=2),
        )
        | st.builds(lambda each: {"anyOf": [each, {"type": "null"}]}, inner)
    ),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from("abc"), schemas, max_size=3), st.sampled_from(["đỏ", "có 2 con", "a"]))
def test_the_input_fits_the_schema(members: dict[str, Any], text: str) -> None:
    schema = {"type": "object", "properties": members, "required": [*members], "$defs": {"shared": {"type": "integer"}}}
    spec = {"name": "form", "inputSchema": {"json": schema}}
    jsonschema.validate(call(spec, text)["input"], schema)


def test_a_schema_that_refers_to_itself_ends() -> None:
    tree = {"type": "object", "properties": {"child": {"$ref": "#"}}}
    assert call({"name": "tree", "inputSchema": {"json": tree}}, "x")["input"]["child"]
