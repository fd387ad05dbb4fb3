"""Read rows of a question and an answer under any column names, with or without an image (visual question
answering)."""

import hashlib
from collections import Counter
from typing import Any, Final

import orjson

from tailor.datasets.example import Block, Example, Media, SplitName, Text, Turn
from tailor.datasets.formats import carriers
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.multiple_choice import with_lines
from tailor.datasets.formats.placing import place
from tailor.datasets.formats.row_media import row_media
from tailor.datasets.sources import Options, value_of
from tailor.findings import Finding, RowError, finding

_VOTES: Final = {"yes": 1.0, "maybe": 0.5, "no": 0.01}
_VOTING: Final = ("answer_confidence", "confidence", "votes", "vote_count", "count", "score", "pm_score")
_ACCEPTED: Final = ("accepted", "is_accepted", "isAccepted", "selected", "is_selected")
_ANNOTATED: Final = frozenset(
    {"answer", "text", "answer_start", "answer_end", "answer_id", "worker", "worker_id", "annotator", "time", *_VOTING}
)
"""Keys of an annotator's answer that is written as text in a table's field."""
_REFERENCE_KEYS: Final = ("answer", "text", "value", "label", "raw", "caption")


def _fits(sample: Sample) -> bool:
    columns = sample.columns
    if "answer" not in columns or not sample.all_have(columns["answer"]):
        return False
    return sample.all_have(columns["question"]) if "question" in columns else sample.prompt


def make_converter(context: Context) -> Converter:
    columns, data, choices = context.columns, context.data, context.choices
    question, passage = columns.get("question", "question"), columns.get("context", "")
    media = context.media
    plain = {name: columns[name] for name in ("id", "group", "category") if name in columns}

    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        blocks: list[Block] = []
        shown = row_media(row, media, problems, merged=context.merged) if media else []
        if shown and "id" in plain:
            _look_beside(shown, row.get(plain["id"]), context)
        asked = context.prompt or row.get(question)
        about = _passage(row.get(passage), passage, problems) if passage else ""
        options = choices.options(row, problems) if choices else []
        if isinstance(asked, str) and asked.strip():
            asked = with_lines(asked, options) if options else asked
            blocks.append(Text(f"{about}\n\n{asked}" if about else asked))
        else:
            code = "question-missing/empty" if isinstance(asked, str) else "question-missing"
            problems.append(finding(code, path=question, kind=describe(asked)))
        turns = [Turn("user", blocks)]
        if blocks or not problems:
            place(turns, shown, problems, context, line)
        best, references = _learnt(row, context, options, problems)
        if problems:
            raise RowError(*problems)
        if best is not None:
            turns.append(Turn("assistant", [Text(best)]))
        system = row.get(columns["system"]) if "system" in columns else None
        example = Example(
            context.file, line, turns, system if isinstance(system, str) and system.strip() else data.system
        )
        example.references = references
        if about:  # its questions must not be torn apart
            example.group = f"passage {hashlib.sha256(about.encode(errors='replace')).hexdigest()[:12]}"
        for name, column in plain.items():
            value = row.get(column)
            if value is not None and value != "":
                setattr(example, name, value if isinstance(value, str) else _scalar(value))
        if "split" in columns:
            example.split = split_name(row.get(columns["split"]), columns["split"], line, context)
        return example

    return convert


def _look_beside(shown: list[Media], identity: Any, context: Context) -> None:
    """Resolve unknown file names in the folder of the row's id, if they are there: ScienceQA's pictures."""
    for medium in shown:
        if medium.ref and "/" not in medium.ref and not context.knows(medium.ref):
            beside = f"{identity}/{medium.ref}"
            medium.ref = beside if context.knows(beside) else medium.ref


def _passage(value: Any, column: str, problems: list[Finding], depth: int = 8) -> str:
    """Return the text that a question is about; of a list, all of its texts; "" if there is none."""
    if isinstance(value, str):
        return value if value.strip() else ""
    if isinstance(value, list) and depth:
        parts = [_passage(item, column, problems, depth - 1) for item in value]
        return "\n".join(part for part in parts if part)
    if value is not None and not problems:
        problems.append(finding("wrong-type/passage", path=column, kind=describe(value)))
    return ""


def _learnt(row: Row, context: Context, options: Options, problems: list[Finding]) -> tuple[str | None, list[str]]:
    """Return the answer to learn and all acceptable ones; None if a teacher or a grader answers."""
    column, no_answer = context.columns.get("answer", "answer"), context.columns.get("impossible")
    given = row.get(column)
    if type(given) is str and given[:1].isalnum() and not options and no_answer is None:
        return given, [given]  # plain words, as most answers are
    given = _written_out(given)
    if _is_none(given) or (no_answer and _is_true(row.get(no_answer))):
        best = context.data.unanswerable
        if best is None and context.needs_answer:
            problems.append(finding("question-unanswerable"))
        return best, [best] if best else []
    if options and context.choices:
        given = context.choices.learnt(given, options, problems)
    best, references = _of_given(given, column, problems)
    if best is None and not problems and context.needs_answer:
        problems.append(finding("answer-missing", path=column, name="answer"))
    return best, references


def _is_none(answer: Any) -> bool:
    """Return whether it is Hugging Face's form of SQuAD's questions without an answer."""
    return isinstance(answer, dict) and answer.get("text") == [] == answer.get("answer_start")


def _is_true(value: Any) -> bool:
    return value is True or str(value).strip().casefold() in ("true", "1", "1.0")


def _scalar(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else orjson.dumps(value, default=str).decode()


def split_name(value: Any, column: str, line: int, context: Context) -> SplitName | None:
    """Return the split that a row asks for, and report a value that names none."""
    name = carriers.split_of(value, column)
    if name is None and value not in (None, ""):
        context.notes.add(finding("unknown-split", context.file, line, path=column, column=column, value=value))
    return name


def answers(value: Any, column: str, problems: list[Finding]) -> tuple[str | None, list[str]]:
    """Return the answer to learn (the most frequent, then the first) and all acceptable ones; None if there is none."""
    return _of_given(_written_out(value), column, problems)


def _of_given(value: Any, column: str, problems: list[Finding]) -> tuple[str | None, list[str]]:
    value = _reference(value)
    if not isinstance(value, list):
        text = _answer(value, column, problems)
        return text, [text] if text else []
    value = _taken(value)
    votes: Counter[str] = Counter()
    for item in value:
        text = _answer(_reference(item), column, problems)
        if text:
            votes[text] += _vote(item)  # type: ignore[assignment]  # a vote may count less than one
    return (votes.most_common(1)[0][0], list(votes)) if votes else (None, [])


def _taken(given: list[Any]) -> list[Any]:
    """Return the answers that may be right: the accepted ones, or those of the best rank, or all that were not voted
    down."""
    items = [item for item in given if isinstance(item, dict)]
    accepted = [item for item in items if any(item.get(key) is True for key in _ACCEPTED)]
    ranks = [item["rank"] for item in items if type(item.get("rank")) in (int, float)]
    if not accepted and len(ranks) == len(given) > 0:
        accepted = [item for item in items if item["rank"] == min(ranks)]
    good = [item for item in given if not (isinstance(item, dict) and _is_voted_down(item))]
    return accepted or good or given


def _is_voted_down(item: Row) -> bool:
    said = next((item[key] for key in _VOTING if key in item), None)
    return isinstance(said, int | float) and said < 0


def _vote(item: Any) -> float:
    """Return the weight of an annotator's answer: a confident one counts more."""
    said = next((item[key] for key in _VOTING if key in item), None) if isinstance(item, dict) else None
    if isinstance(said, int | float) and not isinstance(said, bool):
        return max(float(said), 0.01)
    return _VOTES.get(said.strip().casefold(), 1.0) if isinstance(said, str) else 1.0


def _written_out(value: Any) -> Any:
    """Return a list of texts, or SQuAD's answers, written as text; other texts unchanged."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "{"):
        return value
    meant = value_of(value)
    if isinstance(meant, dict):
        return meant if meant.keys() == {"text", "answer_start"} else value
    if not isinstance(meant, list):
        return value
    return meant if all(map(_is_answer, meant)) else value


def _is_answer(item: Any) -> bool:
    """Return whether an item of such a list is an answer: a text, or an annotator's object."""
    if isinstance(item, dict):
        return ("answer" in item or "text" in item) and item.keys() <= _ANNOTATED
    return isinstance(item, str)


def _reference(item: Any) -> Any:
    """Return the text of an annotator's answer, such as VQA's ``{"answer": "yes", "answer_confidence": "maybe"}``, or
    all texts of SQuAD's ``{"text": ["yes"], "answer_start": [7]}``."""
    if not isinstance(item, dict):
        return item
    return next((item[key] for key in _REFERENCE_KEYS if key in item), item)


def _answer(value: Any, column: str, problems: list[Finding]) -> str | None:
    if isinstance(value, str):
        return value if value.strip() else None
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    problems.append(finding("answer-not-text", path=column, kind=describe(value)))
    return None


FORMAT = Format(
    "question-answer",
    "questions and answers, with or without images",
    _fits,
    make_converter,
    uses_columns=True,
    asks=True,
)
