"""Group questions that go to the same models into chunks that are stored and asked one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tailor.evaluation.questions.arms import Arm
from tailor.evaluation.questions.held_out import Row

CHUNK_ROWS = 25


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """Rows that go to the same arms: the held-out rows, the regression suite, …

    ``build`` makes the Converse request of one row for one arm.
    """

    name: str
    rows: Sequence[Row]
    arms: Sequence[Arm]
    build: Callable[[Row, Arm], dict[str, Any]] = field(compare=False)

    @property
    def chunks(self) -> int:
        return -(-len(self.rows) // CHUNK_ROWS)

    def chunk(self, index: int) -> Sequence[Row]:
        return self.rows[index * CHUNK_ROWS : (index + 1) * CHUNK_ROWS]
