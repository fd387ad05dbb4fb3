"""Extract the text of HTML files, whatever their encoding and fonts."""

import re
from typing import Final

from tailor.datasets.documents import legacy_fonts
from tailor.datasets.documents.markup import text_of
from tailor.datasets.documents.model import Extracted, RefusedDocumentError
from tailor.datasets.sources import decoded_text
from tailor.findings import finding

_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}charset=[\"' ]?([\w-]+)", re.IGNORECASE)
_FONT: Final = re.compile(r"(?:font-family\s*:|face\s*=)\s*[\"']?\s*([.\w][^;\"'<>,]{2,40})", re.IGNORECASE)


def read(data: bytes) -> Extracted:
    """Return the text of an HTML file. Raises RefusedDocumentError."""
    markup = decoded(data)
    text = text_of(markup)
    tables = {table for font in _FONT.findall(markup) if (table := legacy_fonts.table_of(font))}
    if tables and not legacy_fonts.is_unicode(text):
        table = min(tables)
        return Extracted(legacy_fonts.converted(text, table), [finding("legacy-font", what="its fonts", table=table)])
    found, notes = legacy_fonts.by_text(text)
    return Extracted(legacy_fonts.converted(text, found) if found else text, notes)


def decoded(data: bytes) -> str:
    """Return markup as text, decoded by its own bytes or else by its declared encoding. Raises RefusedDocumentError."""
    text = decoded_text(data)
    named = _CHARSET.search(data[:4096])
    if text is None and named:
        try:
            text = data.decode(named[1].decode("ascii"), "replace")
        except LookupError:
            text = None
    if text is None:
        raise RefusedDocumentError(finding("document-damaged", reason="it is no text in an encoding that is known"))
    return text
