"""Extract the text of e-books (EPUB): their chapters in reading order."""

import posixpath
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote
from xml.etree import ElementTree as Xml

from tailor.datasets.documents.html import decoded
from tailor.datasets.documents.markup import text_of
from tailor.datasets.documents.model import Extracted, RefusedDocumentError
from tailor.datasets.documents.packages import Package, local, opened
from tailor.datasets.documents.tidying import joined
from tailor.findings import finding

_CONTAINER: Final = "META-INF/container.xml"
_RIGHTS: Final = "META-INF/encryption.xml"
_FONT_MIXING: Final = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_CHAPTERS: Final = re.compile(r"html|xml", re.IGNORECASE)


def read(data: bytes) -> Extracted:
    """Return the text of an EPUB file. Raises RefusedDocumentError."""
    with opened(data) as package:
        if _is_protected(package):
            raise RefusedDocumentError(finding("document-encrypted/rights"))
        return Extracted(joined(text_of(decoded(package.read(name))) for name in _chapters(package)))


def _is_protected(package: Package) -> bool:
    """Return whether anything but fonts is encrypted."""
    methods = [each.get("Algorithm") for each in package.tree(_RIGHTS).iter() if local(each.tag) == "EncryptionMethod"]
    return any(method not in _FONT_MIXING for method in methods)


def _chapters(package: Package) -> Iterator[str]:
    """Yield the files of the book in reading order, without the table of contents."""
    roots = [each.get("full-path", "") for each in package.tree(_CONTAINER).iter() if local(each.tag) == "rootfile"]
    if not roots or roots[0] not in package.names:
        raise ValueError("it is no e-book: the list of its parts is missing")
    book = package.tree(roots[0])
    items: dict[str, Xml.Element] = {each.get("id", ""): each for each in book.iter() if local(each.tag) == "item"}
    for place in (each for each in book.iter() if local(each.tag) == "itemref"):
        item = items.get(place.get("idref", ""))
        if item is None or "nav" in item.get("properties", "").split():
            continue
        name = posixpath.normpath(posixpath.join(posixpath.dirname(roots[0]), unquote(item.get("href", ""))))
        if name not in package.names:
            raise ValueError(f"its part {name[:80]} is missing")
        if _CHAPTERS.search(item.get("media-type", "html")):
            yield name
