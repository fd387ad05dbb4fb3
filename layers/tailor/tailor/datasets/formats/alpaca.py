"""Alpaca: ``instruction``, ``input``, ``output``, with ``system`` and ``history``; Dolly's names for the same, too."""

from typing import Any, Final

from tailor.datasets.example import Block, Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.question_answer import media_blocks
from tailor.findings import RowError, Trouble

_OUTPUTS: Final = ("output", "response")
_INPUTS: Final = ("input", "context")


def _fits(sample: Sample) -> bool:
    return any(sample.all_have("instruction", output) for output in _OUTPUTS)


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        troubles: list[Trouble] = []
        asked = _joined(row, troubles)
        answer = _field(row, _OUTPUTS, troubles)
        turns = _history(row.get("history"), troubles)
        blocks: list[Block] = []
        for key in ("images", "image"):
            if row.get(key):
                blocks += media_blocks(row[key], "image", key, troubles)
        if not asked.strip():
            fix = "write an instruction, or remove the row"
            troubles.append(Trouble("question-missing", "instruction and input are empty", fix, "instruction"))
        if not answer.strip() and context.needs_answer:
            fix = "write an answer, or remove the row; the method distillation needs none"
            troubles.append(Trouble("answer-missing", "the output is empty", fix, "output"))
        if troubles:
            raise RowError(*troubles)
        turns.append(Turn("user", [*blocks, Text(asked)]))
        if answer.strip():
            turns.append(Turn("assistant", [Text(answer)]))
        system = row.get("system")
        own = isinstance(system, str) and system.strip()
        example = Example(context.file, line, turns, system if own else context.data.system)
        if row.get("id") is not None:
            example.id = str(row["id"])
        if isinstance(row.get("category"), str):
            example.category = row["category"]
        return example

    return convert


def _field(row: Row, names: tuple[str, ...], troubles: list[Trouble]) -> str:
    """The first of ``names`` that the row has, as text; "" where it has none."""
    name = next((name for name in names if row.get(name) is not None), None)
    value = "" if name is None else row[name]
    if isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    troubles.append(Trouble("wrong-type", f"{name} is {describe(value)}, not text", f"write {name} as text", name))
    return ""


def _joined(row: Row, troubles: list[Trouble]) -> str:
    instruction = _field(row, ("instruction",), troubles)
    more = _field(row, _INPUTS, troubles)
    return f"{instruction}\n{more}" if instruction.strip() and more.strip() else instruction or more


def _history(value: Any, troubles: list[Trouble]) -> list[Turn]:
    """Earlier turns: a list of pairs of question and answer."""
    turns: list[Turn] = []
    pairs = value if isinstance(value, list) else []
    for number, pair in enumerate(pairs):
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(text, str) for text in pair):
            turns += [Turn("user", [Text(pair[0])]), Turn("assistant", [Text(pair[1])])]
        else:
            fix = "write each earlier exchange as [question, answer]"
            troubles.append(Trouble("bad-history", "the exchange is not a pair of texts", fix, f"$.history[{number}]"))
    if value and not pairs:
        fix = "write a list of [question, answer]"
        troubles.append(Trouble("bad-history", f"the history is {describe(value)}, not a list", fix, "history"))
    return turns


FORMAT = Format("alpaca", "Alpaca", _fits, _converter)
