"""Read zip files that are documents (DOCX, EPUB): members by name, within limits that no honest document reaches."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final
from xml.etree import ElementTree as Xml
from xml.parsers import expat

from tailor.datasets.documents.model import RefusedDocumentError
from tailor.datasets.sources import READ_ERRORS, DamagedFileError, reason
from tailor.findings import finding

MAX_UNPACKED: Final = 512 << 20
"""Bytes of all text and markup in a document."""
_CHUNK: Final = 1 << 20
_MOST_SMALL: Final = 16 << 20
_MAX_DEPTH: Final = 200
Start = Callable[[str, dict[str, str]], None]


class Package:
    """An open zip file. ``names`` are its members; everything that is unpacked counts towards one limit."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MAX_UNPACKED
        self.names = frozenset(archive.namelist())

    def chunks(self, name: str) -> Iterator[bytes]:
        """Yield a member's content. Raises RefusedDocumentError if it is encrypted or far too large."""
        if self._archive.getinfo(name).flag_bits & 1:
            raise RefusedDocumentError(finding("document-encrypted"))
        with self._archive.open(name) as file:
            while part := file.read(_CHUNK):
                self._left -= len(part)
                if self._left < 0:
                    raise RefusedDocumentError(finding("document-too-large/unpacked", limit=MAX_UNPACKED >> 20))
                yield part

    def read(self, name: str) -> bytes:
        """Return a member's content."""
        return b"".join(self.chunks(name))

    def tree(self, name: str) -> Xml.Element:
        """Return a small XML part as a tree; an empty element if the package has no such part."""
        if name not in self.names:
            return Xml.Element("none")
        if self._archive.getinfo(name).file_size > _MOST_SMALL:
            raise RefusedDocumentError(finding("document-too-large/unpacked", limit=_MOST_SMALL >> 20))
        return Xml.fromstring(self.read(name))  # noqa: S314 expat limits how entities grow

    def parse(self, name: str, start: Start, end: Callable[[str], None], text: Callable[[str], None]) -> None:
        """Parse a large XML part by its events; names come without namespaces."""
        parser, depth = expat.ParserCreate(), 0

        def opened(tag: str, attributes: dict[str, str]) -> None:
            nonlocal depth
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError("its parts are nested too deep")
            start(local(tag), {local(key): value for key, value in attributes.items()})

        def closed(tag: str) -> None:
            nonlocal depth
            depth -= 1
            end(local(tag))

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = opened, closed, text
        parser.buffer_text = True
        for part in self.chunks(name):
            parser.Parse(part)
        parser.Parse(b"", True)


@contextmanager
def opened(data: bytes) -> Iterator[Package]:
    """Open a document that is a zip file. Raises RefusedDocumentError if it is damaged, also during use."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            yield Package(archive)
    except (*READ_ERRORS, DamagedFileError, Xml.ParseError, expat.ExpatError, RecursionError) as error:
        raise RefusedDocumentError(finding("document-damaged", reason=reason(error))) from error


def local(name: str) -> str:
    """Return the name of an element or attribute without its prefix or namespace."""
    return name.rpartition("}")[2].rpartition(":")[2]
