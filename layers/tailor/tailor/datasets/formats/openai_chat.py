"""OpenAI chat: ``messages`` of text or content parts, images as URLs, tool calls; what Claude writes otherwise, too."""

from typing import Any, Final

from tailor.datasets.example import Block, Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import add_turn, describe, media_of, tool_result, tool_specs, tool_use
from tailor.findings import Finding, RowError, finding

_SYSTEM: Final = ("system", "developer")
_USED: Final = frozenset({"messages", "system", "tools", "functions", "id"})
_MEDIA_PARTS: Final = ("image_url", "image", "input_image", "video_url", "video")
_TEXT_PARTS: Final = ("text", "input_text", "output_text")


def _fits(sample: Sample) -> bool:
    return sample.share(_has_messages) > 0.5


def _has_messages(row: Row) -> bool:
    messages = row.get("messages")
    return isinstance(messages, list) and any(isinstance(item, dict) and "role" in item for item in messages)


def _converter(context: Context) -> Converter:
    file, default_system = context.file, context.data.system
    usual: set[tuple[str, ...]] = set()

    def convert(row: Row, line: int) -> Example:
        keys = tuple(row)
        if keys not in usual:
            _note_unused(row, line, context)
            if _USED.issuperset(keys):
                usual.add(keys)
        problems: list[Finding] = []
        messages = row.get("messages")
        turns, systems = _plain(messages) or conversation(messages, "$.messages", problems, context, line)
        if "system" in row:
            systems.insert(0, _text(row["system"], "$.system", problems))
        example = Example(file, line, turns, "\n\n".join(systems) if systems else default_system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        tools = tool_specs(row.get("tools") or row.get("functions"), "$.tools", problems)
        if tools:
            example.extra["tools"] = tools
        if problems:
            raise RowError(*problems)
        return example

    return convert


def _plain(messages: Any) -> tuple[list[Turn], list[str]] | None:
    """Turns and system texts where all is text, as it mostly is; None sends the row through :func:`conversation`."""
    turns = []
    systems = []
    try:
        for message in messages:
            content = message["content"]
            if type(content) is not str or len(message) != 2:
                return None
            role = message["role"]
            if role == "user" or role == "assistant":
                turns.append(Turn(role, [Text(content)]))
            elif role == "system":
                systems.append(content)
            else:
                return None
    except (KeyError, TypeError):
        return None
    return turns, systems


def conversation(
    messages: Any, path: str, problems: list[Finding], context: Context, line: int
) -> tuple[list[Turn], list[str]]:
    """Turns and system texts of a list of messages."""
    turns: list[Turn] = []
    systems: list[str] = []
    if type(messages) is not list:
        problems.append(finding("wrong-type/messages", path=path, kind=describe(messages)))
        return turns, systems
    for number, message in enumerate(messages):
        if type(message) is not dict:
            problems.append(finding("wrong-type/message", path=f"{path}[{number}]", kind=describe(message)))
            continue
        if message.get("role") in _SYSTEM:
            systems.append(_text(message.get("content"), f"{path}[{number}].content", problems))
        else:
            _message(message, f"{path}[{number}]", turns, problems, context, line)
    return turns, systems


def _message(message: Row, path: str, turns: list[Turn], problems: list[Finding], context: Context, line: int) -> None:
    role = message.get("role")
    if role in ("tool", "function"):
        identifier = str(message.get("tool_call_id") or message.get("name") or "call")
        result = tool_result(identifier, _text(message.get("content"), f"{path}.content", problems))
        add_turn(turns, "user", [result])
        return
    if role not in ("user", "assistant"):
        problems.append(_bad_role(role, f"{path}.role"))
        return
    calls = _calls(message, path, problems)
    content = message.get("content")
    has_calls = bool(message.get("tool_calls") or message.get("function_call"))
    blocks = [] if content is None and has_calls else _blocks(content, f"{path}.content", problems)
    if message.get("weight") == 0:
        context.notes.add(finding("weight-ignored", context.file, line, path="messages[].weight"))
    add_turn(turns, role, blocks + calls)


def _bad_role(role: Any, path: str) -> Finding:
    lower = role.lower() if isinstance(role, str) else ""
    if lower in ("user", "assistant", "system", "tool"):
        return finding("unknown-role/upper-case", path=path, role=role, lower=lower)
    code = "unknown-role/missing" if role is None else "unknown-role"
    return finding(code, path=path, role=role, known="'system', 'user', 'assistant' or 'tool'")


def _calls(message: Row, path: str, problems: list[Finding]) -> list[Block]:
    calls = message.get("tool_calls") or []
    if message.get("function_call"):
        calls = [{"id": "call", "function": message["function_call"]}]
    if not isinstance(calls, list):
        problems.append(finding("bad-tool-call/list", path=f"{path}.tool_calls", kind=describe(calls)))
        return []
    blocks: list[Block] = []
    for number, call in enumerate(calls):
        function = call.get("function") if isinstance(call, dict) else None
        function = function if isinstance(function, dict) else {}
        identifier = str(call.get("id") or function.get("name") or "call") if isinstance(call, dict) else "call"
        where = f"{path}.tool_calls[{number}]"
        use = tool_use(identifier, function.get("name"), function.get("arguments", {}), where, problems)
        blocks += [use] if use else []
    return blocks


def _text(content: Any, path: str, problems: list[Finding]) -> str:
    blocks = _blocks(content, path, problems)
    if any(not isinstance(block, Text) for block in blocks):
        problems.append(finding("media-not-allowed", path=path))
    return "".join(block.text for block in blocks if isinstance(block, Text))


def _blocks(content: Any, path: str, problems: list[Finding]) -> list[Block]:
    if isinstance(content, str):
        return [Text(content)]
    if not isinstance(content, list):
        problems.append(finding("wrong-type/content", path=path, kind=describe(content)))
        return []
    blocks: list[Block] = []
    for number, part in enumerate(content):
        block = _part(part, f"{path}[{number}]", problems)
        blocks += [block] if block else []
    return blocks


def _part(part: Any, path: str, problems: list[Finding]) -> Block | None:
    if isinstance(part, str):
        return Text(part)
    kind = part.get("type") if isinstance(part, dict) else None
    if kind in _TEXT_PARTS:
        text = part.get("text", part.get("value"))
        if isinstance(text, str):
            return Text(text)
        problems.append(finding("wrong-type/text", path=f"{path}.text", kind=describe(text)))
        return None
    if kind in _MEDIA_PARTS:
        value = part.get(kind, part.get("image_url", part.get("value", part.get("url", part.get("source")))))
        url = _url(value) if isinstance(value, dict) else value
        if isinstance(url, str) and url:
            return media_of(url, "video" if kind.startswith("video") else "image", f"{path}.{kind}", problems)
        problems.append(finding("media-missing/part", path=path, kind=kind))
        return None
    problems.append(finding("unknown-block/part-type" if kind else "unknown-block/part", path=path, kind=kind))
    return None


def _url(value: Row) -> Any:
    """The URL of OpenAI's ``{"url": "…"}``, or of Claude's ``{"type": "base64", "media_type": "…", "data": "…"}``."""
    if value.get("type") == "base64" and isinstance(value.get("data"), str):
        return f"data:{value.get('media_type') or ''};base64,{value['data']}"
    return value.get("url")


def _note_unused(row: Row, line: int, context: Context) -> None:
    for key in sorted(row.keys() - _USED):
        context.notes.add(finding("unknown-key", context.file, line, path=f"$.{key}", key=key))


FORMAT = Format("openai-chat", "OpenAI chat", _fits, _converter)
