"""Checks a parsed request against botocore's service model: what AWS checks and botocore itself does not.

Required members, lengths, ranges, patterns and enums, for any operation; there is no rule of Bedrock's own here.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StructureShape

from tailor_local.bedrock.errors import invalid

SHOWN = 256  # characters of a refused value that a message repeats
# The hyphen stands on both sides of this repetition, so a row of hyphens would take exponential time.
_SAME_BUT_QUICK = {
    r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)": r"(?u:[\w\s.:/=+@-]*)",  # Java's names of classes of characters
    r"[a-zA-Z0-9](-*[a-zA-Z0-9\+\-\.])*": r"[a-zA-Z0-9][a-zA-Z0-9+.-]*",
}


def check(shape: StructureShape | None, value: dict[str, Any]) -> None:
    """Raise ValidationException in AWS's wording if ``value`` does not satisfy ``shape``."""
    if shape is None:
        return
    problems = list(_problems(shape, value, ""))
    if problems:
        plural = "error" if len(problems) == 1 else "errors"
        raise invalid(f"{len(problems)} validation {plural} detected: " + "; ".join(problems))


def _problems(shape: Shape, value: Any, path: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        yield from _structure(shape, value, path)
    elif isinstance(shape, ListShape):
        yield from _size(shape, len(value), value, path)
        for number, item in enumerate(value, 1):
            yield from _problems(shape.member, item, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        yield from _size(shape, len(value), value, path)
        for key, item in value.items():
            yield from _problems(shape.key, key, f"{path}.key")
            yield from _problems(shape.value, item, f"{path}.{key}.value")
    elif shape.type_name == "string":
        yield from _string(shape, value, path)
    elif shape.type_name == "blob":
        yield from _size(shape, len(value), "<bytes>", path)
    elif shape.type_name in ("integer", "long", "float", "double"):
        yield from _number(shape, value, path)


def _structure(shape: StructureShape, value: dict[str, Any], path: str) -> Iterator[str]:
    if getattr(shape, "is_document_type", False):
        return
    for name in shape.required_members:
        if value.get(name) is None:
            yield _failed("null", _join(path, name), "Member must not be null")
    given = [name for name in shape.members if value.get(name) is not None]
    if getattr(shape, "is_tagged_union", False) and len(given) != 1:
        yield _failed(_shown(value), path, f"Member must have exactly one of: {', '.join(shape.members)}")
    for name in given:
        yield from _problems(shape.members[name], value[name], _join(path, name))


def _string(shape: Shape, value: str, path: str) -> Iterator[str]:
    enum = shape.metadata.get("enum")
    if enum and value not in enum:
        yield _failed(_shown(value), path, f"Member must satisfy enum value set: [{', '.join(enum)}]")
    yield from _size(shape, len(value), value, path)
    pattern = shape.metadata.get("pattern")
    if pattern and not _compiled(pattern).fullmatch(value):
        yield _failed(_shown(value), path, f"Member must satisfy regular expression pattern: {pattern}")


def _size(shape: Shape, size: int, value: Any, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and size < least:
        yield _failed(_shown(value), path, f"Member must have length greater than or equal to {least}")
    if most is not None and size > most:
        yield _failed(_shown(value), path, f"Member must have length less than or equal to {most}")


def _number(shape: Shape, value: float, path: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        yield _failed(_shown(value), path, f"Member must have value greater than or equal to {least}")
    if most is not None and value > most:
        yield _failed(_shown(value), path, f"Member must have value less than or equal to {most}")


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(_SAME_BUT_QUICK.get(pattern, pattern), re.ASCII)


def _failed(value: str, path: str, constraint: str) -> str:
    shown = value if value == "null" else f"'{value}'"
    return f"Value {shown} at '{path}' failed to satisfy constraint: {constraint}"


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= SHOWN else text[:SHOWN] + "…"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
