"""Read prompts with what a grader needs: ``messages`` or a ``prompt``, a ``reference_answer`` and any other fields."""

from typing import Any, Final

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.conversations import written_out
from tailor.datasets.formats.multiple_choice import with_lines
from tailor.datasets.formats.turns import conversation
from tailor.datasets.sources import Options
from tailor.findings import Finding, RowError, finding

_PROMPTS: Final = ("messages", "prompt", "question", "problem", "query")
_REFERENCES: Final = ("reference_answer", "answer", "ground_truth", "solution")
_OWN: Final = frozenset({*_PROMPTS, "system", "id"})


def _fits(sample: Sample) -> bool:
    if sample.method != "reinforcement" or {"image", "video"} & sample.columns.keys():
        return False
    return sample.share(_is_graded) > 0.5


def _is_graded(row: Row) -> bool:
    flat = _flat(row)
    return any(key in flat for key in _PROMPTS) and any(key in flat for key in _REFERENCES)


def _flat(row: Row) -> Row:
    """Return the row with the fields of ``metadata`` at its top level."""
    inner = row.get("metadata")
    if isinstance(inner, dict) and not any(key in row for key in _PROMPTS):
        return {**{key: value for key, value in row.items() if key != "metadata"}, **inner}
    model = row.get("reward_model")
    if isinstance(model, dict) and model.get("ground_truth") is not None:  # as verl writes it
        return {"reference_answer": model["ground_truth"], **row}
    return row


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        row = _flat(row)
        key = next((key for key in _PROMPTS if key in row), _PROMPTS[0])
        choices = context.choices
        options = choices.options(row, problems) if choices else []
        turns, systems = _prompt(row.get(key), key, options, context, line, problems)
        if isinstance(row.get("system"), str) and row["system"].strip():
            systems.insert(0, row["system"])
        extra = {name: value for name, value in row.items() if name not in _OWN}
        if choices and options and choices.answer in extra:
            extra[choices.answer] = choices.learnt(extra[choices.answer], options, problems)
        reference = _reference(extra, problems)
        if problems:
            raise RowError(*problems)
        example = Example(context.file, line, turns, "\n\n".join(systems) or context.data.system, extra=extra)
        example.references = [reference] if isinstance(reference, str) else []
        if row.get("id") is not None:
            example.id = str(row["id"])
        return example

    return convert


def _prompt(
    value: Any, key: str, options: Options, context: Context, line: int, problems: list[Finding]
) -> tuple[list[Turn], list[str]]:
    value = written_out(value)
    if isinstance(value, list):
        return conversation(value, f"$.{key}", problems, context, line)
    if isinstance(value, str) and value.strip():
        return [Turn("user", [Text(with_lines(value, options) if options else value)])], []
    code = "question-missing/prompt-empty" if isinstance(value, str) else "question-missing/prompt"
    problems.append(finding(code, path=key, name=key, kind=describe(value)))
    return [], []


def _reference(extra: dict[str, Any], problems: list[Finding]) -> Any:
    """Rename the reference answer; text and objects are allowed."""
    key = next((key for key in _REFERENCES if extra.get(key) is not None), None)
    if key is None:
        return None
    value = extra.pop(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if isinstance(value, str | dict):
        extra["reference_answer"] = value
        return value
    problems.append(finding("wrong-type/reference", path=key, kind=describe(value)))
    return None


FORMAT = Format("reinforcement", "prompts with reference answers", _fits, _converter, asks=True)
