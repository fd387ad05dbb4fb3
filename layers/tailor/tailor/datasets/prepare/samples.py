"""Select records for the report."""

import random
from typing import Any

import orjson

from tailor.catalog import Record
from tailor.datasets.prepare.batches import BATCH
from tailor.datasets.prepare.workers import WorkerOutput
from tailor.datasets.table import SPLITS, RowTable
from tailor.prepared import decode

_PREVIEWS = 6
_DRAWN_FROM = 5000
_LONGEST_ANSWER = 200


class Spool:
    """Single records by their place in the spool."""

    def __init__(self, output: WorkerOutput, record: Record, files: list[str]) -> None:
        self._output, self._record, self._files = output, record, files

    def read(self, table: RowTable, row: int) -> dict[str, Any]:
        """Return the record of a row."""
        with self._output.open(table.column["n"][row] // BATCH % self._output.workers, "spool") as file:
            file.seek(table.column["offset"][row])
            record: dict[str, Any] = orjson.loads(file.readline())
        return record

    def answer(self, table: RowTable, index: int) -> str:
        row = self.read(table, index)
        if self._record == "prompt-completion":
            text = str(row["completion"])
        elif self._record == "document":
            text = ""
        elif self._record == "preference-pair":
            text = decode(row).answer
        elif self._record == "openai-rft":
            text = str(row.get("reference_answer", ""))
        else:
            blocks = row["messages"][-1]["content"] if "messages" in row else []
            text = "\n".join(block["text"] for block in blocks if "text" in block)
        return text[:_LONGEST_ANSWER]

    def previews(self, table: RowTable) -> list[dict[str, Any]]:
        """Return random rows with as many kinds of answers as there are: the record, its split and its source."""
        found = []
        for row in _drawn(table):
            file, line, split = table.column["file"][row], table.column["line"][row], table.split(row)
            place = {"file": self._files[file], "line": line, "part": SPLITS[split]}
            found.append({**place, "record": self.read(table, row)})
        return found


def _drawn(table: RowTable) -> list[int]:
    """Return rows for the report, the same for the same data: one of each kind in turn, each chosen at random."""
    choose, used = random.Random(len(table)), table.mask()  # noqa: S311 nobody has to guess them
    by_kind: dict[int, list[int]] = {}
    for row in choose.sample(range(len(table)), min(len(table), _DRAWN_FROM)):
        if used[row]:
            by_kind.setdefault(table.column["kind"][row], []).append(row)
    queues = sorted(by_kind.values(), key=len, reverse=True)
    drawn: list[int] = []
    while queues and len(drawn) < _PREVIEWS:
        drawn += [queue.pop() for queue in queues[: _PREVIEWS - len(drawn)]]
        queues = [queue for queue in queues if queue]
    return sorted(drawn)
