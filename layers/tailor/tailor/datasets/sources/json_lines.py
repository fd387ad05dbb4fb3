"""Read JSON Lines: one value a line, parsed as fast as Python can."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson

from tailor.datasets.sources.text_encoding import MAX_LINE, lines
from tailor.findings import Finding, RowError, finding

Item = tuple[int, Any, bytes | str | None]
"""Line or row number, the value (or a RowError if there is none), and the file's text if it is available."""

BLANK: Final = object()
"""Value of a blank line."""

_TRAILING_COMMA: Final = re.compile(rb",\s*[\]}]|[\]}]\s*,\s*$")


def read(source: BinaryIO) -> Iterator[Item]:
    """Yield rows of a UTF-8 stream, which is closed at the end. Blank lines come as BLANK, to be reported."""
    with source:
        for number, line in enumerate(lines(source), start=1):
            yield (number, BLANK, None) if line.isspace() else (number, parse(line), line)


def parse(line: bytes) -> Any:
    """Return the value of a line, or a RowError."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if line.startswith(codecs.BOM_UTF8):  # files were put together
            return parse(line[len(codecs.BOM_UTF8) :])
        return RowError(explain(line, error))


def explain(line: bytes, error: orjson.JSONDecodeError) -> Finding:
    """Return a finding that says why a line is not JSON, and how to fix it."""
    if len(line) > MAX_LINE:
        return finding("row-too-large", limit=MAX_LINE >> 20)
    try:
        line.decode()
    except UnicodeDecodeError as bad:
        return finding("not-utf8", byte=line[bad.start], position=bad.start + 1)
    if b"\0" in line:
        return finding("nul-byte")
    if "ecursion" in error.msg or "depth limit" in error.msg:
        return finding("json-too-deep")
    if _TRAILING_COMMA.search(line):
        return finding("json-trailing-comma")
    if "infinity" in error.msg or re.search(rb"\b(?:NaN|-?Infinity)\b", line):
        return finding("json-not-a-number")
    if re.match(rb"\s*\{\s*'", line):
        return finding("json-single-quotes")
    reason = re.sub(r": line \d+ column \d+ \(char \d+\)$", "", str(error))
    return finding("bad-json", reason=reason, position=error.pos + 1)
