"""Read text files and Markdown as documents; they are streamed, because one may be as large as a corpus."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from tailor.datasets.documents.cutting import last_boundary
from tailor.datasets.documents.tidying import clean

_BLOCK: Final = 1 << 18
_FRONT: Final = re.compile(r"\A---[ \t]*\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[ \t]*(?:\n|\Z)")


def parts(source: BinaryIO, most: int, *, markdown: bool = False) -> Iterator[tuple[int, str]]:
    """Yield a text in parts of at most about ``most`` characters, each with the line where it begins.

    Put together they are the text, cleaned (:func:`~tailor.datasets.documents.tidying.clean`); of Markdown without the
    settings at its top."""
    held, line = "", 1
    first = True
    for piece in _pieces(source):
        held += piece
        if first and markdown and (found := _FRONT.match(held)):
            line, held = line + found[0].count("\n"), held[found.end() :]
        first = False
        while len(held) > most:
            end = last_boundary(held, most)
            yield line, held[:end]
            line, held = line + held.count("\n", 0, end), held[end:]
    if held:
        yield line, held


def _pieces(source: BinaryIO) -> Iterator[str]:
    """Yield whole lines together, if they are not too long."""
    rest = b""
    while data := source.read(_BLOCK):
        data = rest + data
        end = data.rfind(b"\n") + 1 or (len(data) if len(data) > 4 * _BLOCK else 0)
        rest = data[end:]
        while end and rest and 0x80 <= rest[0] < 0xC0:  # a letter in the middle
            end -= 1
            rest = data[end:]
        if end:
            yield clean(data[:end].decode("utf-8", "replace"))
    if rest:
        yield clean(rest.decode("utf-8", "replace"))
