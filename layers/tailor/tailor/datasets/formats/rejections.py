"""A row that can't be used, as text for people."""

from typing import Any, Final

import orjson

from tailor.datasets.example import Rejected
from tailor.findings import RowError

_SHOWN: Final = 500


def rejection(file: str, line: int, error: RowError, raw: bytes | str) -> Rejected:
    """Return the rejection of a row, with the beginning of its text."""
    start = raw[: 4 * _SHOWN]
    said = (start.decode("utf-8", "replace") if isinstance(start, bytes) else start).strip()
    shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}…"
    return Rejected(file, line, shown, tuple(problem.at(file, line) for problem in error.problems))


def as_text(value: object) -> bytes:
    """Return a row as text for people, if the file's own text is not available."""
    try:
        return orjson.dumps(value, default=_placeholder, option=orjson.OPT_NON_STR_KEYS)
    except (TypeError, RecursionError):
        return b"(a row that can't be shown)"


def _placeholder(value: Any) -> str:
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)
