"""Zip and tar archives, read where they lie: nothing is unpacked by name, so no member can reach outside.

A member that is dangerous or unreadable is reported and left out; the rest of the archive is used.
"""

import io
import lzma
import stat
import tarfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from tailor.datasets.notes import Notes
from tailor.datasets.objects import MemberObject, StoredObject

MAX_MEMBERS: Final = 500_000
MAX_DIRECTORY: Final = 256 << 20
"""Bytes of a zip's list of members; it is read as a whole."""
MAX_RATIO: Final = 200
"""More bytes out than this for each byte in, beyond the first MAX_FREE, is a bomb: text packs 5 to 50 times."""
MAX_FREE: Final = 100 << 20
READ_ERRORS: Final = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
                      NotImplementedError, RuntimeError)  # fmt: skip
"""What damaged archives raise while they are read."""

_JUNK: Final = ("__MACOSX/", ".git/", "__pycache__/")
_JUNK_NAMES: Final = (".DS_Store", "Thumbs.db", "desktop.ini")


class BombError(ValueError):
    """A stream that unpacks to far more than it holds."""


class Bounded(io.RawIOBase):
    """Passes a decompressor's output through until it is out of proportion to ``packed`` bytes of input."""

    def __init__(self, file: BinaryIO, packed: int) -> None:
        self._file = file
        self._left = max(MAX_FREE, packed * MAX_RATIO)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._file.read(len(view))
        self._left -= len(data)
        if self._left < 0:
            raise BombError("the content unpacks to far more than a dataset would")
        view[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()


def is_junk(name: str) -> bool:
    """Files that systems leave behind."""
    base = name.rpartition("/")[2]
    return base in _JUNK_NAMES or base.startswith("._") or any(f"/{junk}" in f"/{name}" for junk in _JUNK)


@dataclass(frozen=True, slots=True)
class _Reporter:
    archive: StoredObject
    notes: Notes

    def __call__(self, code: str, message: str, fix: str, *, severity: str = "error") -> None:
        self.notes.add(code, severity, self.archive.name, message, fix)  # type: ignore[arg-type]


def zip_members(archive: StoredObject, notes: Notes) -> Iterator[MemberObject]:
    report = _Reporter(archive, notes)
    try:
        _check_directory(archive)
        file = archive.open()
        packed = zipfile.ZipFile(file)
        # Members are opened as long as somebody holds one: the archive's file goes with the last.
        weakref.finalize(packed, file.close)
    except READ_ERRORS as error:
        report("archive-unreadable", f"the zip archive can't be read: {error}", "make the archive again and upload it")
        return
    for count, info in enumerate(packed.infolist()):
        if count >= MAX_MEMBERS:
            report("archive-too-many-files", f"more than {MAX_MEMBERS:,} files in one archive", "use several archives")
            return
        if info.is_dir() or is_junk(info.filename):
            continue
        if _is_usable(info, report):
            yield MemberObject(archive, info.filename, info.file_size, _zip_opener(packed, info))


def _check_directory(archive: StoredObject) -> None:
    """The list of members is read into memory: its size is taken from the archive's end before."""
    tail = archive.read(max(0, archive.size - (1 << 16) - 22))
    at = tail.rfind(b"PK\5\6")
    if at >= 0 and int.from_bytes(tail[at + 12 : at + 16], "little") not in (*range(MAX_DIRECTORY), 0xFFFFFFFF):
        raise zipfile.BadZipFile("its list of files is too long")


def _is_usable(info: zipfile.ZipInfo, report: Callable[..., None]) -> bool:
    name = info.filename
    if _is_unsafe(name):
        report(
            "archive-unsafe-path", f"{name!r:.200} leads out of the archive", "pack the files with plain relative names"
        )
    elif stat.S_ISLNK(info.external_attr >> 16):
        report("archive-link", f"{name!r:.200} is a link", "pack the file itself")
    elif info.flag_bits & 1:
        report("archive-encrypted", f"{name!r:.200} is encrypted", "pack the files without a password")
    elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        fix = "pack the files with plain zip (deflate)"
        report("archive-unsupported", f"{name!r:.200} is packed in a way that can't be read", fix)
    elif info.file_size > max(MAX_FREE, info.compress_size * MAX_RATIO):
        said = f"{name!r:.200} unpacks {info.compress_size:,} bytes to {info.file_size:,}"
        report("archive-bomb", f"{said}: it is not opened", "upload the file itself")
    else:
        return True
    return False


def _is_unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":") or "\0" in name


def _zip_opener(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    def opener() -> BinaryIO:
        file: BinaryIO = packed.open(info)  # type: ignore[assignment]
        return file

    return opener
