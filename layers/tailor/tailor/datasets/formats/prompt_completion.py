"""Read ``prompt`` and ``completion`` as texts or lists of messages; a list of messages may also have an ``answer``."""

from typing import Any, Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.conversations import is_turns, written_out
from tailor.datasets.formats.placing import place
from tailor.datasets.formats.row_media import row_media
from tailor.datasets.formats.turns import conversation
from tailor.findings import Finding, RowError, finding

_COMPLETIONS: Final = ("completion", "answer", "response")


def _fits(sample: Sample) -> bool:
    if sample.all_have("prompt", "completion"):
        return True
    return (
        sample.share(lambda row: isinstance(row.get("prompt"), list) and any(key in row for key in _COMPLETIONS)) > 0.5
    )


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        turns, systems = _messages(row.get("prompt"), "prompt", context, line, problems)
        key = next((key for key in _COMPLETIONS if key in row), "completion")
        answers, _ = _messages(row.get(key), key, context, line, problems)
        if not turns and not problems:
            problems.append(finding("question-missing/prompt-empty", path="prompt", name="prompt"))
        if not answers and context.needs_answer and not problems:
            problems.append(finding("answer-missing/completion", path=key, name=key))
        shown = row_media(row, context.media, problems, needed=False)
        if not problems:
            place(turns, shown, problems, context, line)
        if problems:
            raise RowError(*problems)
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
    value: Any, key: str, context: Context, line: int, problems: list[Finding]
) -> tuple[list[Turn], list[str]]:
    value = written_out(value)
    if isinstance(value, list) and (is_turns(value) or not value):
        return conversation(value, f"$.{key}", problems, context, line)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str):
        return ([Turn("user", [Text(value)])] if value.strip() else []), []
    if value is not None:
        problems.append(finding("wrong-type/prompt", path=key, name=key, kind=describe(value)))
    return [], []


FORMAT = Format(
    "prompt-completion", "prompt and completion", _fits, _converter, keys=("prompt", _COMPLETIONS, "system", "id")
)
