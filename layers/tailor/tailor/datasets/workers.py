"""The pass over the rows on several cores: batches are dealt out in turn, and put together in reading order.

Each worker reads everything, which is the cheap part, and takes its batches. Workers are forked and leave their results
in files: that works in AWS Lambda too, where there is no shared memory for queues. The same deal serves for shards that
run on different machines.
"""

import gc
import os
import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

import orjson

from tailor.datasets.collect import Collector
from tailor.datasets.ledger import Ledger
from tailor.datasets.media import MediaDesk
from tailor.datasets.model import Example, Finding, Rejected
from tailor.datasets.rows import BATCH, MERGED, Intentions, RowPass, Totals
from tailor.errors import TailorError

_RESULT = "result.pickle"
_ALLOCATIONS = 50_000
Read = Callable[[], Iterable[Example | Rejected]]


class WorkerError(TailorError):
    """A worker ended without a result: it was killed, most likely for want of memory."""

    code = "worker-lost"


def run_pass(
    scratch: Path, aims: Intentions, files: list[str], desk: MediaDesk, read: Read, workers: int
) -> Iterator[int | list[Totals]]:
    """Yields how many rows were read, now and then, and at last the totals of each worker.

    Raises RetryableError from the storage, also where a worker met it, and WorkerError."""
    folders = [folder_of(scratch, worker) for worker in range(workers)]
    for folder in folders:
        folder.mkdir()
    children = [_fork(folders[worker], aims, files, desk, read, worker, workers) for worker in range(1, workers)]
    with closing(Ledger(folders[0] / "ledger.sqlite")) as ledger, _rare_collections():
        own = RowPass(folders[0], aims, files, desk, ledger)
        yield from own.run(read(), 0, workers)
    yield [own.totals, *(_result(process, folder) for process, folder in zip(children, folders[1:], strict=True))]


def folder_of(scratch: Path, worker: int) -> Path:
    return scratch / f"worker-{worker}"


class Lines:
    """The workers' files of this name, line by line in the order of their rows. A context manager."""

    def __init__(self, name: str, scratch: Path, workers: int) -> None:
        self._files = [(folder_of(scratch, worker) / name).open("rb") for worker in range(workers)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def next(self, n: int) -> bytes:
        """The line of row ``n``; rows must be asked for in rising order, none left out."""
        return self._files[n // BATCH % len(self._files)].readline()


def merge_files(scratch: Path, totals: list[Totals], collector: Collector) -> None:
    """Puts rejected rows and fixes into one file each, in reading order, and findings into the collector."""
    workers = len(totals)
    told: set[tuple[str, str]] = set()

    def news(data: bytes) -> Iterator[Finding]:
        """Findings about an object are told once, even where two workers looked at it."""
        for line in data.splitlines():
            found = Finding(**orjson.loads(line))
            if found.line is None:
                if (found.code, found.file) in told:
                    continue
                told.add((found.code, found.file))
            yield found

    for place, name in enumerate(MERGED):
        sources = [(folder_of(scratch, worker) / name).open("rb") for worker in range(workers)]
        with (scratch / name).open("ab") as target:
            for number in sorted(number for each in totals for number in each.lengths):
                data = sources[number % workers].read(totals[number % workers].lengths[number][place])
                if name == "findings.jsonl":
                    collector.add(news(data))
                else:
                    target.write(data)
        for source in sources:
            source.close()


@contextmanager
def _rare_collections() -> Iterator[None]:
    """Rows are very many objects without reference cycles; looking for cycles all the time costs a sixth of it."""
    before = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _fork(
    folder: Path, aims: Intentions, files: list[str], desk: MediaDesk, read: Read, worker: int, workers: int
) -> int:
    """The process id of the worker."""
    process = os.fork()
    if process:
        return process
    status = 1
    try:
        with closing(Ledger(folder / "ledger.sqlite")) as ledger, _rare_collections():
            rows = RowPass(folder, aims, files, desk, ledger)
            for _ in rows.run(read(), worker, workers):
                pass
        (folder / _RESULT).write_bytes(pickle.dumps(rows.totals))
        status = 0
    except TailorError as error:
        (folder / _RESULT).write_bytes(pickle.dumps((type(error), error.message)))
        status = 0
    finally:
        os._exit(status)  # the parent's files and threads are not the child's to close


def _result(process: int, folder: Path) -> Totals:
    _, status = os.waitpid(process, 0)
    if status:
        raise WorkerError(f"a worker ended with status {os.waitstatus_to_exitcode(status)}")
    found = pickle.loads((folder / _RESULT).read_bytes())  # noqa: S301 our own file, written a moment ago
    if isinstance(found, Totals):
        return found
    kind, message = found
    raise kind(message)
