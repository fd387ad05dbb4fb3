"""Read conversations: OpenAI's ``messages``, and anything else that is a list of turns by its content."""

from typing import Any, Final

from tailor.datasets.example import Example, Turn
from tailor.datasets.formats import conversations
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import tool_specs
from tailor.datasets.formats.parts import text_of
from tailor.datasets.formats.placing import place
from tailor.datasets.formats.roles import said_by
from tailor.datasets.formats.row_media import row_media
from tailor.datasets.formats.turns import conversation
from tailor.findings import Finding, RowError

_SYSTEM: Final = (
    "system", "systemInstruction", "system_instruction", "system_prompt", "system_message", "instructions",
)  # fmt: skip
_ANSWERS: Final = (
    "completion",
    "answer",
    "response",
    "ideal",
    "expected_output",
    "expectedOutput",
    "output",
    "choices",
)
"""Keys of the last answer, if the conversation ends with a question."""


_AROUND: Final = ("body", "choices", "candidates", "message", "content")
_DEEPEST: Final = 4


def _fits(sample: Sample) -> bool:
    return sample.share(lambda row: conversations.find(row) is not None) > 0.5


def make_converter(context: Context) -> Converter:
    """Return the converter for all formats that are conversations."""
    file, default_system, media = context.file, context.data.system, context.media

    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        path, messages, holder = conversations.find(row) or ("$.messages", row.get("messages"), row)
        if holder is not row:
            inside, _, key = path.rpartition(".")
            context.turns.note_others(holder, {key, "tools", "functions", *_SYSTEM}, inside, line)
        turns, systems = conversation(messages, path, problems, context, line)
        systems[:0] = _systems(holder, problems)
        if not problems and turns and turns[-1].role == "user":
            _take_answer(row, turns, problems, context, line)
        shown = row_media(row, media, problems, needed=False) if media else []
        if turns and not problems:
            place(turns, shown, problems, context, line)
        example = Example(file, line, turns, "\n\n".join(systems) if systems else default_system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        tools = tool_specs(holder.get("tools") or holder.get("functions"), "$.tools", problems)
        if tools:
            example.extra["tools"] = tools
        if problems:
            raise RowError(*problems)
        return example

    return convert


def _systems(row: Row, problems: list[Finding]) -> list[str]:
    """Return the system texts beside the turns."""
    if row.keys().isdisjoint(_SYSTEM) and "context" not in row:
        return []
    values: list[tuple[str, Any]] = [(key, row[key]) for key in _SYSTEM if row.get(key) not in (None, "", [])]
    if _is_vertex(row):
        values.append(("context", row["context"]))
    texts = [text_of(value, f"$.{key}", problems) for key, value in values]
    return [text for text in texts if text.strip()]


def _is_vertex(row: Row) -> bool:
    """Return whether a row is of Vertex AI's chat models, whose system text is the context."""
    turns = row.get("messages")
    return bool(row.get("context")) and isinstance(turns, list) and "author" in (turns or [""])[0]


def _take_answer(row: Row, turns: list[Turn], problems: list[Finding], context: Context, line: int) -> None:
    """Add an answer from beside the turns: a text, a turn or a list of them."""
    key = next((key for key in _ANSWERS if row.get(key) not in (None, "", [], {})), None)
    if key is None:
        return
    value = _said({key: row[key]} if key == "choices" else row[key])
    if isinstance(value, str):
        value = [{"role": "assistant", "content": value}]
    answers, _ = conversation([value] if isinstance(value, dict) else value, f"$.{key}", problems, context, line)
    turns += answers


def _said(value: Any) -> Any:
    """Return the answer within a service's response: OpenAI's ``choices``, Gemini's ``candidates``, a ``body`` or a
    ``message``; other values unchanged."""
    for _ in range(_DEEPEST):
        if not isinstance(value, dict) or said_by(value) is not None:
            break
        inside = next((value[key] for key in _AROUND if value.get(key)), None)
        if inside is None:
            break
        value = inside[0] if isinstance(inside, list) else inside
    return value


def used_keys(row: Row) -> set[str]:
    """Return the keys that are read from a row with a conversation."""
    path, _, holder = conversations.find(row) or ("$.messages", None, row)
    used = {path.split(".")[1], "id", *(key for key in _ANSWERS if key in row)}
    used |= {"context"} if _is_vertex(row) else set()
    return used if holder is not row else used | {"tools" if row.get("tools") else "functions", *_SYSTEM}


FORMAT = Format("openai-chat", "OpenAI chat", _fits, make_converter, keys=used_keys)
