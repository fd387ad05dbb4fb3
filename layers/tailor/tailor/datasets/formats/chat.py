"""Read the parts that chat formats share: media behind URLs, tools, roles."""

import base64
import binascii
import re
from typing import Any, Final

import orjson

from tailor.datasets.example import Block, Media, MediaKind, Raw, Role, Turn
from tailor.findings import Finding, finding

_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[^;,]*)*(?P<base64>;base64)?,")
_VIDEO_SUFFIXES: Final = (".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v", ".mpeg", ".mpg", ".wmv", ".flv", ".3gp")
_NO_PARAMETERS: Final[dict[str, Any]] = {"type": "object", "properties": {}}
_JSON_TYPES: Final = {
    "int": "integer", "float": "number", "bool": "boolean", "list": "array", "tuple": "array", "set": "array",
    "dict": "object", "str": "string", "integer": "integer", "number": "number", "boolean": "boolean", "array": "array",
    "object": "object",
}  # fmt: skip
KINDS: Final = {
    str: "text",
    int: "a number",
    float: "a number",
    bool: "true or false",
    list: "a list",
    dict: "an object",
}


def describe(value: Any) -> str:
    """Return a description of a value for people."""
    return "missing" if value is None else KINDS.get(type(value), type(value).__name__)


def media_of(url: str, kind: MediaKind | None, path: str, problems: list[Finding]) -> Media | None:
    """Return the medium behind a path, a URL or a ``data:`` URL. ``kind`` None: decided by the name."""
    if not url.startswith("data:"):
        guessed: MediaKind = "video" if url.lower().endswith(_VIDEO_SUFFIXES) else "image"
        return Media(kind or guessed, ref=url)
    match = _DATA_URL.match(url[:200])
    if not match or not match["base64"]:
        problems.append(finding("bad-data-url", path=path))
        return None
    try:
        data = base64.b64decode(url[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        problems.append(finding("bad-base64/data-url", path=path))
        return None
    family, _, format = (match["type"] or "").partition("/")
    return Media(kind or ("video" if family == "video" else "image"), data=data, format=format or None)


def tool_specs(tools: Any, path: str, problems: list[Finding]) -> list[dict[str, Any]] | None:
    """Return OpenAI's list of tools (or its JSON text) in Converse's shape."""
    if isinstance(tools, str):
        if not tools.strip():
            return None
        try:
            tools = orjson.loads(tools)
        except orjson.JSONDecodeError as error:
            problems.append(finding("bad-tools/json", path=path, reason=error))
            return None
    if not tools:
        return None
    if not isinstance(tools, list):
        problems.append(finding("bad-tools", path=path, kind=describe(tools)))
        return None
    specs = []
    for number, tool in enumerate(_declared(tools)):
        function = tool.get("function", tool) if isinstance(tool, dict) else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            problems.append(finding("bad-tools/name", path=f"{path}[{number}]"))
            continue
        spec: dict[str, Any] = {"name": function["name"]}
        if isinstance(function.get("description"), str):
            spec["description"] = function["description"]
        schema = function.get("parameters", function.get("input_schema"))
        spec["inputSchema"] = {"json": _schema(schema) if isinstance(schema, dict) else _NO_PARAMETERS}
        specs.append({"toolSpec": spec})
    return specs


def _declared(tools: list[Any]) -> list[Any]:
    """Yield each tool; Gemini lists several in an object."""
    inside = (
        tool.get("functionDeclarations", tool.get("function_declarations")) if isinstance(tool, dict) else None
        for tool in tools
    )
    return [
        each
        for tool, inner in zip(tools, inside, strict=True)
        for each in (inner if isinstance(inner, list) else [tool])
    ]


def _schema(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the JSON schema of a tool's parameters, also if they are listed by name with Python's types."""
    if "type" in parameters or "properties" in parameters or "$ref" in parameters:
        return parameters
    if not all(isinstance(each, dict) for each in parameters.values()):
        return parameters
    properties = {name: {**each, "type": _json_type(each.get("type"))} for name, each in parameters.items()}
    return {"type": "object", "properties": properties}


def _json_type(name: Any) -> str:
    word = re.match(r"[A-Za-z]*", name)[0].lower() if isinstance(name, str) else ""  # type: ignore[index]
    return _JSON_TYPES.get(word, word if word in _JSON_TYPES.values() else "string")


def tool_use(identifier: str, name: Any, arguments: Any, path: str, problems: list[Finding]) -> Raw | None:
    """Return a tool call. ``arguments``: an object or its JSON text."""
    if isinstance(arguments, str):
        try:
            arguments = orjson.loads(arguments) if arguments.strip() else {}
        except orjson.JSONDecodeError:
            problems.append(finding("bad-tool-call/arguments", path=path))
            return None
    if not isinstance(name, str) or not isinstance(arguments, dict):
        problems.append(finding("bad-tool-call/name", path=path))
        return None
    return Raw("toolUse", {"toolUseId": identifier, "name": name, "input": arguments})


def tool_result(identifier: str, text: str) -> Raw:
    return Raw("toolResult", {"toolUseId": identifier, "content": [{"text": text}]})


def add_turn(turns: list[Turn], role: Role, blocks: list[Block]) -> None:
    """Append a turn. A tool's call or result belongs to the adjacent turn of the same role."""
    last = turns[-1] if turns else None
    if last and last.role == role and (_has_raw(last.blocks) or _has_raw(blocks)):
        last.blocks += blocks
    else:
        turns.append(Turn(role, blocks))


def _has_raw(blocks: list[Block]) -> bool:
    return any(type(block) is Raw for block in blocks)
