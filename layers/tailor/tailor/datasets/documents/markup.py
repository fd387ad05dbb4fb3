"""Extract the text of HTML: headings, paragraphs, lists, tables; without scripts, menus, forms and hidden parts."""

from html.parser import HTMLParser
from typing import Final

from tailor.datasets.documents.tidying import heading, joined, one_line, paragraph

_VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
)
_SKIPPED: Final = frozenset(
    {"script", "style", "noscript", "template", "nav", "iframe", "object", "svg", "button", "select", "textarea"}
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl",
    "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "html", "legend",
    "li", "main", "menu", "ol", "p", "pre", "section", "summary", "table", "tbody", "tfoot", "thead", "title",
    "tr", "ul",
    *_HEADINGS,
})  # fmt: skip
_HIDDEN: Final = ("display:none", "visibility:hidden")


def text_of(document: str) -> str:
    """Return the text of an HTML document as blocks."""
    reader = _Reader()
    end = document.rfind(">") + 1  # what follows are no tags, and the parser would look for their ends again and again
    reader.feed(document[:end] + document[end:].replace("<", "&lt;"))
    reader.close()
    reader.end()
    if not any(block.startswith("#") for block in reader.blocks) and reader.title:
        reader.blocks.insert(0, heading(reader.title, 1))
    return joined(reader.blocks)


class _Reader(HTMLParser):
    """Collects blocks. It tracks only the open elements that matter, so that wrong nesting loses no text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.title = ""
        self._pieces: list[str] = []
        self._open: list[str] = []
        self._skipped: list[str] = []
        self._cells: list[str] | None = None
        self._kept = self._title = False
        self._marks: list[str] = []
        self._item = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._skipped:
            if tag not in _VOID and tag == self._skipped[0]:
                self._skipped.append(tag)
            return
        if tag not in _VOID and (tag in _SKIPPED or _is_hidden(dict(attrs))):
            self._skipped.append(tag)
            return
        if tag == "br":
            self._pieces.append("\n")
        elif tag in ("td", "th"):
            self._cell()
        elif tag in _BLOCKS:
            self._begin(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._skipped:
            if tag == self._skipped[-1]:
                self._skipped.pop()
            elif tag == "body":
                self._skipped.clear()
            return
        if tag in ("td", "th"):
            self._end_cell()
        elif tag in _BLOCKS:
            self._finish(tag)

    def handle_data(self, data: str) -> None:
        if self._title:
            self.title += data
        elif not self._skipped:
            self._pieces.append(data if self._kept else data.replace("\n", " ").replace("\r", " "))

    def unknown_decl(self, data: str) -> None:
        """Ignore what is not HTML, such as conditional comments of Word."""

    def _begin(self, tag: str) -> None:
        self.flush()
        if tag == "title":
            self._title = True
        elif tag == "pre":
            self._kept = True
        elif tag in ("ol", "ul", "menu"):
            self._marks.append("- " if tag != "ol" else "0")
        elif tag == "li":
            self._item = self._mark()
        elif tag == "tr":
            self._end_row()
            self._cells = []
        elif tag in _HEADINGS:
            self._open.append(tag)

    def _finish(self, tag: str) -> None:
        if tag == "title":
            self._title = False
            return
        self.flush()
        if tag == "pre":
            self._kept = False
        elif tag in ("ol", "ul", "menu") and self._marks:
            self._marks.pop()
        elif tag in ("tr", "table"):
            self._end_row()
        elif tag in _HEADINGS and self._open:
            self._open.pop()

    def _mark(self) -> str:
        """Return the mark before an item of the open list."""
        if not self._marks or not self._marks[-1].isdecimal():
            return "- "
        self._marks[-1] = str(int(self._marks[-1]) + 1)
        return f"{self._marks[-1]}. "

    def _cell(self) -> None:
        self.flush()
        if self._cells is None:
            self._cells = []
        self._cells.append("")

    def _end_cell(self) -> None:
        self.flush()

    def _end_row(self) -> None:
        cells, self._cells = self._cells, None
        if cells and any(cells):
            self._block(" | ".join(cells) if len(cells) > 1 else cells[0], row=len(cells) > 1)

    def end(self) -> None:
        """Close everything that is open."""
        self.flush()
        self._end_row()

    def flush(self) -> None:
        """Finish the current block."""
        pieces, self._pieces = "".join(self._pieces), []
        text = pieces.strip("\n") if self._kept else paragraph(pieces)
        if not text.strip():
            return
        if self._cells is not None:
            if not self._cells:
                self._cells.append("")
            self._cells[-1] = f"{self._cells[-1]} {one_line(text)}".strip()
            return
        item, self._item = self._item, ""
        if self._open:
            self._block(heading(text, _HEADINGS[self._open[-1]]))
        else:
            self._block(f"{item}{text}", row=bool(item))

    def _block(self, text: str, *, row: bool = False) -> None:
        """Add a block; rows and items follow each other without a blank line."""
        if row and self.blocks and self._last_was_row:
            self.blocks[-1] += f"\n{text}"
        else:
            self.blocks.append(text)
        self._last_was_row = row

    _last_was_row = False


def _is_hidden(attributes: dict[str, str | None]) -> bool:
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return "hidden" in attributes or any(mark in style for mark in _HIDDEN)
