"""Compute the numbers that Word writes before paragraphs ("Điều 5.", "a)", "1.2."), which are not in the text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as Xml

Place = tuple[str, int]
"""A list's id and the level in it, from 0."""
_MARK: Final = re.compile(r"%([1-9])")
_ROMAN: Final = (
    (1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
    (9, "ix"), (5, "v"), (4, "iv"), (1, "i"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Level:
    form: str = "decimal"
    pattern: str = ""
    first: int = 1


@dataclass(slots=True)
class Numbering:
    """Lists of a document. ``next`` counts, so paragraphs must be given in order."""

    abstract: dict[str, str] = field(default_factory=dict)
    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    restarts: dict[str, dict[int, int]] = field(default_factory=dict)
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def next(self, place: Place) -> str:
        """Return the number before the next paragraph at a level of a list, followed by a space."""
        identity, depth = place
        abstract = self.abstract.get(identity)
        levels = self.levels.get(abstract or "", {})
        if abstract is None or depth not in levels:
            return ""
        level = levels[depth]
        if level.form == "bullet":
            return "- "
        counts = self._counts.setdefault(abstract, {})
        counts |= {deep: first - 1 for deep, first in self.restarts.pop(identity, {}).items()}
        counts[depth] = counts.get(depth, level.first - 1) + 1
        for deeper in [other for other in counts if other > depth]:
            del counts[deeper]

        def number(found: re.Match[str]) -> str:
            at = int(found[1]) - 1
            other = levels.get(at, _Level())
            return _written(counts.get(at, other.first), other.form)

        text = _MARK.sub(number, level.pattern).strip()
        return f"{text} " if text and level.form != "none" else ""


def numbering_of(tree: Xml.Element) -> Numbering:
    """Return the lists defined by numbering.xml."""
    found = Numbering()
    for part in tree:
        name, identity = _local(part.tag), _attribute(part, "abstractNumId")
        if name == "abstractNum":
            levels = [each for each in part if _local(each.tag) == "lvl"]
            found.levels[identity] = {int(_attribute(each, "ilvl") or 0): _level(each) for each in levels}
        elif name == "num":
            values = [_attribute(each, "val") for each in part if _local(each.tag) == "abstractNumId"]
            own = _attribute(part, "numId")
            found.abstract[own] = values[0] if values else ""
            found.restarts[own] = dict(_restarts(part))
    return found


def _restarts(part: Xml.Element) -> Iterator[tuple[int, int]]:
    for each in part:
        for inner in each if _local(each.tag) == "lvlOverride" else ():
            first, depth = _attribute(inner, "val"), _attribute(each, "ilvl")
            if _local(inner.tag) == "startOverride" and first.isdecimal() and depth.isdecimal():
                yield int(depth), int(first)


def _level(element: Xml.Element) -> _Level:
    values = {_local(each.tag): _attribute(each, "val") for each in element}
    start = values.get("start", "1")
    return _Level(values.get("numFmt", "decimal"), values.get("lvlText", ""), int(start) if start.isdecimal() else 1)


def _written(number: int, form: str) -> str:
    if form in ("lowerLetter", "upperLetter"):
        letter = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 % 8 + 1)
        return letter if form == "lowerLetter" else letter.upper()
    if form in ("lowerRoman", "upperRoman"):
        text, left = "", max(0, min(number, 4999))
        for value, sign in _ROMAN:
            text += sign * (left // value)
            left %= value
        return text if form == "lowerRoman" else text.upper()
    return f"{number:02d}" if form == "decimalZero" else str(number)


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


def _attribute(element: Xml.Element, name: str) -> str:
    return next((value for key, value in element.items() if _local(key) == name), "")
