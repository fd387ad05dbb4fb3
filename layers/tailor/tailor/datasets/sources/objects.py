"""Represent the files of a dataset: objects in storage, and members of archives that behave like them."""

import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final, Protocol

from tailor.errors import DatasetError
from tailor.storage import Storage


class MediaObject(Protocol):
    """Something openable. ``name`` is its path inside the dataset folder; a member's begins with its archive's name.
    ``key`` is the storage key of the object, or of the archive that it lies in."""

    @property
    def name(self) -> str: ...
    @property
    def key(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def stored(self) -> bool:
        """Return whether it is an object of its own in storage, so that it can be referenced in place."""

    @property
    def uri(self) -> str:
        """Return its location for people; ``<archive>!/<member>`` for a member."""

    def open(self) -> BinaryIO: ...

    def read(self, start: int = 0, length: int | None = None) -> bytes: ...


@dataclass(frozen=True, slots=True)
class StoredObject:
    storage: Storage
    name: str
    key: str
    size: int
    etag: str = ""

    @property
    def stored(self) -> bool:
        return True

    @property
    def uri(self) -> str:
        return self.storage.uri(self.key)

    def open(self) -> BinaryIO:
        return self.storage.open(self.key)

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        return self.storage.read(self.key, start, length)


@dataclass(frozen=True, slots=True)
class MemberObject:
    """A file inside an archive; ``opener`` opens its bytes from the beginning. Reading a damaged one raises
    DamagedFileError."""

    archive: StoredObject
    member: str
    size: int
    opener: Callable[[], BinaryIO]

    @property
    def name(self) -> str:
        return f"{self.archive.name}/{self.member}" if self.member else self.archive.name

    @property
    def key(self) -> str:
        return self.archive.key

    @property
    def stored(self) -> bool:
        return False

    @property
    def uri(self) -> str:
        return f"{self.archive.uri}!/{self.member}" if self.member else self.archive.uri

    def open(self) -> BinaryIO:
        return self.opener()

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        with self.open() as file:
            while start > 0 and (passed := file.read(min(start, 1 << 20))):
                start -= len(passed)
            return file.read(-1 if length is None else length)


def readable(name: str) -> str:
    """Return a file's name as printable text. Names that are not UTF-8, as old systems packed them, are surrogates in
    Python; their bytes are read as Latin-1."""
    if name.isascii():
        return name
    try:
        name.encode()
    except UnicodeEncodeError:
        return name.encode(errors="surrogateescape").decode("latin-1")
    return name


class DamagedFileError(DatasetError):
    """Raised for a file in an archive, or a compressed file, that can't be read to its end."""

    code = "file-damaged"


READ_ERRORS: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    RuntimeError,
)
"""Exceptions of Python's modules for damaged archives, which are never our own."""


def reason(error: Exception) -> str:
    """Return a module's message about a damaged file, as the end of a sentence."""
    return str(error).strip().rstrip(".")[:200] or type(error).__name__


class Guarded(io.RawIOBase):
    """Passes a decompressor's output through, at most ``limit`` bytes; its errors become DamagedFileError. It owns the
    file; ``then`` is called when it is closed."""

    def __init__(self, file: BinaryIO, limit: int, then: Callable[[], None] | None = None) -> None:
        self._file, self._left, self._then = file, limit, then

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        try:
            data = self._file.read(len(view))
        except READ_ERRORS as error:
            raise DamagedFileError(f"the packed file is damaged or cut off: {reason(error)}") from error
        self._left -= len(data)
        if self._left < 0:
            raise DamagedFileError("the file unpacks to far more than data do (an archive bomb)")
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._file.close()
            if self._then:
                self._then()
