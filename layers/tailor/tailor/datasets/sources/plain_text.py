"""Read plain text files: each line is a document or, if lines are wrapped, each block between blank lines."""

from collections.abc import Iterator
from typing import BinaryIO, Final

from tailor.datasets.sources.json_lines import BLANK, Item
from tailor.datasets.sources.text_encoding import MAX_LINE, lines
from tailor.findings import RowError, finding

_WRAPPED: Final = 200
"""Typical line length in characters up to which text with blank lines counts as wrapped."""


def is_wrapped(head: str) -> bool:
    """Return whether lines are parts of paragraphs, judged by the first characters of a file."""
    written = head.split("\n")[:-1] or [head]
    full = sorted(len(line) for line in written if line.strip())
    blank = sum(not line.strip() for line in written)
    return bool(full) and blank > 0 and len(full) > 1.5 * blank and full[len(full) // 2] < _WRAPPED


def read(source: BinaryIO, key: str, *, wrapped: bool) -> Iterator[Item]:
    """Yield documents as rows ``{key: text}``, by the line where they start. Blank lines come as BLANK or separate
    blocks."""
    block: list[str] = []
    size = start = number = 0
    for number, line in enumerate(lines(source), start=1):
        try:
            text = line.decode()
        except UnicodeDecodeError as error:
            bad, position = line[error.start], error.start + 1
            yield number, RowError(finding("not-utf8/line", byte=bad, position=position, number=number)), line
            continue
        if len(line) > MAX_LINE:
            yield number, RowError(finding("row-too-large/text", limit=MAX_LINE >> 20)), line
        elif not wrapped:
            blank = not text.strip()
            yield number, BLANK if blank else {key: text.rstrip("\r\n")}, line
        elif text.strip() and size <= MAX_LINE:
            start = start if block else number
            block.append(text)
            size += len(text)
        elif block:
            yield start, {key: "".join(block).strip("\r\n")}, None
            block, size = ([text], len(text)) if text.strip() else ([], 0)
            start = number
    if block:
        yield start, {key: "".join(block).strip("\r\n")}, None
