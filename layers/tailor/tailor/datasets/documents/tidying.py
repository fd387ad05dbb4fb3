"""Tidy the text of documents: typesetting characters, white space, headings and paragraphs."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

MOST_HEADING: Final = 6
SOFT_HYPHEN: Final = "\xad"
"""Old fonts have a letter in its place, so it is removed last."""
_LIGATURES: Final = {
    0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st",
}  # fmt: skip
_DROPPED: Final = dict.fromkeys([*range(9), *range(14, 32), 0x7F, 0x200B, 0x2060, 0xFEFF])
_SPACES: Final = dict.fromkeys([0x0B, 0xA0, 0x2007, 0x202F, *range(0x2000, 0x2007), *range(0x2008, 0x200B)], " ")
_LINES: Final = {0x0C: "\n", 0x0D: "\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n\n"}
_TABLE: Final = {**_LIGATURES, **_DROPPED, **_SPACES, **_LINES}
_ODD: Final = re.compile(f"[{re.escape(''.join(map(chr, _TABLE)))}]")
_RUNS: Final = re.compile(r"\t[ \t]*| [ \t]+")
_AROUND: Final = re.compile(r" *\n *")
_BLANK: Final = re.compile(r"\n{3,}")


def clean(text: str) -> str:
    """Return text without control characters and typesetting marks, with its letters composed."""
    if _ODD.search(text):
        text = text.replace("\r\n", "\n").translate(_TABLE)
    return unicodedata.normalize("NFC", text)


def one_line(text: str) -> str:
    """Return text with each run of white space as one space."""
    return " ".join(clean(text).split())


def paragraph(text: str) -> str:
    """Return text with its line breaks, but no other runs of white space."""
    return _AROUND.sub("\n", _RUNS.sub(" ", clean(text))).strip()


def heading(text: str, level: int) -> str:
    """Return a heading in one line, marked as in Markdown; empty for one without words."""
    words = one_line(text)
    return f"{'#' * max(1, min(level, MOST_HEADING))} {words}" if words else ""


def joined(blocks: Iterable[str]) -> str:
    """Return the non-empty blocks, separated by blank lines."""
    return _BLANK.sub("\n\n", "\n\n".join(block for block in blocks if block.strip()))
