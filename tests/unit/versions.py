"""A bucket's versions, for storages of tests: a version is kept from the first time that somebody lists it."""

import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from tailor.errors import NotFoundError
from tailor.storage import FolderStorage, FrozenStorage, Storage, StoredFile, StoredVersion


class Versions(Storage):
    """Adds versions to a storage; the entity tag is the version's name."""

    @property
    def kept(self) -> dict[tuple[str, str], bytes]:
        """Content by key and version. A test deletes one for good by removing it here."""
        known: dict[tuple[str, str], bytes] = self.__dict__.setdefault("_kept", {})
        return known

    def content(self, key: str) -> bytes:
        """Return what a file holds now, without counting as a call of the step under test."""
        return self.read(key)

    def on_frozen_read(self, key: str) -> None:
        """Note that the step under test reads a frozen file."""

    def current(self, prefix: str = "") -> Iterator[StoredVersion]:
        for file in self.list(prefix):
            if (file.key, file.etag) not in self.kept:
                self.kept[file.key, file.etag] = self.content(file.key)
            yield StoredVersion(file.key, file.size, file.etag, file.modified, file.etag)

    def coming(self, prefix: str) -> Iterator[datetime]:
        yield from ()

    def frozen(self, files: Iterable[StoredVersion]) -> FrozenStorage:
        return Frozen(self, files)


class Frozen(FrozenStorage):
    def __init__(self, base: Versions, files: Iterable[StoredVersion]) -> None:
        self._base, self._files = base, {file.key: file for file in files}

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        yield from (file for key, file in self._files.items() if key.startswith(prefix))

    def open(self, key: str) -> BinaryIO:
        return io.BytesIO(self.read(key)) if key in self._files else self._base.open(key)

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        if key not in self._files:
            return self._base.read(key, start, length)
        self._base.on_frozen_read(key)
        return self._content(key)[start : None if length is None else start + length]

    def _content(self, key: str) -> bytes:
        try:
            return self._base.kept[key, self._files[key].version]
        except KeyError:
            raise NotFoundError(f"there is no such version of {key!r}") from None

    def keep(self, key: str, to: str, content_type: str) -> None:
        self._base.write(to, self._content(key) if key in self._files else self._base.content(key), content_type)

    def write(self, key: str, data: bytes, content_type: str = "application/octet-stream") -> None:
        self._base.write(key, data, content_type)

    def upload(self, key: str, path: Path, content_type: str = "application/octet-stream") -> None:
        self._base.upload(key, path, content_type)

    def delete(self, keys: Iterable[str]) -> None:
        self._base.delete(keys)

    def uri(self, key: str) -> str:
        return self._base.uri(key)


class VersionedFolder(FolderStorage, Versions):
    """A folder that has versions as a bucket has."""

    def content(self, key: str) -> bytes:
        return FolderStorage.read(self, key)
