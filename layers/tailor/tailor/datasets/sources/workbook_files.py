"""Choose the sheets of a workbook that are data, report the others, and find the pictures on them."""

import hashlib
import io
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import BinaryIO, Final

from tailor.datasets.sources.objects import READ_ERRORS, DamagedFileError, MemberObject, StoredObject, reason
from tailor.datasets.sources.spreadsheet import Sheet, sheets_of
from tailor.datasets.sources.workbook import MAX_BYTES, Workbook, open_workbook
from tailor.findings import FindingTally, finding
from tailor.recipe import Columns

_MOST_PICTURE: Final = 64 << 20
Stored = StoredObject | MemberObject


def sheets_and_pictures(
    item: Stored, wanted: Columns, scratch: Path, notes: FindingTally
) -> tuple[list[Sheet], list[MemberObject]]:
    """Return the sheets that are data and the pictures on them; report everything else.

    A workbook with pictures lies in ``scratch`` from then on."""
    if item.size > MAX_BYTES:
        notes.add(finding("file-unreadable/workbook", item.name, limit=MAX_BYTES >> 20))
        return [], []
    try:
        book = open_workbook(item.read())
        found = sheets_of(book, item.name, wanted)
    except DamagedFileError as error:
        notes.add(finding("file-damaged", item.name, reason=error.message))
        return [], []
    if not found:
        notes.add(finding("file-empty/rows", item.name))
    sheets = [sheet for sheet in found if sheet.names == found[0].names]
    others = [sheet.title for sheet in found if sheet not in sheets]
    if others:
        notes.add(finding("sheets-aside", item.name, read=found[0].title, others=", ".join(map(repr, others))))
    if len(sheets) > 1:
        sheets = [Sheet(sheet.title, sheet.header, sheet.names, alone=False) for sheet in sheets]
    placed = {picture for places in book.placed.values() for picture in places.values()}
    if loose := len(set(book.pictures) - placed):
        notes.add(finding("pictures-loose", item.name, count=loose))
    if book.unknown:
        notes.add(finding("formulas-unknown", item.name, count=book.unknown))
    return sheets, list(_pictures(item, book, placed, scratch))


def _pictures(item: Stored, book: Workbook, placed: set[str], scratch: Path) -> Iterator[MemberObject]:
    """Yield the pictures on cells, as files inside the workbook, which may itself be in an archive."""
    if not placed:
        return
    scratch.mkdir(parents=True, exist_ok=True)
    path = scratch / f"workbook-{hashlib.sha256(item.name.encode()).hexdigest()[:16]}"
    path.write_bytes(book.data)
    archive, folder = (item.archive, f"{item.member}/") if isinstance(item, MemberObject) else (item, "")
    with zipfile.ZipFile(io.BytesIO(book.data)) as opened:
        for name in sorted(placed & set(opened.namelist())):
            size = min(opened.getinfo(name).file_size, _MOST_PICTURE)
            yield MemberObject(archive, f"{folder}{name}", size, partial(_opened, path, name))


def _opened(path: Path, name: str) -> BinaryIO:
    try:
        with zipfile.ZipFile(path) as book, book.open(name) as file:
            return io.BytesIO(file.read(_MOST_PICTURE))
    except READ_ERRORS as error:
        raise DamagedFileError(f"the picture {name} in the workbook can't be read: {reason(error)}") from error
