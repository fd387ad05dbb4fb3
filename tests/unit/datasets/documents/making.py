"""Small documents of each kind, written by hand."""

import base64
import zlib
from collections.abc import Sequence
from html import escape
from itertools import accumulate

from tests.unit.datasets.support import zipped

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MIMETYPE = "application/epub+zip"
CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)


def pdf(*pages: Sequence[str] | None, font: str = "Helvetica") -> bytes:
    """A PDF file whose pages hold these lines; None is a page with a picture and no text."""
    objects = [b"<< /Type /Catalog /Pages 2 0 R >>", b"", b""]
    objects[2] = f"<< /Type /Font /Subtype /Type1 /BaseFont /{font} /Encoding /WinAnsiEncoding >>".encode("latin-1")
    objects.append(_stream(b"\x00", "/Type /XObject /Subtype /Image /Width 1 /Height 1 /ColorSpace /DeviceGray "
                                    "/BitsPerComponent 8"))  # fmt: skip
    kids = []
    for lines in pages:
        shown = b"q 500 0 0 700 50 50 cm /I Do Q" if lines is None else _lines(lines)
        objects.append(_stream(shown))
        resources = "<< /Font << /F 3 0 R >> /XObject << /I 4 0 R >> >>"
        page = f"/Parent 2 0 R /MediaBox [0 0 600 800] /Contents {len(objects)} 0 R /Resources {resources}"
        objects.append(f"<< /Type /Page {page} >>".encode())
        kids.append(f"{len(objects)} 0 R")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>".encode()
    parts = [b"%PDF-1.4\n", *(b"%d 0 obj\n%s\nendobj\n" % (n, body) for n, body in enumerate(objects, 1))]
    places = list(accumulate(map(len, parts)))
    table = b"".join(b"%010d 00000 n \n" % place for place in places[:-1])
    count = len(objects) + 1
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (count, places[-1])
    return b"".join([*parts, b"xref\n0 %d\n0000000000 65535 f \n" % count, table, end])


def _stream(data: bytes, more: str = "") -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (more.encode(), len(data), data)


def _lines(lines: Sequence[str]) -> bytes:
    shown = [
        line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") for line in lines
    ]
    return b"BT /F 11 Tf 14 TL 50 750 Td %s ET" % b" ".join(b"(%s) Tj T*" % line for line in shown)


def docx(body: str, **parts: str) -> bytes:
    """A Word file with this body; ``parts`` are others below word/, such as ``styles``."""
    files: dict[str, bytes | str] = {"word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>"}
    files |= {f"word/{name}.xml": content for name, content in parts.items()}
    return zipped(files)


def p(text: str, style: str = "", more: str = "", run: str = "") -> str:
    """A paragraph of a Word file."""
    named = f'<w:pStyle w:val="{style}"/>' if style else ""
    shown = f'<w:t xml:space="preserve">{escape(text)}</w:t>'
    return f"<w:p><w:pPr>{named}{more}</w:pPr><w:r><w:rPr>{run}</w:rPr>{shown}</w:r></w:p>"


def epub(*chapters: str, **more: str) -> bytes:
    """An e-book with these chapters, in HTML."""
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>' for n in range(len(chapters))
    )
    spine = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    files: dict[str, bytes | str] = {
        "mimetype": MIMETYPE,
        "META-INF/container.xml": CONTAINER,
        "OPS/book.opf": f'<package xmlns="http://www.idpf.org/2007/opf"><manifest>{items}</manifest><spine>{spine}</spine></package>',
    }
    files |= {f"OPS/c {n}.xhtml": f"<html><body>{chapter}</body></html>" for n, chapter in enumerate(chapters)}
    return zipped(files | {f"META-INF/{name}.xml": content for name, content in more.items()})


LOCKED_PDF = zlib.decompress(
    base64.b64decode(
        "eNqNUk1v1DAQvftXzGWP1GPHH7EU7YG2KyFAXaWFC+rBn8uiVVJ5vVLLn+TAP4A/ghOgRCwHIsey3rz3Zjzj1fZq84JdNGT17fuX"
        "r4QBwug+ka4jdJvHcPIxQ4etQxe0M3xN1msShzBx+IJ79/QQgW7tLh4JvRxPQwFG6Ot9OMIHEJXYw/1C2pxJL22xh3FHfnrA5N0v"
        "BOKfuQjt43E8ZV8VNVLp9G0Me/tyfKxp8QLnX/Np3U/WOdbC/vaWC+/3U9k9cELfxGFXPoLAqgPBjTBKc1MDm/2h1KbQ22KHYHMg"
        "9Aa6KG0buGq1CyagT8kI5bT1UibJsGXBJwyMKSmFFy55h1ZGIVRSJlrR2lr5O+ha3RiUldCg1I1MiltUiIqbRiSrveeRBeOiV4Yx"
        "4RRzyZiInPEkrZNsOZ3HHBNBUASfP6jpGwkJnjFW7z5Hhj+YNGcYY+05pvQZxpfaku3+EPPc1tv951hLof04Fmjm/tNXQxqB/Tpf"
        "1Xl1rYrOymRdCDokKXXdY2ACjfCYdFj/D6XO+Xrw+emhgPw96GOxucwNEbq+9NX1zYb8ACBBxP4="
    )
)
"""A PDF file that nobody opens without its password."""
