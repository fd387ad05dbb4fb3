"""Read preference pairs (DPO, KTO, hh-rlhf): of two answers one is better, and can be learnt."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.formats import conversations
from tailor.datasets.formats.base import Row
from tailor.datasets.formats.roles import role_of, said_by
from tailor.datasets.sources import candidates
from tailor.findings import Finding, finding
from tailor.recipe import Data

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


@dataclass(frozen=True, slots=True)
class Pairs:
    """Treatment of pairs: ``read`` returns a row with the better answer, and ``told`` is reported; otherwise ``says``
    is why the rows can't be used."""

    read: Callable[[Row], Row] | None = None
    told: Finding | None = None
    says: Finding | None = None


def recognise(rows: list[Row], data: Data) -> Pairs | None:
    """Return the treatment of preference pairs; None for other rows, and for those with a whole conversation too."""
    for better, worse in _PAIRS:
        if 2 * sum(better in row and worse in row and not _is_whole(row) for row in rows) > len(rows):
            values = {"better": better, "worse": worse}
            if data.columns.answer != better:
                return Pairs(says=finding("rows-unrecognised/pairs", **values))
            return Pairs(_learning(better, worse, data), finding("preference-pairs", **values))
    if any(2 * sum(one in row and other in row for row in rows) > len(rows) for one, other in _UNDECIDED):
        return Pairs(says=finding("rows-unrecognised/undecided"))
    if 2 * sum(_is_listed(row) for row in rows) > len(rows):
        return Pairs(says=finding("rows-unrecognised/listed-pairs"))
    return None


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
            rest = {key: value for key, value in rest.items() if key != before[0].split(".")[1]}
            return {**rest, "messages": [*before[1], *turns]}
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
