"""ShareGPT: ``conversations`` of from/value (or role/content), with media beside them and tools as JSON text."""

import re
from typing import Any, Final

import orjson

from tailor.datasets.example import Block, Example, Media, MediaKind, Role, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import add_turn, describe, place_media, tool_result, tool_specs, tool_use
from tailor.datasets.formats.question_answer import media_blocks
from tailor.findings import RowError, Trouble

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
        troubles: list[Trouble] = []
        media = _media(row, troubles)
        key = _key_of(row)
        key = key if key in row else "messages"
        turns, systems = _turns(row.get(key), f"$.{key}", media, troubles)
        if media:
            _put_first(turns, media, troubles)
        if isinstance(row.get("system"), str) and row["system"].strip():
            systems.insert(0, row["system"])
        tools = tool_specs(row.get("tools"), "$.tools", troubles)
        for unused in sorted(row.keys() - _USED):
            message = f"the key {unused!r:.80} is not used"
            fix = "nothing to do if it is not meant for training"
            context.notes.add("unknown-key", "info", context.file, message, fix, line=line, path=f"$.{unused}")
        if troubles:
            raise RowError(*troubles)
        example = Example(context.file, line, turns, "\n\n".join(systems) if systems else context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        if tools:
            example.extra["tools"] = tools
        return example

    return convert


def _media(row: Row, troubles: list[Trouble]) -> list[Media]:
    found: list[Media] = []
    for key, kind in _MEDIA.items():
        if row.get(key) not in (None, "", []):
            found += media_blocks(row[key], kind, key, troubles)
    return found


def _turns(value: Any, path: str, media: list[Media], troubles: list[Trouble]) -> tuple[list[Turn], list[str]]:
    turns: list[Turn] = []
    systems: list[str] = []
    calls: list[str] = []
    available = len(media)
    tags = 0
    if not isinstance(value, list):
        fix = "write a list of turns, each with from and value"
        troubles.append(Trouble("wrong-type", f"{path} is {describe(value)}, not a list", fix, path))
        return turns, systems
    for number, turn in enumerate(_single(value)):
        where = f"{path}[{number}]"
        role, text = _role_and_text(turn)
        if not isinstance(text, str):
            fix = "write the turn's words as text"
            troubles.append(Trouble("wrong-type", f"the turn's value is {describe(text)}", fix, f"{where}.value"))
        elif role in ("system", "developer"):
            systems.append(text)
        elif role in _CALLS:
            add_turn(turns, "assistant", _calls(text, calls, where, troubles))
        elif role in _RESULTS:
            add_turn(turns, "user", [tool_result(calls.pop(0) if calls else "call", text)])
        elif role in _ROLES:
            is_user = _ROLES[role] == "user"
            tags += len(_TAG.findall(text)) if is_user else 0
            blocks: list[Block] = place_media(text, media, _TAG) if is_user and available else [Text(text)]
            add_turn(turns, _ROLES[role], blocks)
        else:
            said = f"there is no role {role!r:.60}" if role else "the turn has no role"
            troubles.append(Trouble("unknown-role", said, "write 'human', 'gpt' or 'system'", f"{where}.from"))
    if available and tags > available:
        message = f"there are {tags} places for media, but {available} media"
        fix = "name as many files as there are <image> tags"
        troubles.append(Trouble("media-count", message, fix, path))
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


def _calls(text: str, calls: list[str], path: str, troubles: list[Trouble]) -> list[Block]:
    """The tool calls in a turn: JSON text of one or of a list. Their ids go into ``calls`` for the results."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        fix = 'write {"name": …, "arguments": {…}} as JSON'
        troubles.append(Trouble("bad-tool-call", "the tool call is not JSON", fix, f"{path}.value"))
        return []
    blocks: list[Block] = []
    for number, call in enumerate(value if isinstance(value, list) else [value]):
        call = call if isinstance(call, dict) else {}
        identifier = f"call-{path.rpartition('[')[2].rstrip(']')}-{number}"
        use = tool_use(identifier, call.get("name"), call.get("arguments", {}), f"{path}.value", troubles)
        if use:
            calls.append(identifier)
            blocks.append(use)
    return blocks


def _put_first(turns: list[Turn], media: list[Media], troubles: list[Trouble]) -> None:
    """Media without a tag stand before the words of the first turn of the user."""
    first = next((turn for turn in turns if turn.role == "user"), None)
    if first:
        first.blocks[:0] = media
    else:
        troubles.append(Trouble("media-count", "there are media, but no turn of the user", "add the user's turn"))


FORMAT = Format("sharegpt", "ShareGPT", _fits, make_converter)
