"""An English page in another language: each text of it is looked up, data stay as they are.

Elements with the attribute ``translate="no"``, ``code`` and ``pre`` hold data. A text is the whole between two tags.
"""

import re
from collections.abc import Callable
from html import escape
from html.parser import HTMLParser

_RAW = frozenset({"style", "script"})
_KEPT = frozenset({"code", "pre"})
_VOID = frozenset({"meta", "img", "input", "br", "link"})
_WRITTEN = re.compile(r"(?<![\w.,])(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d+)(?!\.?\w|,\d)")
_PERCENT = re.compile(r"(?<=\d)[ \u00a0]%")
_SPOKEN = re.compile(r'(?<= aria-label=")[^"]*')
_SWAPPED = str.maketrans(",.", ".,")
Said = Callable[[str], str | None]
"""Returns a text in the other language, None where it is not known."""


def translated(page: str, said: Said, language: str) -> str:
    """Return an English page in the language of ``said``."""
    parser = _Page(said, language)
    parser.feed(page)
    parser.close()
    return "".join(parser.parts)


def untranslated(page: str, said: Said) -> list[str]:
    """Return the texts of an English page that have letters and no translation."""
    parser = _Page(said, "")
    parser.feed(page)
    parser.close()
    return parser.missing


def numbers(text: str) -> str:
    """Return a text with a comma before decimals, points between thousands, and no blank before a percent sign."""
    return _PERCENT.sub("%", _WRITTEN.sub(lambda match: match[0].translate(_SWAPPED), text))


class _Page(HTMLParser):
    """Writes the page anew, tag by tag, with its texts looked up."""

    def __init__(self, said: Said, language: str) -> None:
        super().__init__(convert_charrefs=True)
        self._known, self._language = said, language
        self.parts: list[str] = []
        self.missing: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def _is_data(self) -> bool:
        return any(kept for _, kept in self._open)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        written = self.get_starttag_text() or ""
        if tag == "html":
            written = written.replace('lang="en"', f'lang="{self._language}"')
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
        known = self._known(text)
        if known is None and any(letter.isalpha() for letter in text):
            self.missing.append(text)
        return numbers(text) if known is None else known

    def _label(self, match: re.Match[str]) -> str:
        return "; ".join(self._said(part) for part in match[0].split("; "))
