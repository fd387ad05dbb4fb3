"""Seal a part of the held-out rows, which is asked only when a version is about to go live.

Ordinary evaluations ask the open part, however often; what they are tuned to can't be tuned to the sealed part.
Promotion opens it once, and its verdict decides. Which groups are sealed follows from their names alone.
"""

from collections.abc import Sequence

from tailor.evaluation.questions.arms import rank
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.sizes import SEED

_WHOLE = 1 << 64


def part_of(rows: Sequence[Row], share: float, *, opened: bool) -> list[Row]:
    """Return the sealed rows if they were opened, otherwise the open ones; all if nothing is sealed."""
    if not share:
        return list(rows)
    return [row for row in rows if is_sealed(row.group, share) == opened]


def is_sealed(group: str, share: float) -> bool:
    """Return whether a group is among the ``share`` of groups that are sealed."""
    return int.from_bytes(rank(SEED, f"sealed:{group}")[:8]) < share * _WHOLE
