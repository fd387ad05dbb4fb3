"""Parse JSON documents of any size value by value while the file is read, in constant memory.

A value that is broken is passed over by its brackets, so that one bad row does not hide the rest.
"""

import codecs
import json
import math
import re
from collections.abc import Iterator
from typing import Any, BinaryIO, Final, NoReturn

from tailor.datasets.sources.text_encoding import CHUNK, MAX_LINE
from tailor.findings import Finding, RowError, finding

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_STRUCTURE: Final = re.compile(r'["\[\]{}]')
# Possessive, because a long string would fill the memory with places to go back to.
_STRING_PART: Final = re.compile(r'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_SCALAR_END: Final = re.compile(r"[,\]}\s]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_MARGIN: Final = 12
"""An error this near to the end of the buffer may only mean that a literal, number or escape is cut off."""
_SHOWN: Final = 500


TRAILING_COMMA: Final = object()
"""Follows the last element of a list that ends with a comma; it is not a row, but is reported."""


class BrokenJsonError(Exception):
    """Raised if the document can't be read further."""

    def __init__(self, problem: Finding) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> int | float:
    """Return the integer as orjson reads it: beyond 64 bits it is a float."""
    number = int(digits) if len(digits) < 20 else 1 << 64
    return number if -(1 << 63) <= number < 1 << 64 else _finite(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError(f"{digits[:20]} is too large")
    return number


_DECODER: Final = json.JSONDecoder(parse_constant=_no_constant, parse_int=_integer, parse_float=_finite)


class JsonCursor:
    """Walks through a UTF-8 stream of JSON. ``peek`` returns the next character, ``value`` reads a whole value."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._decode = codecs.getincrementaldecoder("utf-8")("surrogateescape").decode
        self._raw_decode = _DECODER.raw_decode
        self._text = ""
        self._at = 0
        self._ended = False

    def peek(self) -> str:
        """Return the next character that is not white space; "" at the end."""
        if self._at < len(self._text) and (character := self._text[self._at]) not in " \t\n\r":
            return character
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more(CHUNK):
                return ""

    def skip(self, character: str) -> bool:
        """Skip ``character`` if it is next; return whether it was."""
        if self.peek() != character:
            return False
        self._at += 1
        return True

    def value(self) -> Any:
        """Return the next value, parsed; a RowError (not raised) if it is broken. The cursor is after it in both cases.

        Raises BrokenJsonError where its end can't be found."""
        self.peek()
        while True:
            try:
                value, end = self._raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                cut = error.msg.startswith("Unterminated string") or error.pos >= len(self._text) - _MARGIN
                if cut and self._grow():
                    continue
                return self._pass_over(_explain(error))
            except RecursionError:
                return self._pass_over(finding("json-too-deep/document"))
            except ValueError as error:
                return self._pass_over(finding("json-not-a-number/value", reason=error))
            if end == len(self._text) and self._text[end - 1] not in '"]}' and self._grow():
                continue
            start, self._at = self._at, end
            return self._sound(value, start, end)

    def _sound(self, value: Any, start: int, end: int) -> Any:
        """Return the value, or a RowError if it contains an unpaired surrogate or bytes that are not UTF-8."""
        text = self._text
        if text.isascii() and text.find("\\ud", start, end) < 0 and text.find("\\uD", start, end) < 0:
            return value
        if _SURROGATE.search(text, start, end):
            return RowError(finding("not-utf8/document"))
        try:
            json.dumps(value, ensure_ascii=False).encode()
        except UnicodeEncodeError:
            return RowError(finding("bad-json/surrogate"))
        return value

    def _more(self, size: int) -> bool:
        """Read on, dropping what was consumed. Return False at the end of the stream."""
        while not self._ended:
            chunk = self._source.read(size)
            self._ended = not chunk
            text = self._decode(chunk, self._ended)
            if text:
                self._text = self._text[self._at :] + text
                self._at = 0
                return True
        return False

    def _grow(self) -> bool:
        """Double what is read of the value. Return False at the end, or if it is too large to be a row."""
        have = len(self._text) - self._at
        return have <= MAX_LINE and self._more(max(CHUNK, have))

    def _pass_over(self, problem: Finding) -> RowError:
        """Skip a broken value by its brackets."""
        if len(self._text) - self._at > MAX_LINE:
            problem = finding("row-too-large/document", limit=MAX_LINE >> 20)
        error = RowError(problem)
        error.raw = self._text[self._at : self._at + _SHOWN]
        if self._text[self._at] not in '[{"':
            self._skip_scalar()
            return error
        depth = 0
        while True:
            match = _STRUCTURE.search(self._text, self._at)
            if not match:
                self._at = len(self._text)
                if not self._more(CHUNK):
                    raise BrokenJsonError(problem)
                continue
            self._at = match.end()
            if match[0] == '"':
                self._skip_string(problem)
            else:
                depth += 1 if match[0] in "[{" else -1
            if depth <= 0:
                return error

    def _skip_string(self, problem: Finding) -> None:
        while True:
            part = _STRING_PART.match(self._text, self._at)
            self._at = part.end() if part else self._at
            if self._text[self._at : self._at + 1] == '"':
                self._at += 1
                return
            if not self._more(CHUNK):
                raise BrokenJsonError(problem)

    def _skip_scalar(self) -> None:
        while not (match := _SCALAR_END.search(self._text, self._at + 1)):
            self._at = len(self._text) - 1
            if not self._more(CHUNK):
                self._at = len(self._text)
                return
        self._at = match.start()


def _explain(error: json.JSONDecodeError) -> Finding:
    if "trailing comma" in error.msg:
        return finding("json-trailing-comma/document")
    if error.doc[error.pos : error.pos + 1] == "'":
        return finding("json-single-quotes/document")
    return finding("bad-json/document", reason=error.msg)


def elements(cursor: JsonCursor) -> Iterator[Any]:
    """Yield the elements of the next list: values, RowErrors for broken ones, TRAILING_COMMA at the end.

    Raises BrokenJsonError where the list does not end as it should."""
    cursor.skip("[")
    comma = False
    while not cursor.skip("]"):
        if not cursor.peek():
            raise BrokenJsonError(finding("json-cut-off"))
        yield cursor.value()
        # A forgotten comma between two objects is plain to see: nothing is lost by going on.
        comma = cursor.skip(",")
        if not comma and cursor.peek() not in ("]", "", "{"):
            raise BrokenJsonError(finding("bad-json/element-comma"))
    if comma:
        yield TRAILING_COMMA


def entries(cursor: JsonCursor) -> Iterator[tuple[str, JsonCursor]]:
    """Yield the keys of the next object; the caller reads each value from the cursor before continuing."""
    cursor.skip("{")
    while not cursor.skip("}"):
        if not cursor.peek():
            raise BrokenJsonError(finding("json-cut-off/object"))
        key = cursor.value()
        if not isinstance(key, str) or not cursor.skip(":"):
            raise BrokenJsonError(finding("bad-json/key"))
        yield key, cursor
        if not cursor.skip(",") and cursor.peek() not in ("}", ""):
            raise BrokenJsonError(finding("bad-json/key-comma"))
