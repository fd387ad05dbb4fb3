"""Find the conversation of a row: under any key, as JSON or Python text in a table's field, or deeper in the row."""

from typing import Any, Final

from tailor.datasets.formats import carriers
from tailor.datasets.formats.base import Row
from tailor.datasets.formats.roles import ROLE_KEYS, TEXT_KEYS, pair_of, role_of, said_by, words_of
from tailor.datasets.sources import value_of

KEYS: Final = (
    "messages", "conversations", "conversation", "dialog", "dialogue", "contents", "turns", "chat", "chats", "thread",
    "utterances", "data",
)  # fmt: skip
"""Usual keys, most likely first."""
_WRAPPERS: Final = (
    "row",
    "request",
    "body",
    "input",
    "inputs",
    "modelInput",
    "conversation",
    "conversations",
    "data",
    "example",
)
"""Keys of objects that contain a conversation."""
_ASKED: Final = frozenset({"question", "query", "answer", "instruction", "output", "prompt", "completion", "response"})
_OTHERS: Final = frozenset({"prompt", "completion", "chosen", "rejected", "preferred_output", "non_preferred_output"})
"""Lists of turns that are not a whole conversation."""
_PARALLEL: Final = _ASKED | {"reference", "references", "responses"}
"""Keys beside which a list of texts holds questions, not an exchange."""
_ROLE_SET: Final = frozenset(ROLE_KEYS)
_TEXT_SET: Final = frozenset(TEXT_KEYS)
_LOOKED_AT: Final = 20


def find(row: Row) -> tuple[str, Any, Row] | None:
    """Return the path of a row's conversation, its turns, and the object that contains it; None if there is none."""
    messages = row.get("messages")
    if type(messages) is list and messages and type(messages[0]) is dict:
        return "$.messages", messages, row
    return _within(row) or next(
        (
            (path.replace("$", f"$.{key}", 1), turns, inner)
            for key in _WRAPPERS
            if isinstance(row.get(key), dict)
            for path, turns, inner in [_within(row[key]) or ("", None, row)]
            if path
        ),
        None,
    )


def _within(row: Row) -> tuple[str, Any, Row] | None:
    for key in KEYS:
        if key in row:
            turns = written_out(row[key])
            if is_turns(turns) or (is_exchange(turns) and not _PARALLEL & row.keys()):
                return f"$.{key}", turns, row
    for key, value in row.items():
        if key not in KEYS and key not in _OTHERS and isinstance(value, list | str | dict):
            if carriers.carried(key) == "history" and _ASKED & row.keys():
                continue  # what came before the question
            turns = written_out(value)
            if is_turns(turns) and is_named(turns):
                return f"$.{key}", turns, row
    return None


def as_row(value: Any) -> Any:
    """Return a row for a bare list of turns; other values unchanged."""
    return {"messages": value} if isinstance(value, list) and is_turns(value) and is_named(value) else value


def written_out(value: Any) -> Any:
    """Return the list written as text in a field; other values unchanged."""
    if isinstance(value, dict):
        return _turned(value)
    return value_of(value) if isinstance(value, str) and value.lstrip()[:1] == "[" else value


def _turned(value: Row) -> Any:
    """Return the turns of parallel lists, ``{"role": […], "content": […]}``, as Hugging Face stores lists of
    objects."""
    if _ROLE_SET.isdisjoint(value) or _TEXT_SET.isdisjoint(value):
        return value
    lists = [item for item in value.values() if isinstance(item, list)]
    if len(lists) != len(value) or len({len(item) for item in lists}) != 1:
        return value
    return [dict(zip(value, items, strict=True)) for items in zip(*lists, strict=True)]


def is_turns(value: Any) -> bool:
    """Return whether a value is a list of objects that look like turns."""
    if not isinstance(value, list) or not value:
        return False
    first = value[:_LOOKED_AT]
    return all(isinstance(turn, dict) for turn in first) and any(map(_is_turn, first))


def is_named(turns: list[Row]) -> bool:
    """Return whether all speakers are known and the assistant speaks, which is required under an unknown key."""
    roles = [role_of(said_by(turn)) for turn in turns[:_LOOKED_AT]]
    return all(roles) and "user" in roles


def is_exchange(value: Any) -> bool:
    """Return whether a value is a list of alternating texts, or of pairs of them."""
    if not isinstance(value, list) or not value:
        return False
    pairs = all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair) for pair in value
    )
    return pairs or (len(value) > 1 and all(isinstance(text, str) for text in value))


def _is_turn(turn: Row) -> bool:
    if said_by(turn) is not None:
        return words_of(turn)[1] is not None or "tool_calls" in turn or "function_call" in turn
    return bool(pair_of(turn)) or (len(turn) == 1 and role_of(next(iter(turn))) is not None)
