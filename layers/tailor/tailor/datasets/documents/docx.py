"""Extract the text of Word documents (DOCX): headings, paragraphs, numbered lists, tables and notes.

Headers and footers lie in parts of their own and are not read; nor is what was deleted while changes were tracked, nor
comments.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from tailor.datasets.documents import legacy_fonts
from tailor.datasets.documents.model import Extracted
from tailor.datasets.documents.numbering import Numbering, Place, numbering_of
from tailor.datasets.documents.packages import Package, opened
from tailor.datasets.documents.tidying import heading, joined, one_line, paragraph

_BODY: Final = "word/document.xml"
_NOTES: Final = ("word/footnotes.xml", "word/endnotes.xml")
_SKIPPED: Final = frozenset(
    {"Fallback", "del", "moveFrom", "instrText", "delText", "pPrChange", "rPrChange", "sectPrChange", "tblPrChange"}
)
_BREAKS: Final = {"br": "\n", "cr": "\n", "tab": "\t", "noBreakHyphen": "-", "ptab": "\t"}
_TITLES: Final = {"title": 1, "subtitle": 2}


@dataclass(frozen=True, slots=True)
class _Style:
    level: int = 0
    numbered: Place | None = None
    font: str = ""


@dataclass(slots=True)
class _Cell:
    blocks: list[str] = field(default_factory=list)


def read(data: bytes) -> Extracted:
    """Return the text of a DOCX file. Raises RefusedDocumentError."""
    with opened(data) as package:
        if _BODY not in package.names:
            raise ValueError("it is not a Word document")  # reported as damage
        fonts = legacy_fonts.Fonts()
        styles = _styles(package)
        numbering = numbering_of(package.tree("word/numbering.xml"))
        body = _Reader(styles, numbering, fonts)
        package.parse(_BODY, body.start, body.end, body.text)
        blocks = body.blocks
        for part in _NOTES:
            if part in package.names:
                notes = _Reader(styles, numbering, fonts)
                package.parse(part, notes.start, notes.end, notes.text)
                blocks += notes.blocks
        return Extracted(joined(blocks), fonts.findings())


def _styles(package: Package) -> dict[str, _Style]:
    """Return levels, numbers and fonts by style, including what a style inherits."""
    found: dict[str, tuple[str, _Style]] = {}
    for style in package.tree("word/styles.xml"):
        inside = {each.tag.rpartition("}")[2]: _value(each) for each in style.iter()}
        fonts = [value for each in style.iter() for key, value in each.items() if key.endswith("}ascii")]
        name = inside.get("name", "").lower()
        level = int(inside["outlineLvl"]) + 1 if inside.get("outlineLvl", "").isdecimal() else _TITLES.get(name, 0)
        if name.startswith("heading ") and name[8:].isdecimal():
            level = int(name[8:])
        numbered = (inside["numId"], int(inside.get("ilvl") or 0)) if inside.get("numId") else None
        identity = next((value for key, value in style.items() if key.endswith("}styleId")), "")
        font = fonts[0] if fonts else ""
        found[identity] = inside.get("basedOn", ""), _Style(level if level < 10 else 0, numbered, font)
    return {identity: _inherited(identity, found) for identity in found}


def _inherited(identity: str, found: dict[str, tuple[str, _Style]]) -> _Style:
    result, seen = _Style(), set[str]()
    while identity in found and identity not in seen:
        seen.add(identity)
        identity, own = found[identity]
        result = _Style(result.level or own.level, result.numbered or own.numbered, result.font or own.font)
    return result


def _value(element: object) -> str:
    items = element.items() if hasattr(element, "items") else ()
    return next((str(value) for key, value in items if key.endswith("}val")), "")


class _Reader:
    """Handles the events of a part that holds paragraphs; ``blocks`` is the result."""

    def __init__(self, styles: dict[str, _Style], numbering: Numbering, fonts: legacy_fonts.Fonts) -> None:
        self.blocks: list[str] = []
        self._styles, self._numbering, self._fonts = styles, numbering, fonts
        self._skipped = 0
        self._text = self._hidden = False
        self._font = self._style = self._mark = ""
        self._pieces: list[str] = []
        self._around: list[tuple[list[str], str, int, list[str | None]]] = []  # paragraphs that hold a text box
        self._numbered: list[str | None] = [None, None]
        self._level = 0
        self._tables: list[list[list[_Cell]]] = []
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "p": self._begin,
            "pStyle": lambda given: setattr(self, "_style", given.get("val", "")),
            "outlineLvl": self._outline,
            "numId": lambda given: self._numbered.__setitem__(0, given.get("val", "")),
            "ilvl": lambda given: self._numbered.__setitem__(1, given.get("val", "0")),
            "rFonts": lambda given: setattr(self, "_font", given.get("ascii") or given.get("hAnsi") or self._font),
            "vanish": lambda given: setattr(self, "_hidden", given.get("val") not in ("0", "false")),
            "r": self._run,
            "t": lambda _: setattr(self, "_text", True),
            "footnoteReference": self._refer,
            "endnoteReference": self._refer,
            "tbl": lambda _: self._tables.append([]),
            "tr": self._table_row,
            "tc": self._cell,
            "txbxContent": lambda _: self._around.append((self._pieces, self._style, self._level, self._numbered)),
            "footnote": self._note,
            "endnote": self._note,
        }

    def start(self, tag: str, given: dict[str, str]) -> None:
        if self._skipped or tag in _SKIPPED:
            self._skipped += 1
        elif tag in self._starts:
            self._starts[tag](given)
        elif tag in _BREAKS and not self._hidden and not (tag == "tab" and given):  # a tab with settings is a stop
            self._pieces.append(_BREAKS[tag])

    def text(self, data: str) -> None:
        if self._text and not self._skipped and not self._hidden:
            styled = self._styles.get(self._style, _Style()).font
            self._pieces.append(self._fonts.read(data, self._font or styled))

    def end(self, tag: str) -> None:
        if self._skipped:
            self._skipped -= 1
        elif tag == "t":
            self._text = False
        elif tag == "r":
            self._hidden = False
        elif tag == "p":
            self._finish()
        elif tag == "txbxContent" and self._around:
            self._pieces, self._style, self._level, self._numbered = self._around.pop()
        elif tag == "tbl" and self._tables:
            self._add(_as_text(self._tables.pop()))

    def _begin(self, _: dict[str, str]) -> None:
        self._pieces, self._style, self._font, self._level = [], "", "", 0
        self._numbered = [None, None]

    def _run(self, _: dict[str, str]) -> None:
        self._font, self._hidden = "", False

    def _outline(self, given: dict[str, str]) -> None:
        level = given.get("val", "")
        self._level = int(level) + 1 if level.isdecimal() and int(level) < 9 else 0

    def _refer(self, given: dict[str, str]) -> None:
        self._pieces.append(f"[{given.get('id', '')}]")

    def _note(self, given: dict[str, str]) -> None:
        self._mark = f"[{given.get('id', '')}] " if given.get("type") is None else ""

    def _table_row(self, _: dict[str, str]) -> None:
        if self._tables:
            self._tables[-1].append([])

    def _cell(self, _: dict[str, str]) -> None:
        if self._tables and self._tables[-1]:
            self._tables[-1][-1].append(_Cell())

    def _finish(self) -> None:
        style = self._styles.get(self._style, _Style())
        level = self._level or style.level
        text = paragraph("".join(self._pieces))
        self._pieces = []
        if not text:
            return
        text = f"{self._number(style)}{text}"
        if self._mark:
            text, self._mark = f"{self._mark}{text}", ""
        self._add(heading(text, level) if level and not self._tables else text)

    def _number(self, style: _Style) -> str:
        own, depth = self._numbered
        if own is None:
            return self._numbering.next(style.numbered) if style.numbered else ""
        deep = int(depth) if depth and depth.isdecimal() else 0
        return self._numbering.next((own, deep))

    def _add(self, block: str) -> None:
        if self._tables and self._tables[-1] and self._tables[-1][-1]:
            self._tables[-1][-1][-1].blocks.append(block)
        else:
            self.blocks.append(block)


def _as_text(rows: list[list[_Cell]]) -> str:
    """Return a table's rows as lines. A table with one column, used for layout, becomes paragraphs."""
    if all(len(row) <= 1 for row in rows):
        return joined(block for row in rows for cell in row for block in cell.blocks)
    lines = (" | ".join(one_line(" ".join(cell.blocks)) for cell in row) for row in rows)
    return "\n".join(line for line in lines if line.strip(" |"))
