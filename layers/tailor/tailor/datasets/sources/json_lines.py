"""JSON Lines: one value a line, parsed as fast as Python can."""

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import orjson

from tailor.datasets.sources.text_encoding import MAX_LINE, lines
from tailor.findings import RowError, Trouble

Item = tuple[int, Any, bytes | str | None]
"""Line or row number, the value (or a RowError for what is none), and what the file says where that is at hand."""

BLANK: Final = object()
"""The value of a line that is no row, because nothing is in it."""

_TRAILING_COMMA: Final = re.compile(rb",\s*[\]}]|[\]}]\s*,\s*$")


def read(source: BinaryIO) -> Iterator[Item]:
    """Rows of a UTF-8 stream, which is closed at the end. Blank lines come as BLANK, so that they can be reported."""
    with source:
        for number, line in enumerate(lines(source), start=1):
            yield (number, BLANK, None) if line.isspace() else (number, parse(line), line)


def parse(line: bytes) -> Any:
    """The value of a line, or a RowError."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as error:
        if line.startswith(codecs.BOM_UTF8):  # files were put together
            return parse(line[len(codecs.BOM_UTF8) :])
        return RowError(explain(line, error))


def explain(line: bytes, error: orjson.JSONDecodeError) -> Trouble:
    """What is wrong with a line that is not JSON, in words that help."""
    if len(line) > MAX_LINE:
        fix = "one row is one line; put large media into files of their own"
        return Trouble("row-too-large", f"the line is longer than {MAX_LINE >> 20} MiB", fix)
    try:
        line.decode()
    except UnicodeDecodeError as bad:
        fix = "save the file as UTF-8"
        return Trouble("not-utf8", f"byte 0x{line[bad.start]:02x} at position {bad.start + 1} is not UTF-8", fix)
    if b"\0" in line:
        fix = "remove the NUL bytes; often the file was cut off or is in another encoding"
        return Trouble("nul-byte", "there are NUL bytes in the line", fix)
    if "ecursion" in error.msg or "depth limit" in error.msg:
        return Trouble("json-too-deep", "lists or objects are nested too deep", "write a flat record")
    if _TRAILING_COMMA.search(line):
        return Trouble(
            "json-trailing-comma", "there is a comma before a closing bracket or behind the row", "remove it"
        )
    if "infinity" in error.msg or re.search(rb"\b(?:NaN|-?Infinity)\b", line):
        message = "NaN, Infinity and numbers beyond the usual range are not JSON"
        return Trouble("json-not-a-number", message, "write a usual number or null, or remove the row")
    if re.match(rb"\s*\{\s*'", line):
        fix = "write the rows with a JSON library (Python: json.dumps)"
        return Trouble("json-single-quotes", "the keys are in single quotes; JSON takes double quotes", fix)
    reason = re.sub(r": line \d+ column \d+ \(char \d+\)$", "", str(error))
    fix = "write one complete JSON object in each line"
    return Trouble("bad-json", f"the line is not JSON: {reason} (character {error.pos + 1})", fix)
