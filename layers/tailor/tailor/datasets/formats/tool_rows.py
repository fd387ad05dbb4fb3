"""Read questions that are answered by tool calls, one row each, as in datasets for function calling."""

from typing import Any, Final

import orjson

from tailor.datasets.formats.base import Row
from tailor.datasets.sources import candidates, value_of

_TOOLS: Final = ("tools", "functions", "available_tools")
_CALLS: Final = ("answers", "answer", "tool_calls", "calls", "output")


def calls_tools(row: Row) -> bool:
    """Return whether a row has a question, tools, and an answer that is a list of calls."""
    tools = _tools(row)
    return bool(tools) and bool(_calls(row)) and bool(candidates("question", list(row)))


def as_messages(row: Row) -> Row:
    """Return the row as a conversation that ends with the calls."""
    calls = [
        {"id": f"call-{number}", "function": {"name": call["name"], "arguments": _text(call.get("arguments", {}))}}
        for number, call in enumerate(_calls(row))
    ]
    asked = candidates("question", list(row))[0]
    rest = {key: value for key, value in row.items() if key not in (asked, *_TOOLS, *_CALLS)}
    messages = [{"role": "user", "content": row[asked]}, {"role": "assistant", "content": None, "tool_calls": calls}]
    return {**rest, "messages": messages, "tools": _tools(row)}


def _tools(row: Row) -> list[Any]:
    return _list_of_named(next((row[key] for key in _TOOLS if row.get(key)), None))


def _calls(row: Row) -> list[Any]:
    return next((calls for key in _CALLS if (calls := _list_of_named(row.get(key))) and _all_call(calls)), [])


def _all_call(calls: list[Any]) -> bool:
    return all("arguments" in call or call.keys() == {"name"} for call in calls)


def _list_of_named(value: Any) -> list[Any]:
    """Return the objects with names in a list, which may be written as text; empty for other values."""
    value = value_of(value) if isinstance(value, str) else value
    named = isinstance(value, list) and all(isinstance(item, dict) and _name(item) for item in value)
    return value if named else []


def _name(item: Row) -> Any:
    function = item.get("function")
    return item.get("name") or (function.get("name") if isinstance(function, dict) else None)


def _text(arguments: Any) -> Any:
    return arguments if isinstance(arguments, str | dict) else orjson.dumps(arguments).decode()
