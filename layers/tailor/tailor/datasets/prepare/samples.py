"""Some of the records themselves, for the report."""

from typing import Any

import orjson

from tailor.catalog import Record
from tailor.datasets.prepare.batches import BATCH
from tailor.datasets.prepare.workers import WorkerOutput
from tailor.datasets.table import PARTS, RowTable

_PREVIEWS = 6
_LONGEST_ANSWER = 200


class Spool:
    """Single records by their place in the spool."""

    def __init__(self, parts: WorkerOutput, record: Record, files: list[str]) -> None:
        self._parts, self._record, self._files = parts, record, files

    def read(self, table: RowTable, row: int) -> dict[str, Any]:
        """The record of a row."""
        with self._parts.open(table.column["n"][row] // BATCH % self._parts.workers, "spool") as file:
            file.seek(table.column["offset"][row])
            record: dict[str, Any] = orjson.loads(file.readline())
        return record

    def answer(self, table: RowTable, index: int) -> str:
        row = self.read(table, index)
        if self._record == "prompt-completion":
            text = str(row["completion"])
        elif self._record == "openai-rft":
            text = str(row.get("reference_answer", ""))
        else:
            blocks = row["messages"][-1]["content"] if "messages" in row else []
            text = "\n".join(block["text"] for block in blocks if "text" in block)
        return text[:_LONGEST_ANSWER]

    def previews(self, table: RowTable) -> list[dict[str, Any]]:
        """Rows from all over the dataset: the record, its part and its source."""
        found = []
        used = table.mask()
        starts = {used.find(1, len(table) * step // _PREVIEWS) for step in range(_PREVIEWS)}
        for row in sorted(starts - {-1}):
            file, line, part = table.column["file"][row], table.column["line"][row], table.part(row)
            place = {"file": self._files[file], "line": line, "part": PARTS[part]}
            found.append({**place, "record": self.read(table, row)})
        return found
