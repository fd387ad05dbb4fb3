"""``prompt`` and ``completion`` as texts or as lists of messages; a list of messages may also have an ``answer``."""

from typing import Any, Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.openai_chat import conversation
from tailor.findings import RowError, Trouble

_COMPLETIONS: Final = ("completion", "answer", "response")


def _fits(sample: Sample) -> bool:
    if sample.all_have("prompt", "completion"):
        return True
    return (
        sample.share(lambda row: isinstance(row.get("prompt"), list) and any(key in row for key in _COMPLETIONS)) > 0.5
    )


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        troubles: list[Trouble] = []
        turns, systems = _messages(row.get("prompt"), "prompt", context, line, troubles)
        key = next((key for key in _COMPLETIONS if key in row), "completion")
        answers, _ = _messages(row.get(key), key, context, line, troubles)
        if not turns and not troubles:
            fix = "write a prompt, or remove the row"
            troubles.append(Trouble("question-missing", "the prompt is empty", fix, "prompt"))
        if not answers and context.needs_answer and not troubles:
            fix = "write a completion, or remove the row; the method distillation needs none"
            troubles.append(Trouble("answer-missing", f"the {key} is empty", fix, key))
        if troubles:
            raise RowError(*troubles)
        for answer in answers:
            answer.role = "assistant" if isinstance(row.get(key), str) else answer.role
        if isinstance(row.get("system"), str) and row["system"].strip():
            systems.insert(0, row["system"])
        example = Example(context.file, line, turns + answers, "\n\n".join(systems) or context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        return example

    return convert


def _messages(
    value: Any, key: str, context: Context, line: int, troubles: list[Trouble]
) -> tuple[list[Turn], list[str]]:
    if isinstance(value, list):
        return conversation(value, f"$.{key}", troubles, context, line)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return ([Turn("user", [Text(value)])] if value.strip() else []), []
    if value is not None:
        fix = f"write the {key} as text or as a list of messages"
        troubles.append(Trouble("wrong-type", f"the {key} is {describe(value)}", fix, key))
    return [], []


FORMAT = Format("prompt-completion", "prompt and completion", _fits, _converter)
