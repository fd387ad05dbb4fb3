"""Parse lists and objects written as text in a table's field: as JSON, or as Python and NumPy print them, which pandas
puts into a CSV file."""

import ast
import re
import warnings
from contextlib import suppress
from typing import Any, Final

import orjson

_LONGEST: Final = 1 << 16
_ARRAY: Final = re.compile(r"\barray\((\[[^\]]{0,4000}\])(?:,\s*dtype=[^()]{0,40})?\)")
_TEXT: Final = r"""(?:'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+")"""
_NUMPY: Final = re.compile(rf"\s*+\[\s*+{_TEXT}(?:\s++{_TEXT})++\s*+\]\s*+")
"""Texts without commas between them, which Python would join."""
_OBJECTS: Final = re.compile(r"(?<=[\"'\]}\w])\}\s+\{(?=['\"])")
"""Objects without commas between them, as NumPy prints them."""


def value_of(text: str) -> Any:
    """Return the list or object that is written as text; other texts unchanged."""
    start = text.lstrip()[:1]
    if start not in ("[", "{"):
        return text
    with suppress(orjson.JSONDecodeError):
        return orjson.loads(text)
    if len(text) > _LONGEST:
        return text
    text = _OBJECTS.sub("}, {", text)
    python = re.sub(rf"({_TEXT})(?=\s+['\"])", r"\1,", text) if _NUMPY.fullmatch(text) else _ARRAY.sub(r"\1", text)
    with suppress(ValueError, SyntaxError, MemoryError, RecursionError), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # escapes that mean nothing, which stay as they are
        value = ast.literal_eval(python.strip())
        return value if isinstance(value, list | dict) else text
    return text
