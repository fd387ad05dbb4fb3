"""Translate an English report to Vietnamese: each text of the page is looked up, data is unchanged.

Elements with the attribute ``translate="no"``, ``code`` and ``pre`` hold data. A text is the whole between two tags;
values in it are looked up too. What is not in vietnamese.toml stays English (a test holds that nothing does).
"""

import re
import tomllib
from functools import cache
from html import escape
from html.parser import HTMLParser
from importlib.resources import files

from tailor.phrasebook import Phrasebook

_RAW = frozenset({"style", "script"})
_KEPT = frozenset({"code", "pre"})
_VOID = frozenset({"meta", "img", "input", "br", "link"})
_WRITTEN = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?!\.?\w|,\d)")
_SPOKEN = re.compile(r'(?<= aria-label=")[^"]*')
_SWAPPED = str.maketrans(",.", ".,")


def translated(page: str) -> str:
    """Return an English page in Vietnamese."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    return "".join(parser.parts)


def untranslated(page: str) -> list[str]:
    """Return the texts of an English page that have letters and no translation."""
    parser = _Page()
    parser.feed(page)
    parser.close()
    return parser.missing


def said(text: str) -> str | None:
    """Return a text in Vietnamese, None if it is unknown. Outer blanks are kept."""
    return _phrases().said(text)


def in_vietnamese(text: str) -> str:
    """Return a sentence of a report in Vietnamese, or as it is."""
    known = said(text)
    return text if known is None else known


def _numbers(text: str) -> str:
    """Return a text with a comma before decimals and points between thousands."""
    return _WRITTEN.sub(lambda match: match[0].translate(_SWAPPED), text)


@cache
def _phrases() -> Phrasebook:
    pairs = tomllib.loads(files(__package__).joinpath("vietnamese.toml").read_text("utf-8"))["texts"]
    return Phrasebook([(english, vietnamese) for english, vietnamese in pairs], _numbers)


class _Page(HTMLParser):
    """Copies the page tag by tag, with its texts translated."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.missing: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def _is_data(self) -> bool:
        return any(kept for _, kept in self._open)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        if tag == "html":
            written = written.replace('lang="en"', 'lang="vi"')
        self.parts.append(_SPOKEN.sub(self._label, written))
        if tag not in _VOID and not written.endswith("/>"):
            self._open.append((tag, tag in _KEPT | _RAW or ("translate", "no") in attributes))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        self.parts.append(f"</{tag}>")

    def handle_decl(self, declaration: str) -> None:
        self.parts.append(f"<!{declaration}>")

    def handle_data(self, text: str) -> None:
        if self._open and self._open[-1][0] in _RAW:
            self.parts.append(text)
        else:
            self.parts.append(escape(text if self._is_data() else self._said(text), quote=False))

    def _said(self, text: str) -> str:
        known = said(text)
        if known is None and any(letter.isalpha() for letter in text):
            self.missing.append(text)
        return _numbers(text) if known is None else known

    def _label(self, match: re.Match[str]) -> str:
        return "; ".join(self._said(part) for part in match[0].split("; "))
