"""Read documents as data files: each yields its text in a few large parts, whatever its file type.

What is taken out of a file is kept in a folder, so that several readers, and processes, do that work once.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Final, cast

import msgspec

from tailor.datasets.documents import legacy_fonts
from tailor.datasets.documents.cutting import pieces
from tailor.datasets.documents.model import Extracted, RefusedDocumentError
from tailor.datasets.documents.text import parts
from tailor.datasets.documents.tidying import SOFT_HYPHEN
from tailor.datasets.sources import READ_ON_ERRORS, DataFile, Item, foreign
from tailor.file_kinds import DOCUMENTS, suffix_of
from tailor.findings import Finding, RowError, finding

PART: Final = 1 << 20
"""Characters of a document in one row, before it is cut for the model."""
MAX_BYTES: Final = 256 << 20
"""Maximum size in bytes of a document that is not plain text: all of it is held in memory."""
_PARTS: Final = 40
"""Parts of a document that is not one group: enough to hold some of them out."""
_SMALLEST, _LARGEST = 2000, 60_000
STREAMED: Final = ("text", "Markdown")
_READERS: Final = {"PDF": "pdf", "Word": "docx", "HTML": "html", "EPUB": "epub"}
_SIGNS: Final = {"PDF": b"%PDF-", "Word": b"PK", "EPUB": b"PK"}
_SIGN_WITHIN: Final = 1024
_BUGS: Final = (AssertionError, AttributeError, MemoryError, RecursionError, TypeError, UnicodeError)
"""Errors that readers raise for malformed files."""
_OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
_PROTECTED: Final = "EncryptedPackage".encode("utf-16-le")


@dataclass(frozen=True, slots=True)
class DocumentFile(DataFile):
    """A document. ``kind`` is a key of :data:`tailor.file_kinds.DOCUMENTS`. ``whole``: all of it is one group;
    otherwise each of its parts is one, because there are too few documents."""

    kind: str = "text"
    whole: bool = True
    folder: Path | None = None

    def rows(self) -> Iterator[Item]:
        """Yield parts of the text as ``{"text": …, "group": …}`` with the line or page where each begins, after the
        findings about the document. One that can't be used is a RowError."""
        try:
            yield from self._streamed() if self.kind in STREAMED else self._extracted()
        except RefusedDocumentError as error:
            yield 1, RowError(error.finding), f"({self.kind} document)"

    def _streamed(self) -> Iterator[Item]:
        table: legacy_fonts.Table | None = None
        place, empty = 0, True
        with self.open_text() as source:
            for line, text in parts(source, self._most(self.size), markdown=self.kind == "Markdown"):
                if not place:
                    table, notes = legacy_fonts.by_text(text)
                    yield from ((line, note, None) for note in notes)
                text = (legacy_fonts.converted(text, table) if table else text).replace(SOFT_HYPHEN, "")
                empty = empty and not text.strip()
                if text.strip():
                    yield line, self._row(text, place), None
                place += len(text)
        if empty:
            raise RefusedDocumentError(finding("document-empty"))

    def _extracted(self) -> Iterator[Item]:
        found = self.extracted()
        for note in found.notes:
            yield 1, note, None
        start = 0
        for text in pieces(found.text, self._most(len(found.text))):
            yield self._place(found, start), self._row(text, start), None
            start += len(text)

    def _most(self, size: int) -> int:
        """Return the number of characters of a part."""
        return PART if self.whole else min(max(size // _PARTS, _SMALLEST), _LARGEST)

    def _row(self, text: str, place: int) -> dict[str, Any]:
        return {"text": text, "group": self.name if self.whole else f"{self.name}:{place}"}

    @staticmethod
    def _place(found: Extracted, start: int) -> int:
        """Return the page of a place in the text, or else its line."""
        if found.pages:
            return max(1, sum(page <= start for page in found.pages))
        return found.text.count("\n", 0, start) + 1

    @property
    def kept(self) -> Path | None:
        """Return the path of the extracted text; None for a document that is streamed, or without a folder for
        texts."""
        return self.folder / hashlib.sha256(self.name.encode()).hexdigest()[:32] if self.folder else None

    @property
    def is_kept(self) -> bool:
        """Return whether the file need not be opened again."""
        return self.kept is None or self.kept.exists()

    def extracted(self) -> Extracted:
        """Return the extracted text of the file, stored earlier or read now. Raises RefusedDocumentError."""
        path = self.kept
        kept = _decode(path.read_bytes()) if path and path.exists() else self.keep(self.content)
        if isinstance(kept, Finding):
            raise RefusedDocumentError(kept)
        return kept

    def content(self) -> bytes:
        """Return the bytes of the file; empty if it is too large."""
        return self.source.read() if self.size <= MAX_BYTES else b""

    def keep(self, content: Callable[[], bytes] | bytes | Exception) -> Extracted | Finding:
        """Extract the text of the file, whose bytes are given or fetched, and store it, or why there is none."""
        try:
            if isinstance(content, Exception):
                raise content
            found = self._read(content if isinstance(content, bytes) else content())
        except RefusedDocumentError as error:
            return self.refuse(error.finding)
        except READ_ON_ERRORS as error:
            return self.refuse(finding("document-damaged", reason=error))
        except _BUGS:
            return self.refuse(finding("document-damaged/fatal"))
        self._save(found)
        return found

    def refuse(self, why: Finding) -> Finding:
        """Store why there is no text."""
        self._save(why)
        return why

    def _read(self, data: bytes) -> Extracted:
        if self.size > MAX_BYTES:
            raise RefusedDocumentError(finding("document-too-large", limit=MAX_BYTES >> 20))
        _check_kind(data, self.kind)
        found = _reader(self.kind)(data)
        if not any(map(str.isalpha, found.text)):
            raise RefusedDocumentError(finding("document-empty"))
        found.text = found.text.replace(SOFT_HYPHEN, "")
        return found

    def _save(self, kept: Extracted | Finding) -> None:
        if path := self.kept:
            path.parent.mkdir(parents=True, exist_ok=True)
            own = path.with_suffix(f".{os.getpid()}")
            own.write_bytes(msgspec.msgpack.encode([kept, None] if isinstance(kept, Extracted) else [None, kept]))
            own.replace(path)  # other processes see all of it, or nothing


def _check_kind(data: bytes, kind: str) -> None:
    """Raise RefusedDocumentError for a file whose content is of another kind than its name says."""
    head = data[:_SIGN_WITHIN]
    if not data.strip(b"\0 \t\r\n"):
        raise RefusedDocumentError(finding("document-empty"))
    if data.startswith(_OLD_OFFICE):
        if _PROTECTED in data:
            raise RefusedDocumentError(finding("document-encrypted"))
        raise RefusedDocumentError(finding("document-other-kind", what="an old Office document", kind=kind))
    sign = _SIGNS.get(kind)
    if sign and not (sign in head if kind == "PDF" else data.startswith(sign)):
        what = foreign(head) or _by_sight(head) or "something else"
        raise RefusedDocumentError(finding("document-other-kind", what=what, kind=kind))


def _by_sight(head: bytes) -> str | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n")[:100].lower()
    if start.startswith(b"{\\rtf"):
        return "a text with formatting (RTF)"
    return "a web page (HTML)" if start.startswith((b"<!doctype html", b"<html")) else None


def _reader(kind: str) -> Callable[[bytes], Extracted]:
    """Return the reader for a kind, imported on demand: most datasets have no documents."""
    module = import_module(f"tailor.datasets.documents.{_READERS[kind]}")
    return cast("Callable[[bytes], Extracted]", module.read)


_kept: Final = msgspec.msgpack.Decoder(tuple[Extracted | None, Finding | None])


def _decode(data: bytes) -> Extracted | Finding:
    found, problem = _kept.decode(data)
    return cast("Extracted | Finding", found if found is not None else problem)


def kind_of_document(name: str) -> str:
    """Return the kind of a document by its name; text for all others."""
    return DOCUMENTS.get(suffix_of(name), "text")
