"""Take the inventory of a dataset folder: data files, archives that contain more of them, and media."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

from tailor.datasets.sources import archives, csv, json_document, json_lines, plain_text, sniff, text_encoding
from tailor.datasets.sources.json_lines import Item
from tailor.datasets.sources.json_stream import BrokenJsonError
from tailor.datasets.sources.legacy_encodings import NAMES
from tailor.datasets.sources.objects import DamagedFileError, MediaObject, MemberObject, StoredObject, readable
from tailor.datasets.sources.sniff import Container
from tailor.datasets.sources.text_encoding import Encoding
from tailor.file_kinds import (
    DOCUMENTS,
    MEDIA_SUFFIXES,
    OFFICE_DOCUMENTS,
    OFFICE_SUFFIXES,
    PACKED_SUFFIXES,
    ROW_SUFFIXES,
    WORKBOOK_SUFFIXES,
    FileKind,
    is_paper,
    kind_of,
    suffix_of,
)
from tailor.findings import Finding, FindingTally, finding, reworded
from tailor.recipe import Data, Method
from tailor.storage import Storage

if TYPE_CHECKING:
    from tailor.datasets.sources import spreadsheet

_CLOSER: Final = 50
_PROBES: Final = 8
_PROBE: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file with rows. ``rows`` reads it from the beginning each time."""

    source: MediaObject
    container: Container
    encoding: Encoding = text_encoding.UTF8
    dialect: csv.Dialect | None = None
    outline: json_document.Outline | None = None
    wrapped: bool = False
    key: str = "text"
    sheet: "spreadsheet.Sheet | None" = None

    @property
    def name(self) -> str:
        return self.source.name if self.sheet is None or self.sheet.alone else f"{self.source.name}/{self.sheet.title}"

    @property
    def size(self) -> int:
        return self.source.size

    def rows(self) -> Iterator[Item]:
        """Yield the rows. Raises one of READ_ON_ERRORS if the file can't be read further; :func:`break_of` says why."""
        if self.outline:
            return json_document.read(self.open_text, self.outline)
        if self.container == "parquet":
            return self._parquet_rows()
        if self.sheet:
            return self._sheet_rows(self.sheet)
        if self.container == "jsonl":
            return json_lines.read(self.open_text())
        return self._text_rows()

    def _parquet_rows(self) -> Iterator[Item]:
        from tailor.datasets.sources import parquet  # heavy; most datasets have none

        with self.source.open() as file:
            yield from parquet.read(file, self.size)

    def _sheet_rows(self, sheet: "spreadsheet.Sheet") -> Iterator[Item]:
        from tailor.datasets.sources import spreadsheet  # as Parquet

        yield from spreadsheet.read(self.source, sheet)

    def _text_rows(self) -> Iterator[Item]:
        with self.open_text() as stream:
            if self.dialect:
                yield from csv.read(stream, self.dialect)
            else:
                yield from plain_text.read(stream, self.key, wrapped=self.wrapped)

    def open_text(self) -> BinaryIO:
        """Open the file as UTF-8."""
        return text_encoding.as_utf8(self.source.open(), self.encoding)


READ_ON_ERRORS: Final = (DamagedFileError, BrokenJsonError)


def break_of(error: Exception, line: int) -> Finding:
    """Return the finding that says why a file can't be read beyond a line."""
    if isinstance(error, BrokenJsonError):
        problem = error.problem
        return reworded(problem, f"the file can't be read beyond row {line}: {problem.message}") if line else problem
    return finding("file-damaged", reason=error)


@dataclass(slots=True)
class Inventory:
    """Files of a dataset, in the order of their names. ``method`` decides whether text is data: ``texts`` and
    ``documents`` are such files."""

    method: Method
    data: Data
    scratch: Path
    notes: FindingTally
    files: list[DataFile] = field(default_factory=list)
    media: list[MediaObject] = field(default_factory=list)
    texts: list[DataFile] = field(default_factory=list)
    documents: list[StoredObject | MemberObject] = field(default_factory=list)

    @classmethod
    def scan(
        cls,
        storage: Storage,
        prefix: str,
        method: Method,
        data: Data,
        scratch: Path,
        notes: FindingTally,
        only: str | None = None,
    ) -> "Inventory":
        """Take the inventory of all files except ``data.questions``, or of ``only`` one."""
        inventory = cls(method, data, scratch, notes)
        for stored in storage.list(prefix):
            name = readable(stored.key[len(prefix) :])
            if name != only if only else name == data.questions:
                continue
            if only and not stored.size:
                notes.add(finding("file-empty", name))  # somebody named it: it is no leftover
                continue
            inventory._take_in(StoredObject(storage, name, stored.key, stored.size, stored.etag))
        if not inventory.files and not inventory.texts and not inventory.documents:
            inventory._look_closer()
        inventory._settle_texts()
        return inventory

    def _take_in(self, item: StoredObject) -> None:
        kind = kind_of(item.name)
        if not item.name or item.name.endswith("/") or kind in (FileKind.RECIPE, FileKind.JUNK, FileKind.DONE):
            return
        if kind_of(item.name, item.size) == FileKind.JUNK:
            self.notes.add(finding("file-empty/leftover", item.name))
        elif suffix_of(item.name) in WORKBOOK_SUFFIXES:
            self._add_workbook(item)
        elif kind == FileKind.DOCUMENT:
            self._add_document(item)
        elif kind == FileKind.DATA:
            self._add_stored(item, suffix_of(item.name))
        else:
            self._set_aside(item)

    def _add_stored(self, item: StoredObject, suffix: str) -> None:
        kind = sniff.archive_kind(item.read(0, 512))
        if kind == "zip":
            self._add_members(item, list(archives.zip_members(item, self.notes)))
        elif kind == "tar":
            self._add_members(item, list(archives.tar_members(item, item.read, item.size, self.notes)))
        elif kind == "gzip":
            self._add_gzip(item)
        else:
            self._add_file(item, suffix)

    def _add_document(self, item: StoredObject | MemberObject) -> None:
        """Add a document; unless the method learns from documents, a PDF is also media that other rows may show."""
        if suffix_of(item.name) in MEDIA_SUFFIXES and self.method != "continued-pre-training":
            self.media.append(item)
        self.documents.append(item)

    def _set_aside(self, item: MediaObject) -> None:
        """Set aside what does not look like data by its name: media, notes, and unknown files."""
        kind, suffix = kind_of(item.name), suffix_of(item.name)
        if kind == FileKind.OFFICE:
            case = "file-not-used/document" if suffix in OFFICE_DOCUMENTS else "file-not-used"
            self.notes.add(finding(case, item.name, what=OFFICE_SUFFIXES[suffix]))
        elif kind == FileKind.PAPER or is_paper(item.name):
            self._leave(item)
        else:
            self.media.append(item)

    def _leave(self, item: MediaObject) -> None:
        self.notes.add(finding("file-not-used/description", item.name))

    def _look_closer(self) -> None:
        """Look for data by content in files with meaningless names, if no name indicates data."""
        for item in self.media[:_CLOSER]:
            unknown = suffix_of(item.name) not in MEDIA_SUFFIXES
            if unknown and isinstance(item, StoredObject) and _holds_data(item.read(0, sniff.HEAD)):
                self.media.remove(item)
                self._add_stored(item, ".jsonl")

    def _add_members(self, archive: StoredObject, members: list[MemberObject]) -> None:
        names = [member.member for member in members]
        if "[Content_Types].xml" in names and any(name.startswith("xl/") for name in names):
            self._add_workbook(archive)
            return
        if not members and not self.notes.errors_of(archive.name):
            self.notes.add(finding("archive-empty", archive.name))
        for member in members:
            self._add_file(member, suffix_of(member.name))

    def _add_workbook(self, item: StoredObject | MemberObject) -> None:
        """Add the sheets of a workbook and the pictures on them; or the file under what it really is."""
        head = item.read(0, 512)
        if sniff.archive_kind(head) != "zip" and not head.startswith(sniff.OLD_OFFICE):
            self._add_file(item, ".csv")
            return
        from tailor.datasets.sources.workbook_files import sheets_and_pictures  # heavy; most datasets have none

        sheets, pictures = sheets_and_pictures(item, self.data.columns, self.scratch, self.notes)
        self.files += [DataFile(item, "workbook", sheet=sheet) for sheet in sheets]
        self.media += pictures

    def _add_gzip(self, item: StoredObject) -> None:
        def opener() -> BinaryIO:
            return archives.gunzip(item.open, item.size)

        content = MemberObject(item, "", item.size, opener)
        report = archives.reporter(item.name, self.notes)
        try:
            head = content.read(0, 512)
        except DamagedFileError as error:
            report("file-damaged", reason=error.message)
            return
        if sniff.archive_kind(head) == "tar":
            with opener() as stream:
                path = archives.unpack(stream, self.scratch, report)
            if path:
                members = archives.tar_members(item, archives.ranges_of(path), path.stat().st_size, self.notes)
                self._add_members(item, list(members))
        else:
            suffix = suffix_of(item.name.lower().removesuffix(".gz"))
            self._add_file(content, suffix if suffix in ROW_SUFFIXES else ".jsonl")

    def _add_file(self, item: StoredObject | MemberObject, suffix: str) -> None:
        if suffix in WORKBOOK_SUFFIXES:
            self._add_workbook(item)
        elif suffix in DOCUMENTS and kind_of(item.name) == FileKind.DOCUMENT:
            self._add_document(item)
        elif suffix in PACKED_SUFFIXES:
            self.notes.add(finding("archive-nested", item.name))
        elif suffix not in ROW_SUFFIXES:
            self._set_aside(item)
        elif is_paper(item.name) and suffix in (".txt", ".json"):
            self._leave(item)
        else:
            file = recognise(item, suffix, self)
            if file:
                (self.texts if file.container == "text" else self.files).append(file)

    def encoding_of(self, item: MediaObject) -> Encoding | None:
        """Return the encoding of a text; None, with a finding, if there is none."""
        head = _head(item, self)
        return _known_encoding(item, head, self.notes) if head else None

    def _settle_texts(self) -> None:
        """Use texts as prompts for distillation, if there is nothing else."""
        if self.method == "distillation" and not self.files:
            self.files, self.texts = sorted(self.texts, key=lambda file: file.name), []


def _holds_data(head: bytes) -> bool:
    """Return whether a file begins like an archive, Parquet, JSON or a table with column names."""
    if sniff.archive_kind(head) or head.startswith(b"PAR1"):
        return True
    encoding = None if sniff.foreign(head) else text_encoding.guess_encoding(head, whole=len(head) < sniff.HEAD)
    if not encoding or not head.strip():
        return False
    return sniff.text_container(_as_text(head, encoding), "") != "text"


def _as_text(head: bytes, encoding: Encoding) -> str:
    return text_encoding.as_utf8(io.BytesIO(head), encoding).read().decode("utf-8", "ignore")


def recognise(item: MediaObject, suffix: str, inventory: Inventory) -> DataFile | None:
    """Return how a data file is read; None, with a finding, if it can't be."""
    notes = inventory.notes
    head = _head(item, inventory)
    if head.startswith(b"PAR1"):
        return DataFile(item, "parquet")
    encoding = _known_encoding(item, head, notes) if head else None
    if encoding is None:
        return None
    text = _as_text(head, encoding)
    if lost := text_encoding.letters_lost(text):
        notes.add(finding("letters-lost", item.name, example=lost))
    return _text_file(item, suffix, encoding, text, inventory)


def _head(item: MediaObject, inventory: Inventory) -> bytes:
    """Return the first bytes of a file; empty, with a finding, if it is damaged or empty. An empty document is reported
    like any other that can't be used."""
    notes, suffix = inventory.notes, suffix_of(item.name)
    try:
        head = item.read(0, sniff.HEAD)
    except DamagedFileError as error:
        notes.add(finding("file-damaged", item.name, reason=error.message))
        return b""
    if not head.strip() and not (
        head and inventory.method == "continued-pre-training" and (suffix == ".txt" or suffix in DOCUMENTS)
    ):
        notes.add(finding("file-empty", item.name))
        return b""
    return head


def _known_encoding(item: MediaObject, head: bytes, notes: FindingTally) -> Encoding | None:
    what = sniff.foreign(head)
    encoding = None if what else _encoding(item, head)
    if encoding is None:
        notes.add(finding("file-unreadable/known" if what else "file-unreadable", item.name, what=what))
    else:
        _report_encoding(encoding, item.name, notes)
    return encoding


def _encoding(item: MediaObject, head: bytes) -> Encoding | None:
    """Return a file's encoding. If its first part is ASCII, later parts are examined too."""
    encoding = text_encoding.guess_encoding(head, whole=len(head) < sniff.HEAD)
    if encoding != text_encoding.UTF8 or not head.isascii() or item.size <= len(head) or not item.stored:
        return encoding
    step = (item.size - len(head)) // _PROBES
    probes = [item.read(len(head) + number * step, _PROBE) for number in range(_PROBES)]
    words = b" ".join(word for probe in probes for word in probe.split()[1:-1] if not word.isascii())
    return text_encoding.guess_encoding(words, whole=True) if words else encoding


def _text_file(item: MediaObject, suffix: str, encoding: Encoding, start: str, inventory: Inventory) -> DataFile | None:
    container = sniff.text_container(start, suffix)
    if container == "table":
        dialect = sniff.dialect(start[: 1 << 16], suffix, inventory.data.columns)
        _report_dialect(dialect, item.name, inventory.notes)
        return DataFile(item, container, encoding, dialect)
    if container == "json":
        file = DataFile(item, container, encoding)
        try:
            plan = json_document.outline(file.open_text)
        except DamagedFileError:
            plan = json_document.Outline("list")
        if plan.layout == "columns" and item.size > json_document.MAX_COLUMNS:
            inventory.notes.add(finding("file-unreadable/columns", item.name, limit=json_document.MAX_COLUMNS >> 20))
            return None
        return DataFile(item, container, encoding, outline=plan)
    if container == "text":
        key = "prompt" if inventory.method == "distillation" else "text"
        return DataFile(item, container, encoding, wrapped=plain_text.is_wrapped(start), key=key)
    return DataFile(item, container, encoding)


def _report_encoding(encoding: Encoding, name: str, notes: FindingTally) -> None:
    if encoding.name != "utf-8":
        notes.add(finding("encoding-converted", name, encoding=NAMES[encoding.name]))
    elif encoding.mark:
        notes.add(finding("byte-order-mark", name))


def _report_dialect(dialect: csv.Dialect, name: str, notes: FindingTally) -> None:
    if dialect.delimiter not in ",\t":
        notes.add(finding("csv-delimiter", name, separator=dialect.separated_by))
    if not dialect.quoted:
        notes.add(finding("csv-unquoted", name))
    if dialect.trailing:
        notes.add(finding("csv-trailing-separator", name, separator=dialect.separated_by))
    if not dialect.has_header:
        notes.add(finding("csv-no-header", name, columns=", ".join(map(repr, dialect.names))))


def as_row(value: Any, method: Method) -> Any:
    """Return a bare text as a document or prompt, if the method takes such; other values unchanged."""
    if isinstance(value, str) and method == "continued-pre-training":
        return {"text": value}
    if isinstance(value, str) and method == "distillation":
        return {"prompt": value}
    return value
