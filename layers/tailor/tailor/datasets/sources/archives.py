"""Read zip, tar and gzip in place: nothing is unpacked under its own name, so no member can escape.

A member that is dangerous or unreadable is reported and left out; the rest of the archive is used.
"""

import gzip
import io
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from tailor.datasets.sources.objects import (
    READ_ERRORS,
    DamagedFileError,
    Guarded,
    MemberObject,
    StoredObject,
    readable,
    reason,
)
from tailor.file_kinds import is_junk
from tailor.findings import FindingTally, finding
from tailor.storage import BLOCK, ReadAhead, buffered

MAX_MEMBERS: Final = 500_000
MAX_DIRECTORY: Final = 64 << 20
"""Maximum bytes of a zip's central directory, which is read as a whole."""
MAX_HEADER: Final = 1 << 20
"""Maximum bytes of an extended header of a tar: long names and the like."""
MAX_RATIO: Final = 200
"""More bytes out than this per byte in, beyond the first MAX_FREE, is a bomb: text compresses 5 to 50 times."""
MAX_FREE: Final = 100 << 20

_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_LOCAL_HEADER: Final = 30
_MARGIN: Final = 64


class ReportFinding(Protocol):
    """Reports a finding about one archive; ``values`` fill its templates."""

    def __call__(self, code: str, **values: str | int) -> None: ...


Fetch = Callable[[int, int], bytes]
"""Takes a start and a length."""


def reporter(name: str, notes: FindingTally) -> ReportFinding:
    def report(code: str, **values: str | int) -> None:
        notes.add(finding(code, name, path=None, **values))

    return report


def gunzip(opener: Callable[[], BinaryIO], size: int) -> BinaryIO:
    """Return the content of a gzip file of ``size`` bytes. Reading raises DamagedFileError for a bomb or broken
    file."""
    file = opener()
    return _bounded(cast("BinaryIO", gzip.GzipFile(fileobj=file)), size, file.close)


def _bounded(file: BinaryIO, packed: int, then: Callable[[], None] | None = None) -> BinaryIO:
    return io.BufferedReader(Guarded(file, max(MAX_FREE, packed * MAX_RATIO), then), 1 << 16)


def zip_members(archive: StoredObject, notes: FindingTally) -> Iterator[MemberObject]:
    report = reporter(archive.name, notes)
    try:
        if not _check_directory(archive):
            report("file-damaged/zip")
            return
        with archive.open() as file, zipfile.ZipFile(file) as packed:
            members = packed.infolist()
    except READ_ERRORS as error:
        report("archive-unreadable/zip", reason=reason(error))
        return
    for count, info in enumerate(members):
        if count >= MAX_MEMBERS:
            report("archive-too-large", limit=MAX_MEMBERS)
            return
        if not info.is_dir() and not is_junk(info.filename) and _is_usable_zip(info, report):
            yield MemberObject(archive, _clean(info.filename), info.file_size, _zip_opener(archive, info))


def _check_directory(archive: StoredObject) -> bool:
    """Return whether the archive has an end. Raises BadZipFile if its list of members is too long."""
    tail = archive.read(max(0, archive.size - (1 << 16) - 22))
    at = tail.rfind(b"PK\5\6")
    length = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    large = tail.rfind(b"PK\6\6")
    if length == 0xFFFFFFFF and large >= 0:
        length = int.from_bytes(tail[large + 40 : large + 48], "little")
    if length > MAX_DIRECTORY:
        raise zipfile.BadZipFile("its list of files is too long")
    return at >= 0


def _is_usable_zip(info: zipfile.ZipInfo, report: ReportFinding) -> bool:
    name = info.filename
    if _is_unsafe(name):
        report("archive-unsafe-path", name=name)
    elif stat.S_ISLNK(info.external_attr >> 16):
        report("archive-link", name=name)
    elif info.flag_bits & 1:
        report("archive-encrypted", name=name)
    elif info.compress_type not in _METHODS:
        report("archive-unsupported/zip", name=name)
    elif info.file_size > max(MAX_FREE, info.compress_size * MAX_RATIO):
        report("archive-bomb", name=name, packed=info.compress_size, size=info.file_size)
    else:
        return True
    return False


def _is_unsafe(name: str) -> bool:
    parts = name.replace("\\", "/").split("/")
    return ".." in parts or name.startswith(("/", "\\")) or (len(name) > 1 and name[1] == ":") or "\0" in name


def _clean(name: str) -> str:
    return "/".join(part for part in readable(name).replace("\\", "/").split("/") if part not in ("", "."))


def _zip_opener(archive: StoredObject, info: zipfile.ZipInfo) -> Callable[[], BinaryIO]:
    """Return an opener for members that reads each by its own ranges, so that threads need not wait for each other."""

    def opener() -> BinaryIO:
        try:
            return _bounded(cast("BinaryIO", _zip_member(archive, info)), info.compress_size)
        except READ_ERRORS as error:
            raise DamagedFileError(f"the file in the archive can't be read: {reason(error)}") from error

    return opener


def _zip_member(archive: StoredObject, info: zipfile.ZipInfo) -> zipfile.ZipExtFile:
    """Open a member as ``ZipFile.open`` does, without the file and lock that all members share.

    The local header, whose length the archive's directory does not tell, is fetched with the content.
    """
    start, name = info.header_offset, len(info.orig_filename.encode())
    expected = _LOCAL_HEADER + name + len(info.extra) + _MARGIN + info.compress_size
    file = buffered(archive.read, archive.size - start, start, min(expected, BLOCK))
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(b"PK\3\4"):
        raise zipfile.BadZipFile("there is no file where the archive's directory says")
    file.seek(int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little"), io.SEEK_CUR)
    end = getattr(info, "_end_offset", None)
    if end is not None and start + file.tell() + info.compress_size > end:
        raise zipfile.BadZipFile("files overlap (an archive bomb)")
    return zipfile.ZipExtFile(file, "r", info, close_fileobj=True)


class _Headers(io.RawIOBase):
    """A tar while its members are listed: headers are short, and so are honest extended headers."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= MAX_HEADER:
            raise tarfile.ReadError("a header is too long")
        return self._file.read(size)


def tar_members(archive: StoredObject, fetch: Fetch, size: int, notes: FindingTally) -> Iterator[MemberObject]:
    """Yield the members of a plain tar of ``size`` bytes. ``fetch`` reads ranges of it, or of its unpacked copy."""
    report = reporter(archive.name, notes)
    with buffered(ReadAhead(fetch, size), size) as file:
        try:
            packed = tarfile.open(fileobj=_Headers(file), mode="r:")  # noqa: SIM115  (it owns nothing but the file)
            count = 0
            while member := packed.next():
                packed.members.clear()  # type: ignore[attr-defined]  # else it remembers all of them
                count += 1
                if count > MAX_MEMBERS:
                    report("archive-too-large/tar", limit=MAX_MEMBERS)
                    return
                if not member.isdir() and not is_junk(member.name) and _is_usable_tar(member, report):
                    yield MemberObject(archive, _clean(member.name), member.size, _tar_opener(fetch, member))
        except READ_ERRORS as error:
            report("archive-unreadable/tar", reason=reason(error))


def _is_usable_tar(member: tarfile.TarInfo, report: ReportFinding) -> bool:
    if _is_unsafe(member.name):
        report("archive-unsafe-path", name=member.name)
    elif member.issym() or member.islnk():
        report("archive-link", name=member.name)
    elif not member.isreg() or member.sparse is not None:
        report("archive-unsupported/tar", name=member.name)
    else:
        return True
    return False


def _tar_opener(fetch: Fetch, member: tarfile.TarInfo) -> Callable[[], BinaryIO]:
    start, size = member.offset_data, member.size
    return lambda: buffered(fetch, size, start)


def ranges_of(path: Path) -> Fetch:
    """Return a reader of ranges of a local file, for many threads."""

    def fetch(start: int, length: int) -> bytes:
        with path.open("rb") as file:
            file.seek(start)
            return file.read(length)

    return fetch


def unpack(content: BinaryIO, scratch: Path, report: ReportFinding) -> Path | None:
    """Unpack a compressed tar into ``scratch``, since it can't be read at random. Return None if that is impossible."""
    scratch.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(scratch).free // 2
    path = scratch / f"unpacked-{len(list(scratch.glob('unpacked-*')))}.tar"
    try:
        with path.open("wb") as target:
            while chunk := content.read(1 << 20):
                free -= len(chunk)
                if free < 0:
                    report("archive-too-large/disk")
                    path.unlink()
                    return None
                target.write(chunk)
    except DamagedFileError as error:
        report("archive-unreadable/cut-off", reason=error.message)
    return path
