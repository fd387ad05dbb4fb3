"""ShareGPT: ``conversations`` of from/value (or role/content), with media beside them and tools as JSON text."""

import re
from typing import Any, Final

import orjson

from tailor.datasets.example import Block, Example, Media, MediaKind, Role, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import add_turn, describe, place_media, tool_result, tool_specs, tool_use
from tailor.datasets.formats.question_answer import media_blocks
from tailor.findings import Finding, RowError, finding

_ROLES: Final[dict[str, Role]] = {
    "human": "user", "user": "user", "gpt": "assistant", "assistant": "assistant", "chatgpt": "assistant",
    "bot": "assistant", "model": "assistant", "bing": "assistant", "bard": "assistant",
}  # fmt: skip
_CALLS: Final = ("function_call", "tool_call")
_RESULTS: Final = ("observation", "tool", "function", "function_response", "tool_response")
_MEDIA: Final[dict[str, MediaKind]] = {"images": "image", "image": "image", "videos": "video", "video": "video"}
_TAG: Final = re.compile(r"<(?:image|video|img)>")
_PAIRS: Final = (("human", "assistant"), ("input", "output"), ("user", "assistant"))
_USED: Final = frozenset({"conversations", "conversation", "messages", "system", "tools", "id", *_MEDIA})


def _fits(sample: Sample) -> bool:
    return sample.share(is_conversation) > 0.5


def is_conversation(row: Row) -> bool:
    """``conversations``, or OpenAI's ``messages`` with media and their tags beside them."""
    turns = row.get(_key_of(row))
    if turns is None and any(key in row for key in _MEDIA):
        turns = row.get("messages")
    return isinstance(turns, list) and bool(turns) and all(isinstance(turn, dict) for turn in turns)


def make_converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        media = _media(row, problems)
        key = _key_of(row)
        key = key if key in row else "messages"
        turns, systems = _turns(row.get(key), f"$.{key}", media, problems)
        if media:
            _put_first(turns, media, problems)
        if isinstance(row.get("system"), str) and row["system"].strip():
            systems.insert(0, row["system"])
        tools = tool_specs(row.get("tools"), "$.tools", problems)
        for unused in sorted(row.keys() - _USED):
            context.notes.add(finding("unknown-key", context.file, line, path=f"$.{unused}", key=unused))
        if problems:
            raise RowError(*problems)
        example = Example(context.file, line, turns, "\n\n".join(systems) if systems else context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        if tools:
            example.extra["tools"] = tools
        return example

    return convert


def _media(row: Row, problems: list[Finding]) -> list[Media]:
    found: list[Media] = []
    for key, kind in _MEDIA.items():
        if row.get(key) not in (None, "", []):
            found += media_blocks(row[key], kind, key, problems)
    return found


def _turns(value: Any, path: str, media: list[Media], problems: list[Finding]) -> tuple[list[Turn], list[str]]:
    turns: list[Turn] = []
    systems: list[str] = []
    calls: list[str] = []
    available = len(media)
    tags = 0
    if not isinstance(value, list):
        problems.append(finding("wrong-type/turns", path=path, kind=describe(value)))
        return turns, systems
    for number, turn in enumerate(_single(value)):
        where = f"{path}[{number}]"
        role, text = _role_and_text(turn)
        if not isinstance(text, str):
            problems.append(finding("wrong-type/turn", path=f"{where}.value", kind=describe(text)))
        elif role in ("system", "developer"):
            systems.append(text)
        elif role in _CALLS:
            add_turn(turns, "assistant", _calls(text, calls, where, problems))
        elif role in _RESULTS:
            add_turn(turns, "user", [tool_result(calls.pop(0) if calls else "call", text)])
        elif role in _ROLES:
            is_user = _ROLES[role] == "user"
            tags += len(_TAG.findall(text)) if is_user else 0
            blocks: list[Block] = place_media(text, media, _TAG) if is_user and available else [Text(text)]
            add_turn(turns, _ROLES[role], blocks)
        else:
            code = "unknown-role" if role else "unknown-role/turn"
            problems.append(finding(code, path=f"{where}.from", role=role, known="'human', 'gpt' or 'system'"))
    if available and tags > available:
        problems.append(finding("media-count", path=path, tags=tags, count=available))
    return turns, systems


def _key_of(row: Row) -> str:
    return "conversation" if "conversation" in row and "conversations" not in row else "conversations"


def _single(turns: list[Any]) -> list[Any]:
    """Turns by themselves, where some are pairs of a question and its answer (Firefly's human and assistant, XTuner's
    input and output), of which the first may hold the system text."""
    found: list[Any] = []
    for turn in turns:
        pair = next((pair for pair in _PAIRS if isinstance(turn, dict) and pair[0] in turn and pair[1] in turn), None)
        if not pair:
            found.append(turn)
            continue
        if isinstance(turn.get("system"), str) and turn["system"].strip():
            found.append({"from": "system", "value": turn["system"]})
        found += [{"from": "user", "value": turn[pair[0]]}, {"from": "assistant", "value": turn[pair[1]]}]
    return found


def _role_and_text(turn: Any) -> tuple[str, Any]:
    if not isinstance(turn, dict):
        return "", turn
    role = turn.get("from", turn.get("role"))
    text = turn.get("value", turn.get("content"))
    return role.strip().lower() if isinstance(role, str) else "", text


def _calls(text: str, calls: list[str], path: str, problems: list[Finding]) -> list[Block]:
    """The tool calls in a turn: JSON text of one or of a list. Their ids go into ``calls`` for the results."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        problems.append(finding("bad-tool-call/json", path=f"{path}.value"))
        return []
    blocks: list[Block] = []
    for number, call in enumerate(value if isinstance(value, list) else [value]):
        call = call if isinstance(call, dict) else {}
        identifier = f"call-{path.rpartition('[')[2].rstrip(']')}-{number}"
        use = tool_use(identifier, call.get("name"), call.get("arguments", {}), f"{path}.value", problems)
        if use:
            calls.append(identifier)
            blocks.append(use)
    return blocks


def _put_first(turns: list[Turn], media: list[Media], problems: list[Finding]) -> None:
    """Media without a tag stand before the words of the first turn of the user."""
    first = next((turn for turn in turns if turn.role == "user"), None)
    if first:
        first.blocks[:0] = media
    else:
        problems.append(finding("media-count/turn"))


FORMAT = Format("sharegpt", "ShareGPT", _fits, make_converter)
