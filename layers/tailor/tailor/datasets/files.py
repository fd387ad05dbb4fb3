"""What lies in a dataset folder: data files, archives that hold more of them, and media."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from tailor.datasets import archives, detect, json_stream, jsonl, tables, text
from tailor.datasets.detect import Container
from tailor.datasets.jsonl import Item
from tailor.datasets.legacy import NAMES
from tailor.datasets.notes import Notes
from tailor.datasets.objects import MediaObject, StoredObject
from tailor.datasets.text import Encoding
from tailor.names import RECIPE_FILE
from tailor.recipe import Data
from tailor.storage import Storage

_DATA: Final = (".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet", ".txt")
_ARCHIVES: Final = (".zip", ".tar", ".tgz", ".gz")
_DOCUMENTS: Final = ("license", "readme", "changelog", "requirements", "dataset_info", "dataset_infos")


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file with rows. ``rows`` reads it from the beginning each time."""

    source: MediaObject
    container: Container
    encoding: Encoding
    dialect: tables.Dialect | None = None

    @property
    def name(self) -> str:
        return self.source.name

    @property
    def size(self) -> int:
        return self.source.size

    def rows(self, notes: Notes) -> Iterator[Item]:
        with self.source.open() as file:
            stream = text.as_utf8(file, self.encoding)
            if self.container == "jsonl":
                yield from jsonl.read(stream)
            elif self.container == "table" and self.dialect:
                yield from tables.read(stream, self.dialect)
            elif self.container == "json":
                yield from _json_rows(stream, self.name, notes)


def _json_rows(stream: BinaryIO, name: str, notes: Notes) -> Iterator[Item]:
    cursor = json_stream.JsonCursor(stream)
    number = 0
    try:
        for number, value in enumerate(json_stream.elements(cursor), start=1):
            yield number, value, None
    except json_stream.BrokenJsonError as error:
        trouble = error.trouble
        notes.add(trouble.code, "error", name, f"after row {number}: {trouble.message}", trouble.fix, line=number)


@dataclass(slots=True)
class Inventory:
    data: list[DataFile] = field(default_factory=list)
    media: list[MediaObject] = field(default_factory=list)

    @classmethod
    def take(cls, storage: Storage, prefix: str, data: Data, scratch: Path, notes: Notes) -> "Inventory":
        inventory = cls()
        for stored in storage.list(prefix):
            name = stored.key[len(prefix) :]
            if not name or name.endswith("/") or name == RECIPE_FILE or archives.is_junk(name):
                continue
            item = StoredObject(storage, name, stored.key, stored.size, stored.etag)
            inventory.add(item, data, scratch, notes)
        return inventory

    def add(self, item: StoredObject, data: Data, scratch: Path, notes: Notes) -> None:
        suffix = detect.suffix_of(item.name)
        if suffix not in _DATA + _ARCHIVES:
            self.media.append(item)
            return
        kind = detect.archive_kind(item.read(0, 512))
        if kind == "zip":
            for member in archives.zip_members(item, notes):
                self._add_file(member, data, notes)
        else:
            self._add_file(item, data, notes)

    def _add_file(self, item: MediaObject, data: Data, notes: Notes) -> None:
        suffix = detect.suffix_of(item.name)
        if suffix not in _DATA or _is_document(item.name):
            self.media.append(item)
            return
        file = recognise(item, suffix, data, notes)
        if file:
            self.data.append(file)


def _is_document(name: str) -> bool:
    stem = name.rpartition("/")[2].lower().partition(".")[0]
    return stem in _DOCUMENTS


def recognise(item: MediaObject, suffix: str, data: Data, notes: Notes) -> DataFile | None:
    """How a data file is to be read; None, with a finding, where it can't be."""
    head = item.read(0, detect.HEAD)
    if not head:
        notes.add("file-empty", "error", item.name, "the file is empty", "upload the file again, or remove it")
        return None
    what = detect.foreign(head)
    encoding = None if what else text.guess_encoding(head, whole=len(head) == item.size)
    if encoding is None:
        message = f"this is {what}" if what else "this is no text, or in an encoding that is not known"
        notes.add("file-unreadable", "error", item.name, message, "save the data as UTF-8 text: JSON Lines or CSV")
        return None
    if encoding.name != "utf-8":
        message = f"the file is in {NAMES[encoding.name]} and is read as such"
        notes.add(
            "encoding-converted", "warning", item.name, message, "look at some rows of the report; save files as UTF-8"
        )
    elif encoding.mark:
        notes.add("byte-order-mark", "info", item.name, "the file begins with a byte order mark", "nothing to do")
    start = text.as_utf8(io.BytesIO(head), encoding).read().decode("utf-8", "ignore")
    container = detect.text_container(start, suffix)
    dialect = detect.dialect(start[: 1 << 16], suffix, data.columns) if container == "table" else None
    if dialect:
        _report_dialect(dialect, item.name, notes)
    return DataFile(item, container, encoding, dialect)


def _report_dialect(dialect: tables.Dialect, name: str, notes: Notes) -> None:
    if dialect.delimiter not in ",\t":
        notes.add(
            "csv-delimiter", "info", name, f"the columns are separated by {dialect.separated_by}", "nothing to do"
        )
    if not dialect.has_header:
        names = ", ".join(repr(column) for column in dialect.names)
        message = f"the first row does not name the columns; they are called {names}"
        fix = "write a first row with names, or use these names in the recipe's data.columns"
        notes.add("csv-no-header", "warning", name, message, fix)
