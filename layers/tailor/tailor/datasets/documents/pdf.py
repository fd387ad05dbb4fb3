"""Extract the text of PDF files; report pages that are only pictures of text."""

import ctypes
import io
import re
from collections.abc import Iterator
from itertools import groupby, islice
from typing import Final

import pypdfium2  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium  # type: ignore[import-untyped]

from tailor.datasets.documents import legacy_fonts
from tailor.datasets.documents.model import Extracted, RefusedDocumentError
from tailor.datasets.documents.pages import join
from tailor.datasets.documents.tidying import clean
from tailor.findings import Finding, finding

MAX_PAGES: Final = 20_000
_PASSWORD: Final = 4
_LEAST_LETTERS: Final = 10
_UNREADABLE: Final = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1f]")
_MOST_UNREADABLE: Final = 0.2
_OLD_SIGNS: Final = re.compile("[\x80-\x9f¡-¦¨ª¬¯±-¼¾-¿ÄÅÆÇËÎÏÐÑÖ×ØÛÜÞßäåæçëîïðñö÷øûüþÿ]")
"""Latin letters and signs that occur in Vietnamese in old fonts but not in Unicode."""
_MOST_OBJECTS: Final = 5000
_LONGEST_NAME: Final = 128


def read(data: bytes) -> Extracted:
    """Return the text of a PDF file. Raises RefusedDocumentError."""
    document = _opened(data)
    try:
        if len(document) > MAX_PAGES:
            raise RefusedDocumentError(finding("document-too-large/pages", limit=MAX_PAGES))
        return _read(document)
    finally:
        document.close()


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(io.BytesIO(data))
        len(document)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == _PASSWORD or "assword" in str(error):
            raise RefusedDocumentError(finding("document-encrypted")) from error
        what = "it is damaged, or no PDF"
        raise RefusedDocumentError(finding("document-damaged", reason=what)) from error
    return document


def _read(document: pypdfium2.PdfDocument) -> Extracted:
    fonts = legacy_fonts.Fonts()
    pages: list[str] = []
    scanned: list[int] = []
    unreadable: list[int] = []
    for number in range(len(document)):
        text, pictures = _page(document, number, fonts)
        bad = len(_UNREADABLE.findall(text))
        if bad > _MOST_UNREADABLE * len(text) and bad > _LEAST_LETTERS:
            unreadable.append(number + 1)
            text = ""
        elif pictures and sum(map(str.isalpha, text)) < _LEAST_LETTERS:
            scanned.append(number + 1)
        pages.append(clean(text))
    if not any(map(str.strip, pages)) or not any(character.isalpha() for page in pages for character in page):
        raise RefusedDocumentError(_why_empty(scanned, unreadable))
    joined = join(pages)
    text, notes = joined.text, fonts.findings()
    if not fonts.seen:
        table, notes = legacy_fonts.by_text(text)
        text = legacy_fonts.converted(text, table) if table else text
    notes += _of_pages(scanned, unreadable)
    if joined.removed:
        line, _ = joined.removed.most_common(1)[0]
        notes.append(finding("repeated-lines-removed", count=joined.removed.total(), example=line[:80]))
    return Extracted(text, notes, joined.starts if len(text) == len(joined.text) else [])


def _page(document: pypdfium2.PdfDocument, number: int, fonts: legacy_fonts.Fonts) -> tuple[str, bool]:
    """Return the text of a page, and whether it is mostly pictures. A damaged page has no text."""
    try:
        page = document[number]
        content = page.get_textpage()
        text = content.get_text_range(errors="replace")
        if _OLD_SIGNS.search(text) and _has_old_fonts(page):
            text = "".join(_converted(some, font, fonts) for font, some in _by_font(content))
        few = sum(map(str.isalpha, text)) < _LEAST_LETTERS
        pictures = few and _has_pictures(page)
        content.close()
        page.close()
    except pypdfium2.PdfiumError:
        return "", False
    return text, pictures


def _converted(text: str, font: str, fonts: legacy_fonts.Fonts) -> str:
    old = legacy_fonts.table_of(font) == "TCVN3"
    return fonts.read(legacy_fonts.with_lost_letter(text) if old else text, font)


def _has_old_fonts(page: pypdfium2.PdfPage) -> bool:
    objects = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_TEXT], max_depth=5)
    names = {item.get_font().get_base_name() for item in islice(objects, _MOST_OBJECTS)}
    return any(map(legacy_fonts.table_of, names))


def _has_pictures(page: pypdfium2.PdfPage) -> bool:
    return next(iter(page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=5)), None) is not None


def _by_font(content: pypdfium2.PdfTextPage) -> Iterator[tuple[str, str]]:
    """Yield pieces of a page's text, each with its font's name; white space takes any font."""
    buffer, flags = ctypes.create_string_buffer(_LONGEST_NAME), ctypes.c_int()
    font, piece = "", ""
    for place in range(content.count_chars()):
        character = chr(pdfium.FPDFText_GetUnicode(content, place))
        length = pdfium.FPDFText_GetFontInfo(content, place, buffer, _LONGEST_NAME, flags)
        own = buffer.value.decode("utf-8", "replace") if 0 < length <= _LONGEST_NAME else font
        if own != font and not character.isspace():
            yield font, piece
            font, piece = own, ""
        piece += character
    yield font, piece


def _why_empty(scanned: list[int], unreadable: list[int]) -> Finding:
    if scanned:
        return finding("pages-without-text/all", pages=ranges(scanned))
    if unreadable:
        return finding("pages-without-text/letters", pages=ranges(unreadable))
    return finding("document-empty")


def _of_pages(scanned: list[int], unreadable: list[int]) -> list[Finding]:
    found = []
    if scanned:
        found.append(finding("pages-without-text", pages=ranges(scanned)))
    if unreadable:
        found.append(finding("pages-without-text/unreadable", pages=ranges(unreadable)))
    return found


def ranges(numbers: list[int]) -> str:
    """Return ascending numbers as people write them: 3-7, 9."""
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), lambda item: item[1] - item[0])]
    shown = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(shown[:20]) + (f" and {len(shown) - 20} more" if len(shown) > 20 else "")
