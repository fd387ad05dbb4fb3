"""Extract the text of documents before rows are read: once for all workers, in processes that a bad file may crash.

A library that reads PDF files is large and not written in Python. A file that ends its process, takes more memory or
time than any honest one, or meets a bug, is one document that can't be read; the others are.
"""

import resource
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from tailor.datasets.documents import DocumentFile
from tailor.datasets.prepare.process import Fork, WorkerError
from tailor.datasets.sources import READ_ON_ERRORS
from tailor.findings import finding

SECONDS: Final = 120
"""Time limit for one document; a thousand pages take four seconds."""
MEMORY: Final = 1280 << 20
"""Bytes that a process may allocate beyond what it has at its start."""
_AHEAD: Final = 16
_AHEAD_BYTES: Final = 64 << 20


def convert(files: Sequence[DocumentFile], scratch: Path, processes: int) -> None:
    """Keep the text of documents, or why there is none, for all who read them. Raises RetryableError from the
    storage."""
    left = [file for file in files if not file.is_kept]
    count = min(processes, len(left))
    shares = [_Share(left[number::count], scratch / f"conversion-{number}") for number in range(count)]
    try:
        for share in shares:
            share.finish()
    finally:
        for share in shares:
            share.end()


class _Share:
    """Documents that one process after another reads: the next one continues after the file that crashed the last."""

    def __init__(self, files: list[DocumentFile], place: Path) -> None:
        self._files, self._place = files, place
        self._process = self._begin()

    def _begin(self) -> Fork[None]:
        self._place.write_text("")
        return Fork(partial(_convert, self._files, self._place), self._place.with_suffix(".done"))

    def finish(self) -> None:
        while True:
            try:
                return self._process.result()
            except WorkerError as error:
                at = self._place.read_text()
                if not at:
                    raise  # it was no document's fault
                slow = signal.SIGALRM.name in error.message
                self._files[int(at)].refuse(finding("document-damaged/slow" if slow else "document-damaged/fatal"))
                self._files = self._files[int(at) + 1 :]
                self._process = self._begin()

    def end(self) -> None:
        self._process.end()


def _convert(files: list[DocumentFile], place: Path) -> None:
    _limit_memory()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    for number, content in enumerate(_read_ahead(files)):
        data = content()
        place.write_text(str(number))
        signal.alarm(SECONDS)
        files[number].keep(data)
        signal.alarm(0)
        place.write_text("")


def _read_ahead(files: Sequence[DocumentFile]) -> Iterator[Callable[[], bytes | Exception]]:
    """Yield the content of files, some of which are fetched ahead, or the error that they are damaged."""
    with ThreadPoolExecutor(_AHEAD) as pool:
        for some in _groups(files):
            for read in [pool.submit(_read, file) for file in some]:
                yield read.result


def _groups(files: Sequence[DocumentFile]) -> Iterator[list[DocumentFile]]:
    some: list[DocumentFile] = []
    for file in files:
        if some and (len(some) == _AHEAD or sum(each.size for each in some) + file.size > _AHEAD_BYTES):
            yield some
            some = []
        some.append(file)
    if some:
        yield some


def _read(file: DocumentFile) -> bytes | Exception:
    try:
        return file.content()
    except READ_ON_ERRORS as error:
        return error


def _limit_memory() -> None:
    with suppress(OSError, ValueError):  # some systems don't say, or have no such limit
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
        most = pages * resource.getpagesize() + MEMORY
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        if hard == resource.RLIM_INFINITY or most < hard:
            resource.setrlimit(resource.RLIMIT_AS, (most, hard))
