"""Read JSON files that are one document: a list of rows, rows under names, or objects one after another.

Rows stream. What must be known before (which names hold rows, the file names of ``images``) is found in a first pass.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

from tailor.datasets.sources.columns import candidates
from tailor.datasets.sources.json_lines import Item
from tailor.datasets.sources.json_stream import BrokenJsonError, JsonCursor, elements, entries
from tailor.file_kinds import PICTURE_SUFFIXES
from tailor.findings import finding

Layout = Literal["list", "objects", "collections", "by-id", "columns"]

_LOOKUPS: Final = ("images", "image", "videos", "imgs")
_PASSED_OVER: Final = ("info", "licenses", "license", "categories", "metadata", "meta", "features", "version")
MEDIA: Final = (*PICTURE_SUFFIXES, ".mp4", ".mov", ".mkv", ".webm")
MAX_COLUMNS: Final = 256 << 20
"""Maximum bytes of a table stored by columns, which is held in memory."""
_MOST_PLACES: Final = 200
"""Maximum values of a column that are compared with the others', to save memory."""
_SPLITS: Final = ("train", "training", "validation", "valid", "val", "dev", "test", "testing")
MAX_LOOKUP: Final = 2_000_000
"""Maximum images in a document's list of images, whose names are kept in memory."""


@dataclass(slots=True)
class Outline:
    """Structure of a document. ``collections`` are the names of lists of rows; ``files`` the file name by image id. In
    ``columns`` each name is a column, with values under numbers or in a list, as pandas writes them."""

    layout: Layout
    collections: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Rest:
    """Other content at the top level: objects that contain no rows (each may be a row), and everything else."""

    objects: int = 0
    values: int = 0
    named: int = 0
    columns: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def are_columns(self) -> bool:
        """Return whether everything that was found is columns of the same length."""
        alike = len(self.columns) > 1 and len(set(self.columns)) == 1 and len(self.columns[0]) > 1
        return alike and len(self.columns) == self.objects + self.values


def outline(opener: Callable[[], BinaryIO]) -> Outline:
    """Read a document once and return its structure; of a broken one, what precedes the break."""
    with opener() as stream:
        cursor = JsonCursor(stream)
        if cursor.peek() != "{":
            return Outline("list")
        found = Outline("collections")
        rest = _Rest()
        try:
            for key, _ in entries(cursor):
                _look_at(key, cursor, found, rest)
            more = cursor.peek()
        except BrokenJsonError:
            more = ""
        if more:
            return Outline("objects")
        return _settle(found, rest)


def _settle(found: Outline, rest: _Rest) -> Outline:
    lookups = [key for key in found.collections if key in _LOOKUPS]
    if len(lookups) < len(found.collections):
        found.collections = [key for key in found.collections if key not in _LOOKUPS]
    if found.collections:
        return found
    if rest.named > 1 and rest.named == rest.objects + rest.values:
        return Outline("by-id")
    if rest.are_columns:
        return Outline("columns")
    return Outline("by-id" if rest.objects > 1 and not rest.values else "objects")


def _look_at(key: str, cursor: JsonCursor, found: Outline, rest: _Rest) -> None:
    """Record what a top-level name contains, and skip it."""
    start = cursor.peek()
    rest.named += key.lower().endswith(MEDIA)
    if start not in "[{":
        cursor.value()
        rest.values += 1
        return
    rows = False
    places: list[str] = []
    for number, (name, value) in enumerate(_members(cursor, start)):
        if number == len(places) < _MOST_PLACES and (name is None or name.isdecimal()):
            places.append(name or str(number))
        # An object whose first member is plain is a row by its id, whatever else is in it.
        if isinstance(value, dict) and not rows and (start == "[" or number == 0):
            rows = True
            if key not in _PASSED_OVER:
                found.collections.append(key)
        if key in _LOOKUPS and len(found.files) < MAX_LOOKUP:
            _remember(name, value, found.files)
    if places and not rows:
        rest.columns.append(tuple(places))
    if start == "{" and not rows and not (key in _LOOKUPS and found.files):
        rest.objects += 1
    elif not rows or key in _PASSED_OVER:
        rest.values += 1


def _members(cursor: JsonCursor, start: str) -> Iterator[tuple[str | None, Any]]:
    """Yield elements of a list (without a name) or members of an object."""
    if start == "[":
        for value in elements(cursor):
            yield None, value
    else:
        for name, _ in entries(cursor):
            yield name, cursor.value()


def _remember(name: str | None, value: Any, files: dict[str, str]) -> None:
    """Record an image's file name by its id: ``{"id": 1, "file_name": "a.jpg"}``, or a member ``"1": "a.jpg"``."""
    if isinstance(value, str) and name is not None:
        files[name] = value
    elif isinstance(value, dict):
        identifier = name if name is not None else value.get("id", value.get("image_id"))
        columns = [column for column in candidates("image", list(value)) if column not in ("image_id", "id")]
        if identifier is not None and columns and isinstance(value[columns[0]], str):
            files[str(identifier)] = value[columns[0]]


def read(opener: Callable[[], BinaryIO], plan: Outline) -> Iterator[Item]:
    """Yield rows, numbered from 1 through the whole document. Raises BrokenJsonError if it can't be read further."""
    with opener() as stream:
        for number, value in enumerate(_values(JsonCursor(stream), plan), start=1):
            yield number, value, None


def _values(cursor: JsonCursor, plan: Outline) -> Iterator[Any]:
    if plan.layout == "list":
        while cursor.peek() == "[":
            yield from elements(cursor)
        if cursor.peek():
            raise BrokenJsonError(finding("bad-json/more"))
    elif plan.layout == "objects":
        while cursor.peek():
            yield cursor.value()
            cursor.skip(",")
    elif plan.layout == "by-id":
        for name, _ in entries(cursor):
            yield _named(_shown(cursor.value(), name), "id", name)
    elif plan.layout == "columns":
        yield from _transposed({name: cursor.value() for name, _ in entries(cursor)})
    else:
        for key, _ in entries(cursor):
            start = cursor.peek()
            if key not in plan.collections or start not in "[{":
                _pass_over(cursor, start)
                continue
            for member, value in _members(cursor, start):
                row = _named(value, "id", member) if member is not None else value
                row = _named(row, "split", key) if key.lower() in _SPLITS else row
                yield _with_file(row, plan.files) if plan.files else row


def _transposed(columns: dict[str, Any]) -> Iterator[Any]:
    """Yield the rows of columns, matched by the keys of their values."""
    tables = {
        name: values if isinstance(values, dict) else {str(at): value for at, value in enumerate(values)}
        for name, values in columns.items()
        if isinstance(values, dict | list)
    }
    for key in dict.fromkeys(key for table in tables.values() for key in table):
        yield {name: table.get(key) for name, table in tables.items()}


def _pass_over(cursor: JsonCursor, start: str) -> None:
    if start in "[{":
        for _ in _members(cursor, start):
            pass
    else:
        cursor.value()


def _named(row: Any, column: str, name: str) -> Any:
    if isinstance(row, dict):
        row.setdefault(column, name)
    return row


def _shown(row: Any, name: str) -> Any:
    """Return a row that is stored under the name of its file; it may consist only of captions."""
    if not name.lower().endswith(MEDIA):
        return row
    return _named(row, "image", name) if isinstance(row, dict) else {"image": name, "caption": row}


def _with_file(row: Any, files: dict[str, str]) -> Any:
    """Return a row that names an image by its id with the name of the file added."""
    if isinstance(row, dict):
        identifier = row.get("image_id", row.get("img_id"))
        name = files.get(str(identifier)) if identifier is not None else None
        if name is not None:
            row.setdefault("image", name)
    return row
