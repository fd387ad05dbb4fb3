"""Read sheets of a workbook as tables: the row that names the columns, and the rows below as text, as in a CSV file."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.sources import sniff
from tailor.datasets.sources.columns import UNNAMED, is_likely
from tailor.datasets.sources.json_lines import BLANK, Item
from tailor.datasets.sources.objects import MediaObject
from tailor.datasets.sources.workbook import Place, Workbook, open_workbook
from tailor.recipe import Columns

_HEAD: Final = 50
"""Number of rows among which the column names are searched."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that holds rows. ``names`` are the columns'; the rows are those after row ``header`` (from 1). ``alone``:
    no other sheet is read."""

    title: str
    header: int
    names: tuple[str, ...]
    alone: bool = True


def sheets_of(book: Workbook, name: str, wanted: Columns) -> list[Sheet]:
    """Return all sheets that contain rows; those with the most usual column names come first."""
    found = []
    for title in book.sheets:
        rows = []
        for number, row in enumerate(_texts(book, title, name), start=1):
            rows.append(row)
            if number == _HEAD:
                break
        if sheet := _named(title, rows, wanted):
            found.append(sheet)
    return sorted(found, key=lambda sheet: -sum(map(is_likely, sheet.names)))


def _named(title: str, rows: list[list[str]], wanted: Columns) -> Sheet | None:
    """Return the sheet with its columns. Above their names there may be a title in one or two cells."""
    filled = [sum(bool(cell) for cell in row) for row in rows]
    width = max(filled, default=0)
    first = next((at for at, count in enumerate(filled) if count and 2 * count > width), None)
    if first is None:
        return None
    if not sniff.is_header(rows[first], rows[first:], wanted):
        return Sheet(title, first, tuple(f"{UNNAMED}{number}" for number in range(1, max(map(len, rows)) + 1)))
    return Sheet(title, first + 1, sniff.unique_names(rows[first])) if any(filled[first + 1 :]) else None


def read(source: MediaObject, sheet: Sheet) -> Iterator[Item]:
    """Yield rows as dictionaries by column name, with their numbers in the sheet. Raises DamagedFileError."""
    book = open_workbook(source.read())
    names = sheet.names
    for number, cells in enumerate(_texts(book, sheet.title, source.name), start=1):
        if number <= sheet.header:
            continue
        if not any(cells):
            yield number, BLANK, None
        else:
            filled = cells + [""] * (len(names) - len(cells))
            yield number, dict(zip(names, filled, strict=False)), None


def _texts(book: Workbook, title: str, name: str) -> Iterator[list[str]]:
    """Yield the cells of each row as text. A picture on an empty cell is its value, by its name in the workbook."""
    placed: dict[Place, str] = book.placed.get(title, {})
    by_row: dict[int, dict[int, str]] = {}
    for (row, column), picture in placed.items():
        by_row.setdefault(row, {})[column] = f"{name}/{picture}"
    for number, values in enumerate(book.rows(title)):
        cells = [_text(value) for value in values]
        for column, picture in by_row.get(number, {}).items():
            cells += [""] * (column + 1 - len(cells))
            cells[column] = cells[column] or picture
        yield cells


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return "" if value is None else str(value)
