"""Read turns of a conversation by their content, whatever the names of speaker (``role``, ``from``, ``author``) and
words (``content``, ``value``, ``parts``); also question/answer pairs and alternating texts."""

from typing import Any, Final

import orjson

from tailor.datasets.example import Block, MediaKind, Text, Turn
from tailor.datasets.formats.base import Context, Row
from tailor.datasets.formats.chat import add_turn, describe, tool_result, tool_use
from tailor.datasets.formats.parts import blocks_of, text_of
from tailor.datasets.formats.roles import MEDIA_KEYS, PAIRS, pair_of, role_of, said_by, words_of
from tailor.datasets.formats.row_media import row_media
from tailor.findings import Finding, finding

_SHOWN: Final[dict[str, MediaKind]] = {key: "video" if key.startswith("video") else "image" for key in MEDIA_KEYS}
_KNOWN: Final = "'system', 'user', 'assistant' or 'tool'"


def conversation(
    messages: Any, path: str, problems: list[Finding], context: Context, line: int
) -> tuple[list[Turn], list[str]]:
    """Return the turns and the system texts of a list of messages."""
    return _plain(messages) or _Reader(path, problems, context, line).read(messages)


def _plain(messages: Any) -> tuple[list[Turn], list[str]] | None:
    """Return turns and system texts if everything is plain text, as in most rows; None if they need a closer look."""
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
    return (turns, systems) if turns else None


class _Reader:
    """Reads one list of messages and collects its ``problems``."""

    def __init__(self, path: str, problems: list[Finding], context: Context, line: int) -> None:
        self._path, self._problems, self._context, self._line = path, problems, context, line
        self._turns: list[Turn] = []
        self._systems: list[str] = []
        self._calls: list[str] = []
        self._answers = False

    def read(self, messages: Any) -> tuple[list[Turn], list[str]]:
        if type(messages) is not list:
            self._problems.append(finding("wrong-type/messages", path=self._path, kind=describe(messages)))
            return [], []
        messages = self._context.turns.learnt(messages, self._path, self._line)
        self._answers = _system_answers(messages)
        texts = len(messages) > 1 and all(isinstance(item, str) for item in messages)
        for number, message in enumerate(_in_turn(messages) if texts else messages):
            where = f"{self._path}[{number}]"
            if isinstance(message, list) and len(message) == 2 and all(isinstance(text, str) for text in message):
                self._pair({"human": message[0], "assistant": message[1]}, PAIRS[0], where)
            elif not isinstance(message, dict):
                self._problems.append(finding("wrong-type/message", path=where, kind=describe(message)))
            elif pair := pair_of(message):
                self._pair(message, pair, where)
            else:
                self._message(message, where)
        return self._turns, self._systems

    def _pair(self, message: Row, pair: tuple[str, str], path: str) -> None:
        """Return two turns. The first pair may contain the system text."""
        if isinstance(message.get("system"), str) and message["system"].strip():
            self._systems.append(message["system"])
        for key, role in zip(pair, ("user", "assistant"), strict=True):
            self._message({"role": role, "content": message[key]}, f"{path}.{key}")

    def _message(self, message: Row, path: str) -> None:
        said = said_by(message)
        alone = next(iter(message)) if said is None and len(message) == 1 else None
        key, content = words_of(message)
        if alone and role_of(alone):
            said, key, content = alone, alone, message[alone]
        role = role_of(said)
        if role == "system" and self._answers:
            role = "assistant"
        where = f"{path}.{key}"
        if role is None:
            code = "unknown-role/missing" if said is None else "unknown-role"
            self._problems.append(finding(code, path=f"{path}.role", role=said, known=_KNOWN))
        elif role == "system":
            self._systems.append(text_of(content, where, self._problems))
        elif role == "call":
            add_turn(self._turns, "assistant", self._called(content, path))
        elif role == "result":
            named = message.get("tool_call_id") or message.get("name")
            identifier = str(named) if named else self._calls.pop(0) if self._calls else "call"
            add_turn(self._turns, "user", [tool_result(identifier, text_of(content, where, self._problems))])
        else:
            calls = self._tool_calls(message, path)
            has_calls = bool(message.get("tool_calls") or message.get("function_call"))
            blocks = [] if content is None and has_calls else blocks_of(content, where, self._problems)
            shown = (
                row_media(message, _SHOWN, self._problems, needed=False)
                if not _SHOWN.keys().isdisjoint(message)
                else []
            )
            add_turn(self._turns, role, [*shown, *blocks, *calls])

    def _tool_calls(self, message: Row, path: str) -> list[Block]:
        """Yield the calls in an answer, as OpenAI writes them."""
        calls = message.get("tool_calls") or []
        if message.get("function_call"):
            calls = [{"id": "call", "function": message["function_call"]}]
        if not isinstance(calls, list):
            self._problems.append(finding("bad-tool-call/list", path=f"{path}.tool_calls", kind=describe(calls)))
            return []
        blocks: list[Block] = []
        for number, call in enumerate(calls):
            function = call.get("function") if isinstance(call, dict) else None
            function = function if isinstance(function, dict) else {}
            identifier = str(call.get("id") or function.get("name") or "call") if isinstance(call, dict) else "call"
            where = f"{path}.tool_calls[{number}]"
            use = tool_use(identifier, function.get("name"), function.get("arguments", {}), where, self._problems)
            blocks += [use] if use else []
        return blocks

    def _called(self, text: Any, path: str) -> list[Block]:
        """Return the calls that are a turn of their own: JSON text of one or of a list. Results come without ids."""
        try:
            value = orjson.loads(text) if isinstance(text, str) else text
        except orjson.JSONDecodeError:
            self._problems.append(finding("bad-tool-call/json", path=f"{path}.value"))
            return []
        blocks: list[Block] = []
        for number, call in enumerate(value if isinstance(value, list) else [value]):
            call = call if isinstance(call, dict) else {}
            identifier = f"call-{path.rpartition('[')[2].rstrip(']')}-{number}"
            use = tool_use(identifier, call.get("name"), call.get("arguments", {}), f"{path}.value", self._problems)
            if use:
                self._calls.append(identifier)
                blocks.append(use)
        return blocks


def _system_answers(messages: list[Any]) -> bool:
    """Return whether the system is the one who answers, as in task-oriented dialogues."""
    roles = [role_of(said_by(message)) for message in messages if isinstance(message, dict)]
    return "assistant" not in roles and "user" in roles and "system" in roles[roles.index("user") :]


def _in_turn(texts: list[str]) -> list[Row]:
    """Return turns of texts without speakers: the user begins, then they alternate."""
    return [{"role": ("user", "assistant")[at % 2], "content": text} for at, text in enumerate(texts)]
