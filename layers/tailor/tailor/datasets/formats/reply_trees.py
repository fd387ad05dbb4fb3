"""Read trees of replies, as OpenAssistant publishes them: the best-ranked branch of each."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from tailor.datasets.formats.base import Row
from tailor.datasets.formats.roles import role_of, said_by

_DEEPEST: Final = 200


def nested_branch(root: Row) -> list[Row]:
    """Return the best branch of a turn that contains its replies."""
    return _branch(root, lambda turn: [each for each in turn.get("replies") or () if isinstance(each, dict)])


def linked_branch(turns: Sequence[Row], identity: str, parent: str) -> list[Row]:
    """Return the best branch of turns that name the turn they reply to; empty if no turn is a root."""
    replies: dict[Any, list[Row]] = {}
    for turn in turns:
        replies.setdefault(turn.get(parent) or None, []).append(turn)
    known = {turn.get(identity) for turn in turns}
    first = next((turn for turn in turns if turn.get(parent) not in known), None)
    return _branch(first, lambda turn: replies.get(turn.get(identity) or "", [])) if first else []


def _branch(root: Row, replies: Callable[[Row], list[Row]]) -> list[Row]:
    """Return the turns from the root down, always the better reply, up to the last answer."""
    found: list[Row] = []
    turn: Row | None = root
    while turn is not None and len(found) < _DEEPEST:
        found.append(turn)
        kept = [reply for reply in replies(turn) if not reply.get("deleted")]
        turn = min(kept, key=_rank, default=None)
    while found and role_of(said_by(found[-1])) != "assistant":
        found.pop()
    return found


def _rank(turn: Row) -> float:
    """Return the rank that people gave a reply, 0 for the best; unranked replies come last."""
    rank = turn.get("rank")
    try:
        return float(rank) if rank is not None else float("inf")
    except (TypeError, ValueError):
        return float("inf")
