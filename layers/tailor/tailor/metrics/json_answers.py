"""Read JSON answers, which may be in a code fence, for the JSON metrics."""

import re
import unicodedata
from typing import Any

import orjson

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


def read_json(text: str) -> Any:
    """Return the JSON value. Raises ValueError for other texts."""
    fenced = _FENCE.match(text)
    return orjson.loads(fenced[1] if fenced else text)


Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> dict[Path, Any]:
    """Return each scalar value by its path (keys in NFC, indexes); an empty object or list is a leaf."""
    if isinstance(value, dict) and value:
        parts = [leaves(item, (*path, unicodedata.normalize("NFC", key))) for key, item in value.items()]
    elif isinstance(value, list) and value:
        parts = [leaves(item, (*path, index)) for index, item in enumerate(value)]
    else:
        return {path: value}
    return {place: leaf for part in parts for place, leaf in part.items()}
