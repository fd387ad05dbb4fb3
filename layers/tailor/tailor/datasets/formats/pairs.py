"""Read preference pairs (DPO, hh-rlhf): of two answers one is better. A method learns both, or the better one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.example import Example, Text
from tailor.datasets.formats import conversations
from tailor.datasets.formats.base import Converter, Row
from tailor.datasets.formats.roles import role_of, said_by
from tailor.datasets.sources import candidates, resolved
from tailor.findings import Finding, RowError, finding
from tailor.prepared import PREFERENCE_LABELS
from tailor.recipe import Data, Method

_PAIRS: Final = (
    ("chosen", "rejected"), ("preferred_output", "non_preferred_output"), ("chosen_response", "rejected_response"),
    ("preferred", "rejected"), ("accepted", "rejected"), ("better", "worse"), ("response_chosen", "response_rejected"),
    ("response_j", "response_k"), ("win", "lose"),
)  # fmt: skip
_UNDECIDED: Final = (
    ("response_a", "response_b"), ("answer_a", "answer_b"), ("completion_a", "completion_b"),
    ("response_0", "response_1"), ("conversation_a", "conversation_b"), ("human_ref_A", "human_ref_B"),
)  # fmt: skip
_TRANSCRIPT: Final = re.compile(r"(?:^|\n\n)(Human|Assistant): ?")
_INCOMPLETE: Final = {
    (True, True): "pair-incomplete/both",
    (True, False): "pair-incomplete/better",
    (False, True): "pair-incomplete/worse",
}
_NOTHING: Final[tuple[Any, ...]] = (None, "", [], {})


@dataclass(frozen=True, slots=True)
class PairReader:
    """Reads both answers of a row. ``given`` returns them as they are written, None where one is missing.

    ``columns`` hold the better and the worse answer, where they are columns of their own.
    """

    better: Callable[[Row], Row]
    worse: Callable[[Row], Row]
    given: Callable[[Row], tuple[Any, Any]]
    columns: tuple[str, str] | None = None

    def fates(self, rows: list[Row], known: dict[str, str]) -> dict[str, str]:
        """Return, in words for the report, what becomes of each key of the first rows."""
        found = {key: known.get(key, "used") for row in rows for key in row}
        if self.columns:
            found |= dict(zip(self.columns, ("the better answer", "the worse answer"), strict=True))
        return found


@dataclass(frozen=True, slots=True)
class Pairs:
    """Treatment of pairs: ``read`` returns a row with the better answer, and ``told`` is reported; otherwise ``says``
    is why the rows can't be used. ``both`` reads both answers, where the method learns them."""

    read: Callable[[Row], Row] | None = None
    told: Finding | None = None
    says: Finding | None = None
    both: PairReader | None = None


def recognise(rows: list[Row], data: Data, method: Method) -> Pairs | None:
    """Return the treatment of preference pairs; None for other rows.

    Pairs beside a whole conversation count only for the method that learns preferences: others learn the conversation.
    """
    prefers = method == "preference-optimization"

    def are(test: Callable[[Row], bool]) -> bool:
        return 2 * sum(map(test, rows)) > len(rows)

    wanted = resolved(data.columns, list(dict.fromkeys(str(key) for row in rows for key in row)))
    named = [(wanted.answer, wanted.worse)] if prefers and wanted.answer and wanted.worse else []
    for better, worse in [*named, *_PAIRS]:
        if are(_holding(better, worse, whole=prefers)):
            values = {"better": better, "worse": worse}
            if prefers:
                return _both(_in_columns(better, worse, data), finding("pairs-read", **values))
            if data.columns.answer != better:
                return Pairs(says=finding("rows-unrecognised/pairs", **values))
            return Pairs(_learning(better, worse, data), finding("preference-pairs", **values))
    if are(_is_labelled):
        if prefers:
            return _both(_labelled(data), finding("pairs-read/labelled"))
        return Pairs(says=finding("rows-unrecognised/labelled-pairs"))
    if any(are(_holding(one, two, whole=True)) for one, two in _UNDECIDED):
        return Pairs(says=finding("rows-unrecognised/undecided"))
    if are(_is_listed):
        if prefers:
            return _both(_listed(), finding("pairs-read/listed"))
        return Pairs(says=finding("rows-unrecognised/listed-pairs"))
    return None


def _holding(one: str, two: str, *, whole: bool) -> Callable[[Row], bool]:
    """Return a test for rows with both columns; ``whole``: also beside a whole conversation."""
    return lambda row: one in row and two in row and (whole or not _is_whole(row))


def paired(better: Converter, worse: Converter, both: PairReader) -> Converter:
    """Return a converter of rows to examples with both answers.

    Args:
        better, worse: convert the two rows that ``both`` makes of one; the second reports nothing about the file.
    """

    def converted(row: Row, line: int) -> Example:
        given = both.given(row)
        if code := _INCOMPLETE.get((_is_nothing(given[0]), _is_nothing(given[1]))):
            raise RowError(finding(code))
        example, other = better(both.better(row), line), worse(both.worse(row), line)
        if not example.turns or not other.turns:
            return example  # which has nothing but its findings
        last, against = example.turns[-1], other.turns[-1]
        if last.role != "assistant" or against.role != "assistant":
            raise RowError(finding("pair-incomplete/turn"))
        if example.turns[:-1] != other.turns[:-1] or example.system != other.system:
            raise RowError(finding("pair-differs"))
        if not all(type(block) is Text for block in (*last.blocks, *against.blocks)):
            raise RowError(finding("pair-not-text"))
        example.worse = "\n".join(block.text for block in against.blocks if isinstance(block, Text))
        return example

    return converted


def _is_nothing(answer: Any) -> bool:
    return answer in _NOTHING or (isinstance(answer, str) and answer.isspace())


def _both(answers: PairReader, told: Finding) -> Pairs:
    return Pairs(answers.better, told, both=answers)


def _in_columns(better: str, worse: str, data: Data) -> PairReader:
    return PairReader(
        _learning(better, worse, data),
        _learning(worse, better, data),
        lambda row: (row.get(better), row.get(worse)),
        (better, worse),
    )


def _labelled(data: Data) -> PairReader:
    def plain(row: Row) -> Row:
        messages = row.get("messages")
        if not _is_labelled(row) or not isinstance(messages, list):
            return {**row, "chosen": None, "rejected": None}
        found = {str(each.get("preferenceLabel")): each.get("content") for each in messages[-1]["candidates"]}
        better, worse = (_said(found.get(label)) for label in PREFERENCE_LABELS)
        return {**row, "messages": messages[:-1], "chosen": better, "rejected": worse}

    inner = _in_columns("chosen", "rejected", data)
    return PairReader(
        lambda row: inner.better(plain(row)), lambda row: inner.worse(plain(row)), lambda row: inner.given(plain(row))
    )


def _said(content: Any) -> Any:
    """Return a candidate as a turn, in Converse's shape as those before it; None where it says nothing."""
    return {"role": "assistant", "content": content} if content not in _NOTHING else None


def _listed() -> PairReader:
    def taking(place: int) -> Callable[[Row], Row]:
        return lambda row: {**row, "output": row["output"][place]} if _is_listed(row) else row

    return PairReader(
        taking(0), taking(1), lambda row: (row["output"][0], row["output"][1]) if _is_listed(row) else (None, None)
    )


def _is_labelled(row: Row) -> bool:
    """Return whether the last turn has candidates with labels, as AWS's format for preferences has."""
    messages = row.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    candidates = last.get("candidates") if isinstance(last, dict) else None
    return isinstance(candidates, list) and bool(candidates) and all(isinstance(each, dict) for each in candidates)


def _is_whole(row: Row) -> bool:
    """Return whether a row has, beside its pair, a conversation that ends with an answer."""
    found = conversations.find(row)
    if not found or not isinstance(found[1], list) or not found[1]:
        return False
    last = found[1][-1]
    return isinstance(last, dict) and role_of(said_by(last)) == "assistant"


def _is_listed(row: Row) -> bool:
    """Return whether Alpaca's output is a list of the better and the worse answer."""
    answers = row.get("output")
    return "instruction" in row and isinstance(answers, list) and len(answers) == 2


def _learning(better: str, worse: str, data: Data) -> Callable[[Row], Row]:
    def read(row: Row) -> Row:
        chosen = row.get(better)
        if better not in row:
            return row
        rest = {key: value for key, value in row.items() if key not in (better, worse)}
        turns = _turns(chosen)
        if turns and role_of(said_by(turns[0])) in ("user", "system"):
            rest.pop("prompt", None)
            return {**rest, "messages": turns}
        before = conversations.find(rest)
        if before and isinstance(before[1], list):
            earlier = before[1][:-1] if _is_whole(rest) else before[1]
            rest = {key: value for key, value in rest.items() if key != before[0].split(".")[1]}
            return {**rest, "messages": [*earlier, *turns]}
        if isinstance(chosen, str) and isinstance(rest.get("instruction"), str) and not data.columns.question:
            return {**rest, "output": chosen}  # Alpaca's, whose question may have an input
        asked = data.columns.question or next(iter(candidates("question", list(rest))), "prompt")
        question = rest.pop(asked, None)
        listed = question if isinstance(question, list) else [{"role": "user", "content": question}]
        return {**rest, "messages": [*listed, *turns]}

    return read


def _turns(chosen: Any) -> list[Any]:
    """Return the turns of a better answer: a text, a turn, a list of them, or a dialogue of Human and Assistant."""
    chosen = conversations.written_out(chosen)
    if isinstance(chosen, list):
        return chosen
    if isinstance(chosen, dict):
        return [chosen]
    parts = _TRANSCRIPT.split(chosen) if isinstance(chosen, str) else []
    if len(parts) > 2 and parts[1] == "Human" and not parts[0].strip():
        said = zip(parts[1::2], parts[2::2], strict=True)
        return [{"role": "user" if who == "Human" else "assistant", "content": text.strip()} for who, text in said]
    return [{"role": "assistant", "content": chosen}]
