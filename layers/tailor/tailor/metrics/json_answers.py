"""Helper of the JSON metrics: reads an answer that may stand in a code fence."""

import re
from typing import Any

import orjson

_FENCE = re.compile(r"\A\s*```(?:json)?\s*\n(.*?)\n?\s*```\s*\Z", re.DOTALL | re.IGNORECASE)


def read_json(text: str) -> Any:
    """Raises ValueError for what is not JSON."""
    fenced = _FENCE.match(text)
    return orjson.loads(fenced[1] if fenced else text)


def leaves(value: Any, path: str = "$") -> dict[str, Any]:
    """Each single value by its JSON path; an empty object or list is a leaf of its own."""
    if isinstance(value, dict) and value:
        parts = [leaves(item, f"{path}.{key}") for key, item in value.items()]
    elif isinstance(value, list) and value:
        parts = [leaves(item, f"{path}[{index}]") for index, item in enumerate(value)]
    else:
        return {path: value}
    return {place: leaf for part in parts for place, leaf in part.items()}
