"""Read workbooks of Excel and LibreOffice: their sheets, cell by cell, and the pictures on them.

A library reads the cells. It holds a sheet as one block, from the first cell to the last, so that a small file could
ask for more memory than there is: what a workbook unpacks to, and how large its sheets are, is looked at before.
"""

import io
import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from xml.etree import ElementTree as Xml
from xml.parsers import expat

import python_calamine

from tailor.datasets.sources.objects import READ_ERRORS, DamagedFileError, reason
from tailor.datasets.sources.sniff import OLD_OFFICE
from tailor.file_kinds import PICTURE_SUFFIXES

MAX_BYTES: Final = 256 << 20
"""Maximum bytes of a workbook, which is held in memory."""
MAX_UNPACKED: Final = 1 << 30
"""Maximum bytes of all its XML."""
MAX_CELLS: Final = 20_000_000
"""Maximum cells of a sheet, from the first to the last row and column with content."""
_PICTURES: Final = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0", b"\xff\xd8\xff\xe1")
"""First bytes of pictures, by which those in an old workbook are counted."""
_CHUNK: Final = 1 << 20
_MOST_MERGED: Final = 10_000
_MOST_XML: Final = 32 << 20
Place = tuple[int, int]
"""Row and column, from 0."""


@dataclass(slots=True)
class Workbook:
    """``sheets`` are the names of the visible ones. ``pictures`` are the names of all pictures inside; ``placed``: for
    each sheet, the picture on each cell. ``unknown``: formulas whose values are not saved."""

    data: bytes
    sheets: list[str] = field(default_factory=list)
    pictures: list[str] = field(default_factory=list)
    placed: dict[str, dict[Place, str]] = field(default_factory=dict)
    unknown: int = 0

    def rows(self, sheet: str) -> Iterator[list[Any]]:
        """Yield the values of a sheet's rows, from the first; merged cells all have their value."""
        with _readable(), _open(self.data) as book:
            table = book.get_sheet_by_name(sheet)
            top, left = table.start or (0, 0)
            merged = _merged(table.merged_cell_ranges or [])
            known: dict[Place, Any] = {}
            yield from ([] for _ in range(top))
            for number, cells in enumerate(table.iter_rows(), start=top):
                values = [""] * left + cells
                for column, first in merged.get(number, {}).items():
                    if column < len(values):
                        known.setdefault(first, values[column])
                        values[column] = known[first]
                yield values


def open_workbook(data: bytes) -> Workbook:
    """Open a workbook. Raises DamagedFileError if it can't be read, or is too large.

    A sheet of Excel before 2007 has at most 65,536 rows and 256 columns; its pictures are counted."""
    if data.startswith(OLD_OFFICE):
        with _readable():
            return Workbook(data, _shown(data), [f"picture {at}" for at in range(sum(map(data.count, _PICTURES)))])
    with _readable(), zipfile.ZipFile(io.BytesIO(data)) as archive:
        unknown = _check(archive)  # before the library opens it
        found = Workbook(data, _shown(data), unknown=unknown)
        names = archive.namelist()
        found.pictures = [
            name for name in names if name.lower().endswith(PICTURE_SUFFIXES) and "media/" in name.lower()
        ]
        if any(name.startswith("xl/drawings/") for name in names):
            found.placed = dict(_placed(archive))
        return found


def _shown(data: bytes) -> list[str]:
    with _open(data) as book:
        shown = python_calamine.SheetVisibleEnum.Visible
        return [sheet.name for sheet in book.sheets_metadata if sheet.visible == shown]


@contextmanager
def _readable() -> Iterator[None]:
    """Turn any error into one that says that the workbook can't be read."""
    try:
        yield
    except (*READ_ERRORS, python_calamine.CalamineError, Xml.ParseError, expat.ExpatError) as error:
        raise DamagedFileError(f"the workbook can't be read: {reason(error)}") from error
    except BaseException as error:  # the library's own failures are no ordinary exceptions
        if type(error).__name__ != "PanicException":
            raise
        raise DamagedFileError("the workbook can't be read: it is damaged") from error


def _open(data: bytes) -> python_calamine.CalamineWorkbook:
    return python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))


def _merged(ranges: list[tuple[Place, Place]]) -> dict[int, dict[int, Place]]:
    """Return, for each row, the columns that are merged with others, and the first cell of them."""
    found: dict[int, dict[int, Place]] = {}
    for start, end in ranges[:_MOST_MERGED]:
        for row in range(start[0], min(end[0], start[0] + 10_000) + 1):
            found.setdefault(row, {}).update(
                (column, start) for column in range(start[1], min(end[1], start[1] + 100) + 1)
            )
    return found


class _Extent:
    """Counts the cells of a sheet while its XML is parsed."""

    def __init__(self) -> None:
        self.rows = self.columns = self.formulas = self.repeated = 0
        self._row = self._column = self._times = 0
        self._formula = self._value = self._within = False

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(":")[2]
        if name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            self._column = 0
        elif name == "c":
            self._column, row = _place(attributes.get("r", ""), self._column + 1, self._row)
            self.rows, self.columns = max(self.rows, row), max(self.columns, self._column)
            self._formula = self._value = False
        elif name == "f":
            self._formula = True
        elif name in ("v", "is"):
            self._within = True
        elif name == "table-row":
            self._times = _repeats(attributes, "rows")
        elif name == "table-cell" and any(key.endswith(":value-type") for key in attributes):
            self.repeated += self._times * _repeats(attributes, "columns")

    def text(self, data: str) -> None:
        self._value |= self._within and bool(data)

    def end(self, tag: str) -> None:
        name = tag.rpartition(":")[2]
        self._within &= name not in ("v", "is")
        self.formulas += name == "c" and self._formula and not self._value


def _place(reference: str, column: int, row: int) -> tuple[int, int]:
    """Return the column and row of a cell such as AB12; the given default if it has none."""
    letters = reference.rstrip("0123456789")
    if not letters:
        return column, row
    found = 0
    for letter in letters.upper():
        found = found * 26 + ord(letter) - 64
    return found, int(reference[len(letters) :] or row)


def _repeats(attributes: dict[str, str], what: str) -> int:
    return int(next((value for key, value in attributes.items() if key.endswith(f"number-{what}-repeated")), 1))


def _check(archive: zipfile.ZipFile) -> int:
    """Count the formulas without a value. Raises ValueError for a workbook that is too large."""
    left, formulas = MAX_UNPACKED, 0
    for member in archive.infolist():
        if not member.filename.endswith((".xml", ".rels")):
            continue
        is_sheet = member.filename.startswith("xl/worksheets/") or member.filename == "content.xml"
        extent, parser = _Extent(), expat.ParserCreate()
        parser.StartElementHandler, parser.EndElementHandler = extent.start, extent.end
        parser.CharacterDataHandler = extent.text
        with archive.open(member) as file:
            while part := file.read(_CHUNK):
                left -= len(part)
                if left < 0:
                    raise ValueError(f"it unpacks to more than {MAX_UNPACKED >> 30} GiB")
                if is_sheet:
                    parser.Parse(part)
        if is_sheet:
            parser.Parse(b"", True)
        if max(extent.rows * extent.columns, extent.repeated) > MAX_CELLS:
            raise ValueError(f"a sheet spans more than {MAX_CELLS:,} cells; remove what stands far out")
        formulas += extent.formulas
    return formulas


def _placed(archive: zipfile.ZipFile) -> Iterator[tuple[str, dict[Place, str]]]:
    """Yield sheets with their pictures: a sheet refers to a drawing, whose anchors refer to pictures and cells."""
    parts = _relations(archive, "xl/workbook.xml")
    for sheet in _xml(archive, "xl/workbook.xml").iter():
        part = parts.get(_attribute(sheet, "id")) if _name(sheet) == "sheet" else None
        if part is None:
            continue
        drawings = [target for target in _relations(archive, part).values() if target.startswith("xl/drawings/")]
        found: dict[Place, str] = {}
        for drawing in drawings:
            pictures = _relations(archive, drawing)
            for anchor in _xml(archive, drawing):
                numbers = [int(item.text or 0) for item in anchor.iter() if _name(item) in ("row", "col")][:2]
                embedded = [_attribute(item, "embed") for item in anchor.iter() if _name(item) == "blip"]
                if len(numbers) == 2 and embedded and embedded[0] in pictures:
                    found.setdefault((numbers[1], numbers[0]), pictures[embedded[0]])
        if found:
            yield sheet.get("name", ""), found


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, str]:
    """Return the parts that a part refers to, by id."""
    folder, name = posixpath.split(part)
    try:
        listed = _xml(archive, f"{folder}/_rels/{name}.rels")
    except KeyError:
        return {}
    return {
        item.get("Id", ""): posixpath.normpath(posixpath.join(folder, item.get("Target", ""))).lstrip("/")
        for item in listed
    }


def _xml(archive: zipfile.ZipFile, part: str) -> Xml.Element:
    with archive.open(part) as file:
        return Xml.fromstring(file.read(_MOST_XML))  # noqa: S314 expat limits how entities grow


def _name(element: Xml.Element) -> str:
    return element.tag.rpartition("}")[2]


def _attribute(element: Xml.Element, name: str) -> str:
    return next((value for key, value in element.attrib.items() if key.rpartition("}")[2] == name), "")
