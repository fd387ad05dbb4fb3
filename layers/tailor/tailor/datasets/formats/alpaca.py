"""Read Alpaca's ``instruction``, ``input``, ``output``, and Dolly's names for them. Any format may also have ``system``
and ``history`` (:mod:`tailor.datasets.formats.account`)."""

from typing import Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.placing import place
from tailor.datasets.formats.row_media import row_media
from tailor.findings import Finding, RowError, finding

_OUTPUTS: Final = ("output", "response")
_INPUTS: Final = ("input", "context")


def _fits(sample: Sample) -> bool:
    return any(sample.all_have("instruction", output) for output in _OUTPUTS)


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        asked = _joined(row, problems)
        answer = _field(row, _OUTPUTS, problems)
        turns: list[Turn] = []
        shown = row_media(row, context.media, problems, needed=False)
        if not asked.strip():
            problems.append(finding("question-missing/instruction", path="instruction"))
        if not answer.strip() and context.needs_answer:
            problems.append(finding("answer-missing", path="output", name="output"))
        turns.append(Turn("user", [Text(asked)]))
        if not problems:
            place(turns, shown, problems, context, line)
        if problems:
            raise RowError(*problems)
        if answer.strip():
            turns.append(Turn("assistant", [Text(answer)]))
        example = Example(context.file, line, turns, context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        if isinstance(row.get("category"), str):
            example.category = row["category"]
        return example

    return convert


def _field(row: Row, names: tuple[str, ...], problems: list[Finding]) -> str:
    """Return the first of ``names`` that the row has, as text; "" if it has none."""
    name = next((name for name in names if row.get(name) is not None), None)
    value = "" if name is None else row[name]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    problems.append(finding("wrong-type", path=name, kind=describe(value), expected="text"))
    return ""


def _joined(row: Row, problems: list[Finding]) -> str:
    instruction = _field(row, ("instruction",), problems)
    more = _field(row, _INPUTS, problems)
    return f"{instruction}\n{more}" if instruction.strip() and more.strip() else instruction or more


_KEYS: Final = ("instruction", _INPUTS, _OUTPUTS, "id", "category")
FORMAT = Format("alpaca", "Alpaca", _fits, _converter, keys=_KEYS)
