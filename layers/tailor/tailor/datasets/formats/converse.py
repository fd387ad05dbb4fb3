"""Read Bedrock Converse JSONL (``bedrock-conversation-2024``), on which Nova and most others are trained."""

import base64
import binascii
import difflib
from typing import Any, Final

from tailor.datasets.example import Block, Example, Media, MediaKind, Raw, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.findings import Finding, RowError, finding

SCHEMA: Final = "bedrock-conversation-2024"
_KEYS: Final = ("schemaVersion", "system", "messages", "toolConfig")
_MEDIA: Final[dict[str, MediaKind]] = {"image": "image", "video": "video", "document": "document"}
_RAW: Final = ("toolUse", "toolResult", "reasoningContent")
_BLOCKS: Final = ("text", *_MEDIA, *_RAW)


def _fits(sample: Sample) -> bool:
    return sample.share(_is_converse) > 0.5


def _is_converse(row: Row) -> bool:
    if "schemaVersion" in row and "messages" in row:
        return True
    messages = row.get("messages")
    if not isinstance(messages, list):
        return False
    blocks = [
        block
        for message in messages
        if isinstance(message, dict) and isinstance(message.get("content"), list)
        for block in message["content"]
    ]
    return bool(blocks) and all(
        isinstance(block, dict) and "type" not in block and any(key in block for key in _BLOCKS) for block in blocks
    )


def _converter(context: Context) -> Converter:
    file, default_system = context.file, context.data.system

    def convert(row: Row, line: int) -> Example:
        if row.get("schemaVersion") != SCHEMA:
            _note_schema(row, line, context)
        problems: list[Finding] = []
        messages = row.get("messages")
        turns = _plain(messages) or read_turns(context.turns.learnt(messages, "$.messages", line), problems)
        system = read_system(row["system"], problems) if "system" in row else None
        example = Example(file, line, turns, system or default_system)
        if row.get("toolConfig") is not None:
            example.extra["tools"] = _tools(row["toolConfig"], problems)
        if problems:
            raise RowError(*problems)
        return example

    return convert


def _note_schema(row: Row, line: int, context: Context) -> None:
    code = "schema-version" if "schemaVersion" in row else "schema-version/missing"
    version, path = row.get("schemaVersion"), "$.schemaVersion"
    context.notes.add(finding(code, context.file, line, path=path, version=version, schema=SCHEMA))


def _tools(config: Any, problems: list[Finding]) -> list[Any]:
    tools = config.get("tools") if isinstance(config, dict) else None
    if isinstance(tools, list):
        return tools
    problems.append(_wrong("$.toolConfig.tools", "a list of tools", tools))
    return []


def _wrong(path: str, expected: str, found: Any) -> Finding:
    return finding("wrong-type", path=path, kind=describe(found), expected=expected)


def _plain(messages: Any) -> list[Turn] | None:
    """Return the turns if everything is plain text, as in most rows; None if they need a closer look."""
    turns = []
    try:
        for message in messages:
            role, content = message["role"], message["content"]
            if len(message) != 2 or type(content) is not list or (role != "user" and role != "assistant"):
                return None
            blocks: list[Block] = []
            for block in content:
                text = block["text"]
                if len(block) != 1 or type(text) is not str:
                    return None
                blocks.append(Text(text))
            turns.append(Turn(role, blocks))
    except (KeyError, TypeError, IndexError):
        return None
    return turns


def read_turns(messages: Any, problems: list[Finding]) -> list[Turn]:
    """Return the turns of Converse messages."""
    if type(messages) is not list:
        problems.append(_wrong("$.messages", "a list of messages", messages))
        return []
    turns = []
    for number, message in enumerate(messages):
        if type(message) is not dict:
            problems.append(_wrong(f"$.messages[{number}]", "an object with role and content", message))
            continue
        role: Any = message.get("role")
        if role != "user" and role != "assistant":
            problems.append(_bad_role(role, f"$.messages[{number}].role"))
        content = message.get("content")
        if content is None and "candidates" in message:
            problems.append(finding("rows-unrecognised/candidates", path=f"$.messages[{number}].candidates"))
            continue
        if type(content) is not list:
            problems.append(_wrong(f"$.messages[{number}].content", "a list of blocks", content))
            continue
        blocks: list[Block] = []
        for at, item in enumerate(content):
            if type(item) is dict and len(item) == 1 and type(text := item.get("text")) is str:
                blocks.append(Text(text))
            else:
                blocks += _block(item, f"$.messages[{number}].content[{at}]", problems)
        turns.append(Turn(role, blocks))
    return turns


def _bad_role(role: Any, path: str) -> Finding:
    if isinstance(role, str) and role.lower() in ("user", "assistant"):
        return finding("unknown-role/upper-case", path=path, role=role, lower=role.lower())
    if role == "system":
        return finding("unknown-role/system", path=path)
    code = "unknown-role/missing" if role is None else "unknown-role"
    return finding(code, path=path, role=role, known="'user' or 'assistant'")


def read_system(value: Any, problems: list[Finding]) -> str | None:
    """Return the text of Converse's list of system blocks."""
    if type(value) is list and len(value) == 1 and type(value[0]) is dict and type(value[0].get("text")) is str:
        return str(value[0]["text"])
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        problems.append(_wrong("$.system", "a list of text blocks", value))
        return None
    texts = []
    for number, item in enumerate(value):
        text = item.get("text") if isinstance(item, dict) else None
        if isinstance(text, str):
            texts.append(text)
        else:
            problems.append(_wrong(f"$.system[{number}].text", "text", text))
    return "\n\n".join(texts) if texts else None


def _block(item: Any, path: str, problems: list[Finding]) -> list[Block]:
    if not isinstance(item, dict):
        problems.append(_wrong(path, 'an object such as {"text": "…"}', item))
        return []
    blocks: list[Block] = []
    for key, value in item.items():
        if key == "text":
            if isinstance(value, str):
                blocks.append(Text(value))
            else:
                problems.append(_wrong(f"{path}.text", "text", value))
        elif key in _MEDIA:
            media = _media(_MEDIA[key], value, f"{path}.{key}", problems)
            blocks += [media] if media else []
        elif key in _RAW:
            if isinstance(value, dict):
                blocks.append(Raw(key, value))
            else:
                problems.append(_wrong(f"{path}.{key}", "an object", value))
        else:
            near = difflib.get_close_matches(key, _BLOCKS, n=1)
            known, code = ", ".join(_BLOCKS), "unknown-block/misspelt" if near else "unknown-block"
            problems.append(finding(code, path=path, key=key, near=near[0] if near else "", known=known))
    if not item:
        problems.append(finding("unknown-block/empty", path=path))
    return blocks


def _media(kind: MediaKind, value: Any, path: str, problems: list[Finding]) -> Media | None:
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, dict):
        problems.append(_wrong(f"{path}.source", "an object with s3Location or bytes", source))
        return None
    claimed = value.get("format")
    format = claimed if isinstance(claimed, str) else None
    if isinstance(source.get("bytes"), str):
        try:
            return Media(kind, data=base64.b64decode(source["bytes"], validate=True), format=format)
        except (binascii.Error, ValueError):
            problems.append(finding("bad-base64/bytes", path=f"{path}.source.bytes"))
            return None
    location = source.get("s3Location")
    uri = location.get("uri") if isinstance(location, dict) else None
    if not isinstance(location, dict) or not isinstance(uri, str):
        problems.append(_wrong(f"{path}.source.s3Location.uri", "an S3 URI", uri))
        return None
    owner = location.get("bucketOwner")
    return Media(kind, ref=uri, format=format, owner=None if owner is None else str(owner))


FORMAT = Format("converse", "Bedrock Converse", _fits, _converter, keys=_KEYS, strict=True)
