"""Write the prepared files: each row goes to its split; every line is read again and checked before upload."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import accumulate, compress, pairwise
from pathlib import Path
from threading import active_count
from typing import Any, BinaryIO, Self

import orjson

from tailor.catalog import Record
from tailor.datasets.example import SplitName
from tailor.datasets.prepare.batches import BATCH
from tailor.datasets.prepare.process import Fork
from tailor.datasets.prepare.workers import LocalOutput, WorkerOutput, records
from tailor.datasets.reread import DamagedOutputError, verify
from tailor.datasets.table import SPLITS, RowTable
from tailor.findings import finding
from tailor.prepared import decode
from tailor.storage import Storage

SPLITS_WRITTEN: tuple[SplitName, ...] = ("train", "validation", "test")
_LEARNT_FROM: tuple[SplitName, ...] = ("train", "validation")
_Sink = Callable[[range, bytes], None]
"""Receives the indexes of some rows, and their concatenated records."""
Extra = tuple[str | None, str | None, list[str] | None]
"""Further values of a row: its group's name, its category, its references."""
_JSONL = "application/jsonl"
_RAW = 500


@dataclass(frozen=True, slots=True)
class Written:
    """A prepared file: its key, SHA-256 (hex), size in bytes, rows."""

    key: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A checked, prepared file that is still on this machine."""

    path: Path
    sha256: str
    rows: int


class Writing:
    """Sorts the spool's records into train.jsonl, validation.jsonl and test.jsonl, and what was left out to the end of
    rejected.jsonl; then reads every line again and checks it. ``files`` are the data files' names.

    Where several workers checked the rows, another process begins at once with those that are not tested. A context
    manager."""

    def __init__(self, output: WorkerOutput, scratch: Path, table: RowTable, record: Record, files: list[str]) -> None:
        self._output, self._scratch, self._ledger, self._record, self._files = output, scratch, table, record, files
        # A process with threads, or with connections, can't be forked safely.
        shared = output.workers > 1 and isinstance(output, LocalOutput) and active_count() == 1
        self._fork = Fork(self._learnt_from, scratch / "written.pickle") if shared else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._fork:
            self._fork.end()

    def finish(self) -> list[PreparedFile]:
        """Finish and check the files. Raises DamagedOutputError for a line that is not valid."""
        with _Others(self._output, self._scratch, self._ledger, self._files) as others:
            if self._fork:
                _hand_out(self._output, self._ledger, [others.write])
            else:
                learnt_from = self._learnt_from(others.write)
        test = self._checked("test", "test")
        return [*(self._fork.result() if self._fork else learnt_from), test]

    def _learnt_from(self, *others: _Sink) -> list[PreparedFile]:
        """Return the splits whose records are used unchanged."""
        with ExitStack() as stack:
            sinks = [
                _records_of(self._ledger, split, stack.enter_context((self._scratch / f"{split}.jsonl").open("wb")))
                for split in _LEARNT_FROM
            ]
            _hand_out(self._output, self._ledger, [*sinks, *others])
        return [self._checked(split, self._record) for split in _LEARNT_FROM]

    def _checked(self, split: SplitName, shape: str) -> PreparedFile:
        path, place, table = self._scratch / f"{split}.jsonl", SPLITS.index(split), self._ledger
        digest, rows = verify(path, shape)
        if rows != table.count(place):
            raise DamagedOutputError(f"{split}.jsonl holds {rows} rows instead of {table.count(place)}")
        return PreparedFile(path, digest, rows)


def _hand_out(output: WorkerOutput, table: RowTable, sinks: list[_Sink]) -> None:
    for rows, block in records(output, table):
        for write in sinks:
            write(rows, block)


def _records_of(table: RowTable, split: SplitName, file: BinaryIO) -> _Sink:
    mask, sizes = table.mask(SPLITS.index(split)), table.column["size"]

    def write(rows: range, block: bytes) -> None:
        marked = mask[rows.start : rows.stop]
        if 1 in marked:
            ends = accumulate(sizes[rows.start : rows.stop], initial=0)
            file.writelines(block[start:end] for start, end in compress(pairwise(ends), marked))

    return write


class _Others:
    """Writes the rows that are for testing or left out. A context manager."""

    def __init__(self, output: WorkerOutput, scratch: Path, table: RowTable, files: list[str]) -> None:
        self._ledger, self._names, self._output = table, files, output
        learnt_from = table.mask(*map(SPLITS.index, _LEARNT_FROM))
        self._mask = learnt_from.translate(bytes.maketrans(b"\0\1", b"\1\0"))
        self._labels: dict[int, str] = {}
        self._open = ExitStack()
        self._extras = self._open.enter_context(Extras(output))
        self._rejected = self._open.enter_context((scratch / "rejected.jsonl").open("ab"))
        self._test = self._open.enter_context((scratch / "test.jsonl").open("wb"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def write(self, rows: range, block: bytes) -> None:
        offsets, sizes = self._ledger.column["offset"], self._ledger.column["size"]
        start = offsets[rows.start]
        for row in compress(rows, self._mask[rows.start : rows.stop]):
            at = offsets[row] - start
            self._write(row, block[at : at + sizes[row]])

    def _write(self, row: int, line: bytes) -> None:
        table, column = self._ledger, self._ledger.column
        place = {"file": self._names[column["file"][row]], "line": column["line"][row]}
        code = table.reason(row)
        if code:
            listed = {**place, "reasons": _reasons(code), "raw": line[:_RAW].decode(errors="ignore")}
            self._rejected.write(orjson.dumps(listed, option=orjson.OPT_APPEND_NEWLINE))
        else:
            n = column["n"][row]
            held_out = _held_out(n, orjson.loads(line), self._extras.of(n), place)
            answers = [self._answer(other) for other in table.joined.get(row, ())]
            held_out["references"] = list(dict.fromkeys(held_out["references"] + answers))
            held_out["group"] = self._labels.setdefault(column["grp"][row], held_out["group"])
            self._test.write(orjson.dumps(held_out, option=orjson.OPT_APPEND_NEWLINE))

    def _answer(self, row: int) -> str:
        column = self._ledger.column
        with self._output.open(column["n"][row] // BATCH % self._output.workers, "spool") as file:
            file.seek(column["offset"][row])
            return decode(orjson.loads(file.readline())).answer


class Extras:
    """Content of the workers' files ``extras``, for rows in ascending order. A context manager."""

    def __init__(self, output: WorkerOutput) -> None:
        self._files = [output.open(worker, "extras") for worker in range(output.workers)]
        self._next: list[list[Any] | None] = [[-1] for _ in self._files]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def of(self, n: int) -> Extra:
        worker = n // BATCH % len(self._files)
        while (found := self._next[worker]) and found[0] < n:
            line = self._files[worker].readline()
            self._next[worker] = orjson.loads(line) if line else None
        if found and found[0] == n:
            return found[1], found[2], found[3]
        return None, None, None


@cache
def _reasons(code: str) -> orjson.Fragment:
    """Return why a valid row is not used; the finding itself, with the other row's place, is in findings.jsonl."""
    found = finding(code, "", where="an earlier", first="one", other="another set")
    return orjson.Fragment(
        orjson.dumps([{"code": found.code, "message": found.message, "fix": found.fix, "path": None}])
    )


def publish(files: list[PreparedFile], output: Storage, run_prefix: str) -> list[Written]:
    """Upload the files that contain rows."""
    written = []
    for file in files:
        if file.rows:
            key = f"{run_prefix}prepared/{file.path.name}"
            output.upload(key, file.path, _JSONL)
            written.append(Written(key, file.sha256, file.path.stat().st_size, file.rows))
    return written


def _held_out(n: int, row: dict[str, Any], extra: Extra, place: dict[str, Any]) -> dict[str, Any]:
    """Return a row of test.jsonl, as docs/architecture.md describes it."""
    label, category, references = extra
    found = decode(row)
    if not references:
        references = [found.answer] if found.answer else []
    return {
        "id": f"r{n:06d}",
        "group": label or f"{place['file']}:{place['line']}",
        "category": category,
        "system": found.system,
        "messages": found.messages,
        "references": references,
        "source": place,
        **({"worse": found.worse} if found.worse else {}),
    }
