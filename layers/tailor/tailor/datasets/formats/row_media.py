"""Read media that a row names beside its texts: names, ids, URLs, bytes, one or several in a field."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from tailor.datasets.example import Media, MediaKind
from tailor.datasets.formats.base import Row
from tailor.datasets.formats.chat import describe, media_of
from tailor.datasets.sources import several, value_of
from tailor.findings import Finding, finding

_PLACES: Final = ("path", "url", "src", "file_name", "filename", "name")
_BASE64: Final = {"iVBORw0KGgo": "png", "/9j/": "jpeg", "R0lGOD": "gif", "UklGR": "webp", "Qk0": "bmp"}
"""First characters of pictures whose bytes are written as text."""
_SHORTEST: Final = 64
_EMPTY: Final[tuple[Any, ...]] = (None, "", [], {})
_SEPARATORS: Final = frozenset(",;|")


def row_media(
    row: Row, columns: Mapping[str, MediaKind], problems: list[Finding], *, needed: bool = True, merged: bool = False
) -> list[Media]:
    """Return the media that the columns of a row name, in the columns' order.

    ``needed``: a row that names none is a problem; ``merged``: then it may be meant for the name above."""
    found: list[Media] = []
    for column, kind in columns.items():
        if row.get(column) not in _EMPTY or (needed and len(columns) == 1 and not merged):
            found += media_blocks(row.get(column), kind, column, problems)
    if needed and columns and not found and not problems:
        column, kind = next(iter(columns.items()))
        code = "media-missing/merged" if merged else "media-missing/name"
        problems.append(finding(code, path=column, kind=kind, what="missing"))
    return found


def media_blocks(value: Any, kind: MediaKind, column: str, problems: list[Finding]) -> list[Media]:
    """Return one medium or several: names, ids, URLs, image structs of Parquet, or the JSON text of a list of them."""
    plain = type(value) is str and len(value) < _SHORTEST and value[:1].isalnum() and value[:5] != "data:"
    if plain and not value[-1].isspace() and not _SEPARATORS & set(value):
        return [Media(kind, ref=value)]
    if isinstance(value, str):
        value = value_of(value)
    if isinstance(value, dict) and value and all(str(key).startswith("<") for key in value):
        value = list(value.values())  # by their tags, as MiniCPM has them
    values = value if isinstance(value, list) else several(value) if isinstance(value, str) else [value]
    found = []
    for item in values:
        media = _medium(item, kind, column, problems)
        if media:
            found.append(media)
    return found


def _medium(item: Any, kind: MediaKind, column: str, problems: list[Finding]) -> Media | None:
    if isinstance(item, dict):
        data = item.get("bytes")
        if data and isinstance(data, bytes | str):
            return Media(kind, data=data) if isinstance(data, bytes) else _written_out(data, kind, column, problems)
        item = next((item[key] for key in _PLACES if item.get(key)), None)
    if isinstance(item, bytes) and item:
        return Media(kind, data=item)
    if isinstance(item, int) and not isinstance(item, bool):
        item = str(item)
    if isinstance(item, float) and item.is_integer():
        item = str(int(item))
    if isinstance(item, str) and item.strip():
        item = item.strip()
        return _written_out(item, kind, column, problems) or media_of(item, kind, column, problems)
    empty = item in (None, "", {}) or isinstance(item, str)
    code = "media-missing/name" if empty else "media-missing/type"
    problems.append(finding(code, path=column, kind=kind, what=describe(item)))
    return None


def _written_out(text: str, kind: MediaKind, column: str, problems: list[Finding]) -> Media | None:
    """Return the picture whose base64 the text is; None for other texts."""
    format = next((format for start, format in _BASE64.items() if text.startswith(start)), None)
    if format is None or len(text) < _SHORTEST:
        return None
    try:
        return Media(kind, data=base64.b64decode(text, validate=True), format=format)
    except (binascii.Error, ValueError):
        problems.append(finding("bad-base64/data-url", path=column))
        return None
