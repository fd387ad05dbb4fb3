"""The files of a dataset: objects in storage, and members of archives that behave like them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Protocol

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
        """True where it lies in storage as its own object, so that it can be referenced in place."""

    @property
    def uri(self) -> str:
        """For people: where it lies; ``<archive>!/<member>`` for a member."""

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
    """A file inside an archive; ``opener`` gives its bytes from the beginning."""

    archive: StoredObject
    member: str
    size: int
    opener: Callable[[], BinaryIO]

    @property
    def name(self) -> str:
        return f"{self.archive.name}/{self.member}"

    @property
    def key(self) -> str:
        return self.archive.key

    @property
    def stored(self) -> bool:
        return False

    @property
    def uri(self) -> str:
        return f"{self.archive.uri}!/{self.member}"

    def open(self) -> BinaryIO:
        return self.opener()

    def read(self, start: int = 0, length: int | None = None) -> bytes:
        with self.open() as file:
            file.seek(start)
            return file.read(-1 if length is None else length)


class Slice(io.RawIOBase):
    """``size`` bytes of a file from ``start``, as a file of their own. Takes the file over."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._position = file, start, size, 0

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

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        count = max(0, min(len(view), self._size - self._position))
        self._file.seek(self._start + self._position)
        data = self._file.read(count)
        view[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
