"""Bedrock Converse JSONL (``bedrock-conversation-2024``): the shape that Nova and most others are trained on."""

import base64
import binascii
import difflib
from typing import Any, Final

from tailor.datasets.example import Block, Example, Media, MediaKind, Raw, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.findings import RowError, Severity, Trouble

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
    usual: set[tuple[str, ...]] = set()

    def convert(row: Row, line: int) -> Example:
        keys = tuple(row)
        if keys not in usual and not _odd_keys(row, line, context):
            usual.add(keys)
        if row.get("schemaVersion") != SCHEMA:
            _note_schema(row, line, context)
        troubles: list[Trouble] = []
        turns = read_turns(row.get("messages"), troubles)
        _note_odd_messages(row.get("messages"), line, context)
        system = read_system(row["system"], troubles) if "system" in row else None
        example = Example(file, line, turns, system or default_system)
        if row.get("toolConfig") is not None:
            example.extra["tools"] = _tools(row["toolConfig"], troubles)
        if troubles:
            raise RowError(*troubles)
        return example

    return convert


def _note_schema(row: Row, line: int, context: Context) -> None:
    said = f"is {row['schemaVersion']!r:.60}" if "schemaVersion" in row else "is missing"
    message, fix = f"schemaVersion {said}", f"nothing to do here: it is written as {SCHEMA!r}"
    path = "$.schemaVersion"
    context.notes.add("schema-version", "warning", context.file, message, fix, line=line, path=path)


def _tools(config: Any, troubles: list[Trouble]) -> list[Any]:
    tools = config.get("tools") if isinstance(config, dict) else None
    if isinstance(tools, list):
        return tools
    troubles.append(_wrong("$.toolConfig.tools", "a list of tools", tools))
    return []


def _odd_keys(row: Row, line: int, context: Context) -> bool:
    """Whether the row has keys that are not Converse's; they are reported once for each name."""
    odd = sorted(key for key in row if key not in _KEYS)
    for key in odd:
        near = difflib.get_close_matches(key, _KEYS, n=1)
        fix = f"did you mean {near[0]!r}?" if near else "nothing to do if it is not meant for training"
        severity: Severity = "warning" if near else "info"
        message = f"the key {key!r:.80} is not one of Converse's and is not used"
        context.notes.add("unknown-key", severity, context.file, message, fix, line=line, path=f"$.{key}")
    return bool(odd)


def _note_odd_messages(messages: Any, line: int, context: Context) -> None:
    """Keys of messages that are not Converse's: they are not used."""
    for message in messages if isinstance(messages, list) else ():
        for key in message if isinstance(message, dict) else ():
            if key not in ("role", "content", "candidates"):
                said = f"the key {key!r:.80} of a message is not one of Converse's and is not used"
                fix, path = "nothing to do if it is not meant for training", f"$.messages[].{key:.80}"
                context.notes.add("unknown-key", "info", context.file, said, fix, line=line, path=path)


def _wrong(path: str, expected: str, found: Any) -> Trouble:
    return Trouble("wrong-type", f"{path} is {describe(found)}, not {expected}", f"write {path} as {expected}", path)


def read_turns(messages: Any, troubles: list[Trouble]) -> list[Turn]:
    """Turns of Converse messages."""
    if type(messages) is not list:
        troubles.append(_wrong("$.messages", "a list of messages", messages))
        return []
    turns = []
    for number, message in enumerate(messages):
        if type(message) is not dict:
            troubles.append(_wrong(f"$.messages[{number}]", "an object with role and content", message))
            continue
        role: Any = message.get("role")
        if role != "user" and role != "assistant":
            troubles.append(_bad_role(role, f"$.messages[{number}].role"))
        content = message.get("content")
        if content is None and "candidates" in message:
            said, fix = "these are preference pairs (DPO), which are not taken", "make the preferred answer the content"
            troubles.append(Trouble("format-unknown", said, fix, f"$.messages[{number}].candidates"))
            continue
        if type(content) is not list:
            troubles.append(_wrong(f"$.messages[{number}].content", "a list of blocks", content))
            continue
        blocks: list[Block] = []
        for at, item in enumerate(content):
            if type(item) is dict and len(item) == 1 and type(text := item.get("text")) is str:
                blocks.append(Text(text))
            else:
                blocks += _block(item, f"$.messages[{number}].content[{at}]", troubles)
        turns.append(Turn(role, blocks))
    return turns


def _bad_role(role: Any, path: str) -> Trouble:
    if isinstance(role, str) and role.lower() in ("user", "assistant"):
        return Trouble("unknown-role", f"the role {role!r} is not lower case", f"write {role.lower()!r}", path)
    if role == "system":
        fix = 'move the text to the top: "system": [{"text": "…"}]'
        return Trouble("unknown-role", "Converse has no messages of the system", fix, path)
    said = "there is no role" if role is None else f"there is no role {role!r:.60}"
    return Trouble("unknown-role", said, "write 'user' or 'assistant'", path)


def read_system(value: Any, troubles: list[Trouble]) -> str | None:
    """The text of Converse's list of system blocks."""
    if type(value) is list and len(value) == 1 and type(value[0]) is dict and type(value[0].get("text")) is str:
        return str(value[0]["text"])
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        troubles.append(_wrong("$.system", "a list of text blocks", value))
        return None
    texts = []
    for number, item in enumerate(value):
        text = item.get("text") if isinstance(item, dict) else None
        if isinstance(text, str):
            texts.append(text)
        else:
            troubles.append(_wrong(f"$.system[{number}].text", "text", text))
    return "\n\n".join(texts) if texts else None


def _block(item: Any, path: str, troubles: list[Trouble]) -> list[Block]:
    if not isinstance(item, dict):
        troubles.append(_wrong(path, 'an object such as {"text": "…"}', item))
        return []
    blocks: list[Block] = []
    for key, value in item.items():
        if key == "text":
            if isinstance(value, str):
                blocks.append(Text(value))
            else:
                troubles.append(_wrong(f"{path}.text", "text", value))
        elif key in _MEDIA:
            media = _media(_MEDIA[key], value, f"{path}.{key}", troubles)
            blocks += [media] if media else []
        elif key in _RAW:
            if isinstance(value, dict):
                blocks.append(Raw(key, value))
            else:
                troubles.append(_wrong(f"{path}.{key}", "an object", value))
        else:
            near = difflib.get_close_matches(key, _BLOCKS, n=1)
            fix = f"did you mean {near[0]!r}?" if near else f"a block is one of {', '.join(_BLOCKS)}"
            troubles.append(Trouble("unknown-block", f"there is no block {key!r:.80}", fix, path))
    if not item:
        troubles.append(Trouble("unknown-block", "the block is empty", 'write {"text": "…"} or remove it', path))
    return blocks


def _media(kind: MediaKind, value: Any, path: str, troubles: list[Trouble]) -> Media | None:
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, dict):
        troubles.append(_wrong(f"{path}.source", "an object with s3Location or bytes", source))
        return None
    claimed = value.get("format")
    format = claimed if isinstance(claimed, str) else None
    if isinstance(source.get("bytes"), str):
        try:
            return Media(kind, data=base64.b64decode(source["bytes"], validate=True), format=format)
        except (binascii.Error, ValueError):
            fix = "encode the file's bytes in base64, or reference it with s3Location"
            troubles.append(Trouble("bad-base64", "the bytes are not valid base64", fix, f"{path}.source.bytes"))
            return None
    location = source.get("s3Location")
    uri = location.get("uri") if isinstance(location, dict) else None
    if not isinstance(location, dict) or not isinstance(uri, str):
        troubles.append(_wrong(f"{path}.source.s3Location.uri", "an S3 URI", uri))
        return None
    owner = location.get("bucketOwner")
    return Media(kind, ref=uri, format=format, owner=None if owner is None else str(owner))


FORMAT = Format("converse", "Bedrock Converse", _fits, _converter)
