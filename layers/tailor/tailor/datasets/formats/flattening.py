"""Flatten columns within objects of a row, such as ``inputs.question``, if the row itself has no known format."""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, Final

from tailor.datasets.example import Example
from tailor.datasets.formats.base import Converter, Row
from tailor.datasets.sources import is_likely
from tailor.recipe import Columns

_MOST: Final = 100
_MAIN: Final = ("text", "stem", "value", "content")
"""Keys of the text within an object under a usual name: ``{"question": {"stem": …}}``."""


def flat(row: Row) -> Row:
    """Return a row with the values of its objects at the top level. They keep their own names where these are
    unambiguous, otherwise they are named ``object.key``."""
    inner = [(key, name, value) for key, inside in _objects(row) for name, value in inside.items()][:_MOST]
    if not inner:
        return row
    times = Counter(name for _, name, _ in inner)
    objects = {key for key, _ in _objects(row)}
    found = {key: value for key, value in row.items() if key not in objects}
    for key, name, value in inner:
        if name in _MAIN and is_likely(key) and key not in found and isinstance(value, str):
            found[key] = value
            continue
        found[name if times[name] == 1 and name not in found else f"{key}.{name}"] = value
    return found


def _objects(row: Row) -> Iterable[tuple[str, dict[str, Any]]]:
    return [(key, value) for key, value in row.items() if isinstance(value, dict) and not _is_medium(value)]


def _is_medium(value: dict[str, Any]) -> bool:
    return "bytes" in value or "src" in value or "url" in value


def named_inside(rows: list[Row], names: list[str], columns: Columns) -> bool:
    """Return whether the recipe names columns inside objects of the rows."""
    wanted = {name for name in columns.model_dump().values() if isinstance(name, str)} - set(names)
    return bool(wanted) and any(wanted & flat(row).keys() for row in rows)


def flattened(convert: Converter, flatten: Callable[[Row], Row] = flat) -> Converter:
    """Return a converter of rows whose objects are flattened."""

    def converted(row: Row, line: int) -> Example:
        return convert(flatten(row), line)

    return converted
