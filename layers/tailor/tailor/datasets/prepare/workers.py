"""Pass over the rows on several cores or machines: batches are assigned in turn, results merged in reading order.

Each worker reads everything, which is the cheap part, and takes its batches. On one machine workers are forked and
leave their results in files; on several machines they leave the same files in storage
(:mod:`tailor.datasets.scale`).
"""

import gc
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO, Protocol

import orjson
from pydantic import TypeAdapter

from tailor.datasets.media import LookupTally, MediaResolver
from tailor.datasets.prepare.batches import BATCH, Item
from tailor.datasets.prepare.disk_full import disk_full_as_error
from tailor.datasets.prepare.process import Fork
from tailor.datasets.prepare.row_pass import MERGED, PrepareTarget, RowPass, Totals
from tailor.datasets.table import RowTable, RowWriter
from tailor.findings import Collector, Finding, FindingGroup, FindingTally

_RESULT, _DONE = "result.json", "done.pickle"
_ALLOCATIONS = 50_000
Read = Callable[[], Iterable[Item]]


@dataclass(frozen=True, slots=True)
class Work:
    """Input of each worker. ``files``: names of the data files, in reading order.

    ``read`` yields all rows; its findings go to ``notes``, those of a single row to ``of_rows``.
    """

    aims: PrepareTarget
    files: list[str]
    desk: MediaResolver
    read: Read
    notes: FindingTally
    of_rows: FindingTally


@dataclass(slots=True)
class WorkerResult:
    """Result of a worker. ``notes`` are about all rows, ``of_rows`` about those that it read: only its own in files
    that are read by line, otherwise all."""

    totals: Totals
    notes: list[FindingGroup]
    of_rows: list[FindingGroup]
    habits: LookupTally


class WorkerOutput(Protocol):
    """Output folders of workers, local or in storage."""

    @property
    def workers(self) -> int: ...

    def open(self, worker: int, name: str) -> BinaryIO:
        """Open a worker's file, seekable."""

    def path(self, worker: int, name: str) -> Path:
        """Return a local path of a worker's file."""


@dataclass(frozen=True, slots=True)
class LocalOutput:
    scratch: Path
    workers: int

    def folder(self, worker: int) -> Path:
        return self.scratch / f"worker-{worker}"

    def open(self, worker: int, name: str) -> BinaryIO:
        return self.path(worker, name).open("rb")

    def path(self, worker: int, name: str) -> Path:
        return self.folder(worker) / name


def run_pass(output: LocalOutput, own: range, work: Work) -> Iterator[int]:
    """Do the share of the workers ``own``, possibly all; yield the number of rows read, from time to time.

    Raises RetryableError from the storage, also where a worker met it, and WorkerError."""
    first, *others = own
    for worker in own:
        output.folder(worker).mkdir()
    children = [Fork(partial(_take_whole_share, output, worker, work), output.path(worker, _DONE)) for worker in others]
    try:
        yield from _take_share(output, first, work)
        for child in children:
            child.result()
    finally:
        for child in children:
            child.end()


def results_of(output: WorkerOutput) -> list[WorkerResult]:
    found = []
    for worker in range(output.workers):
        with output.open(worker, _RESULT) as file:
            found.append(_RESULTS.validate_json(file.read()))
    return found


def records(output: WorkerOutput, table: RowTable) -> Iterator[tuple[range, bytes]]:
    """Yield the records of all rows in reading order, concatenated by batch, with the rows' indexes."""
    numbers, sizes, at = table.column["n"], table.column["size"], 0
    with ExitStack() as stack:
        spools = [stack.enter_context(output.open(worker, "spool")) for worker in range(output.workers)]
        while at < len(table):
            batch = numbers[at] // BATCH
            end = bisect_left(numbers, (batch + 1) * BATCH, at, min(at + BATCH, len(table)))
            yield range(at, end), spools[batch % output.workers].read(sum(sizes[at:end]))
            at = end


def merge_files(output: WorkerOutput, totals: list[Totals], scratch: Path, collector: Collector) -> None:
    """Merge rejected rows and fixes into one file each, in reading order, and findings into the collector."""
    told: set[tuple[str, str]] = set()

    def news(data: bytes) -> Iterator[Finding]:
        """Yield findings about an object once, even if two workers checked it."""
        for line in data.splitlines():
            found = Finding(**orjson.loads(line))
            if found.line is None:
                if (found.code, found.file) in told:
                    continue
                told.add((found.code, found.file))
            yield found

    for place, name in enumerate(MERGED):
        sources = [output.open(worker, name) for worker in range(output.workers)]
        with (scratch / name).open("ab") as target:
            for number in sorted(number for each in totals for number in each.lengths):
                worker = number % output.workers
                data = sources[worker].read(totals[worker].lengths[number][place])
                if name == "findings.jsonl":
                    collector.add(news(data))
                else:
                    target.write(data)
        for source in sources:
            source.close()


def _take_whole_share(output: LocalOutput, worker: int, work: Work) -> None:
    for _ in _take_share(output, worker, work):
        pass


def _take_share(output: LocalOutput, worker: int, work: Work) -> Iterator[int]:
    folder = output.folder(worker)
    with disk_full_as_error(), closing(RowWriter(folder)) as journal, _rare_collections():
        rows = RowPass(folder, work.aims, work.files, work.desk, journal)
        yield from rows.run(work.read(), worker, output.workers)
    result = WorkerResult(rows.totals, work.notes.document(), work.of_rows.document(), work.desk.habits)
    (folder / _RESULT).write_bytes(_RESULTS.dump_json(result))


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Run the garbage collector rarely: rows are many objects without cycles, and collecting costs a sixth of the
    time."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


_RESULTS = TypeAdapter(WorkerResult)
