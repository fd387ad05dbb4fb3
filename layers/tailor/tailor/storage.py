"""Storage of files: a local folder or an S3 bucket, behind one small interface.

Keys are POSIX paths relative to the storage's root, without a leading slash. The S3 implementation is
:class:`tailor.aws.s3.S3Storage`.
"""

import hashlib
import io
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, BinaryIO, Protocol, cast, runtime_checkable

from tailor.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BLOCK = 4 * 1024 * 1024
"""Bytes that a reader fetches at a time."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file's metadata. ``etag`` changes with the content; two equal files may have different etags."""

    key: str
    size: int
    etag: str
    modified: datetime


@dataclass(frozen=True, slots=True)
class StoredVersion(StoredFile):
    """A file in one of its versions, which keeps its content whatever becomes of the file."""

    version: str


class Storage(Protocol):
    """Files by key. Reading raises NotFoundError for a missing key and RetryableError when it can't be read *now*."""

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        """Yield files whose key starts with ``prefix``, in the order of their keys."""

    def open(self, key: str) -> BinaryIO:
        """Return a buffered, seekable binary reader that fetches only what is read."""

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        """Return bytes ``start`` to ``start + length`` (fewer at the end of the file)."""

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        """Create or replace a file."""

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        """Create or replace a file from a local one, in parts if it is large."""

    def delete(self, keys: Iterable[str]) -> None:
        """Delete files. Missing ones are ignored."""

    def uri(self, key: str) -> str:
        """Return ``s3://bucket/key`` or an absolute path."""


@runtime_checkable
class FrozenStorage(Storage, Protocol):
    """Files in one version each: those that it was given, and of every other file the one that was opened first.

    ``list`` yields the files that it was given, and no others.
    """

    def keep(self, key: str, to: str, content_type: str) -> None:
        """Copy that version of a file within the bucket, without reading it here."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an upload that has arrived. ``number`` counts from 1; ``sha256`` is in base64, empty where unknown."""

    number: int
    size: int
    etag: str
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """An address for a browser, and the headers that the request must have."""

    url: str
    headers: dict[str, str]


class PartedStorage(Storage, Protocol):
    """A bucket that takes large files in parts, in any order and after any interruption."""

    def begin_parts(self, key: str, content_type: str) -> str:
        """Return the id of a new upload in parts."""

    def parts(self, key: str, upload: str) -> list[Part] | None:
        """Return the parts that have arrived, by number; None if the upload was completed or aborted."""

    def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
        """Upload one part."""

    def finish_parts(self, key: str, upload: str, parts: Iterable[Part]) -> None:
        """Make a file of the parts. Idempotent."""

    def drop_parts(self, key: str, upload: str) -> None:
        """Abort an upload and remove its parts. Idempotent."""


class LinkStorage(PartedStorage, Protocol):
    """A bucket that hands out addresses for browsers, each for one request."""

    def put_link(self, key: str, size: int, sha256: str, content_type: str, seconds: int) -> Link:
        """Return where exactly these bytes can be put as a file. ``sha256``: their digest in base64."""

    def part_link(self, key: str, upload: str, number: int, size: int, sha256: str, seconds: int) -> Link:
        """Return where exactly these bytes can be put as a part."""


class VersionedStorage(Storage, Protocol):
    """A bucket that keeps earlier versions of its files."""

    def current(self, prefix: str = "") -> Iterator[StoredVersion]:
        """Yield the files that :meth:`list` yields, each with its version."""

    def coming(self, prefix: str) -> Iterator[datetime]:
        """Yield when the uploads in parts were begun that are not complete yet."""

    def frozen(self, files: Iterable[StoredVersion]) -> FrozenStorage:
        """Return the bucket with these files as they are in these versions, even where they were replaced or deleted.

        A file whose version was deleted for good is missing.
        """


def files_of(folder: Path) -> list[Path]:
    """Return all files of a folder, sorted, including those behind links; a folder linked within itself counts once.

    Raises:
        InvalidInputError: a link is broken, or a folder can't be read.
    """
    found: list[Path] = []
    left = [(folder, frozenset([folder.resolve()]))]
    while left:
        current, above = left.pop()
        try:
            inside = list(current.iterdir())
        except PermissionError as error:
            raise InvalidInputError(f"{current} may not be read", hint="change its permissions") from error
        for path in inside:
            if path.is_dir():
                real = path.resolve()
                if real not in above:
                    left.append((path, above | {real}))
            elif path.is_file():
                found.append(path)
            elif path.is_symlink() and not path.name.startswith("."):
                message = f"{path} is a link to {path.readlink()}, which is not there"
                raise InvalidInputError(message, hint="bring the file back, or remove the link")
    return sorted(found)


class FolderStorage:
    """A local folder."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()

    @property
    def _above(self) -> str:
        """Return what the path of each key begins with."""
        return f"{str(self.root).rstrip(os.sep)}{os.sep}"

    def _path(self, key: str) -> Path:
        """Return the key's path. Checks names only: the folder's owner decides where links lead."""
        path = os.path.normpath(self.root / key)
        if not f"{path}{os.sep}".startswith(self._above):
            raise InvalidInputError(f"{key!r} leads out of {self.root}")
        return Path(path)

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        for key in sorted(self._keys(prefix), key=lambda key: key.split("/")):
            if key.startswith(prefix) and (path := self.root / key).is_file():
                stat = path.stat()
                tag = hashlib.sha256(f"{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:32]
                yield StoredFile(key, stat.st_size, tag, datetime.fromtimestamp(stat.st_mtime, UTC))

    def _keys(self, prefix: str) -> Iterator[str]:
        """Yield the names of at least the files that have a prefix."""
        first = self.root.joinpath(*prefix.split("/")[:-1])
        if first.resolve() != first:
            return  # a link, which is not followed, or a way out
        above = self._above
        for folder, _, names in first.walk():
            inside = f"{folder}{os.sep}".removeprefix(above).replace(os.sep, "/")
            yield from (f"{inside}{name}" for name in names)

    def open(self, key: str) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError) as error:
            raise NotFoundError(f"there is no file {key!r}") from error
        except PermissionError as error:
            raise InvalidInputError(f"{key!r} may not be read", hint="change its permissions") from error

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        with self.open(key) as file:
            file.seek(start)
            return file.read() if length is None else file.read(length)

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        path = self._path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        target = self._path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            self._path(key).unlink(missing_ok=True)

    def uri(self, key: str) -> str:
        return str(self._path(key))


class LinkedFolder(FolderStorage):
    """A local folder with the targets of its links; ``list`` raises what :func:`files_of` does."""

    def _keys(self, prefix: str) -> Iterator[str]:
        yield from (path.relative_to(self.root).as_posix() for path in files_of(self.root))


class RangedReader(io.RawIOBase):
    """A seekable file of ``size`` bytes from ``start`` of a source that is read by ranges.

    ``fetch`` receives a start and a length and returns the bytes there, fewer only at the end.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int, start: int = 0) -> None:
        self._fetch, self._size, self._start, self._position = fetch, size, start, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = max(0, base + offset)
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        view = memoryview(buffer).cast("B")
        length = min(len(view), self._size - self._position)
        if length <= 0:
            return 0
        data = self._fetch(self._start + self._position, length)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def readall(self) -> bytes:
        length = self._size - self._position
        data = self._fetch(self._start + self._position, length) if length > 0 else b""
        self._position += len(data)
        return data


class ReadAhead:
    """Fetches the next range while the last one is used, once ranges follow each other: waiting for a bucket and
    working on what came overlap. What goes wrong there is raised when the range is asked for. For one user at a time.
    """

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch, self._size = fetch, size
        self._end = -1
        self._coming: tuple[int, Future[bytes]] | None = None

    def __call__(self, start: int, length: int) -> bytes:
        coming, self._coming = self._coming, None
        data = coming[1].result()[:length] if coming and coming[0] == start else b""
        if len(data) < length:
            data += self._fetch(start + len(data), length - len(data))
        follows, self._end = start == self._end, start + len(data)
        if follows and self._end < self._size:
            self._begin(self._end, min(length, self._size - self._end))
        return data

    def _begin(self, start: int, length: int) -> None:
        future: Future[bytes] = Future()

        def fetch() -> None:
            try:
                future.set_result(self._fetch(start, length))
            except BaseException as error:  # the one who asks for the range raises it
                future.set_exception(error)

        # A thread a range, because a pool would not outlive a fork.
        Thread(target=fetch, daemon=True).start()
        self._coming = (start, future)


def buffered(fetch: Callable[[int, int], bytes], size: int, start: int = 0, block: int = BLOCK) -> BinaryIO:
    """Return a :class:`RangedReader` that fetches one block at a time, and smaller files at once."""
    return cast("BinaryIO", io.BufferedReader(RangedReader(fetch, size, start), max(1, min(size, block))))
