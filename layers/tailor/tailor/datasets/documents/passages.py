"""Give rows the texts of documents that a column names, as passages for their questions."""

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

from tailor.datasets.documents.collection import all_documents
from tailor.datasets.documents.model import RefusedDocumentError
from tailor.datasets.documents.reading import DocumentFile
from tailor.datasets.sources import READ_ON_ERRORS, DataFile, Inventory, Item, LonelyAnswers, choose, plain_name
from tailor.findings import FindingTally, RowError, finding
from tailor.recipe import Columns

CONTEXT: Final = "context"
MOST: Final = 1 << 20
"""Maximum characters of a passage; no model takes more in a question."""
_SAMPLE: Final = 50
_REMEMBERED: Final = 16


@dataclass(frozen=True, slots=True)
class PassageFile(DataFile):
    """Rows of ``inner`` whose ``column`` names a document, with the text added under ``key``."""

    inner: DataFile = field(kw_only=True)
    column: str = field(kw_only=True)
    key: str = field(kw_only=True, default=CONTEXT)
    documents: "Passages" = field(kw_only=True)

    def rows(self) -> Iterator[Item]:
        for line, value, raw in self.inner.rows():
            name = value.get(self.column) if isinstance(value, dict) else None
            document = self.documents.find(name)
            if document is None:
                yield line, value, raw
                continue
            try:
                text = self.documents.text(document)
            except RefusedDocumentError as error:
                yield line, RowError(dataclasses.replace(error.finding, path=self.column)), raw or str(name)
            else:
                rest = {key: other for key, other in value.items() if key != self.column}
                yield line, rest | {self.key: text}, None


class Passages:
    """Documents of a dataset by their names, with or without folders, in any case. ``used`` are the names that a column
    refers to."""

    def __init__(self, documents: Sequence[DocumentFile]) -> None:
        self.used: set[str] = set()
        self._by_name: dict[str, DocumentFile | None] = {}
        for document in documents:
            for name in {plain_name(document.name), plain_name(document.name.rpartition("/")[2])}:
                self._by_name[name] = None if name in self._by_name else document  # two of a name are none
        self.text = lru_cache(_REMEMBERED)(_text)

    def find(self, name: object) -> DocumentFile | None:
        """Return the document that a value names, or None."""
        return self._by_name.get(plain_name(name.strip().removeprefix("./"))) if isinstance(name, str) else None

    def about(self, source: DataFile, wanted: Columns, notes: FindingTally) -> DataFile:
        """Return a file of rows with the texts that they name, or the file unchanged."""
        rows = _first(source) if self._by_name and not isinstance(source, LonelyAnswers) else []
        names = list(dict.fromkeys(str(key) for row in rows for key in row))
        chosen = choose(wanted, names, rows, lambda _: False).get(CONTEXT)
        for column in [chosen] if chosen else names:
            found = [self.find(row[column]) for row in rows if row.get(column)]
            if found and 2 * sum(each is not None for each in found) > len(found):
                self.used |= {each.name for each in self._all(source, column)}
                notes.add(finding("passages-read", source.name, path=column))
                own = {each.name: getattr(source, each.name) for each in dataclasses.fields(DataFile)}
                own["key"] = chosen or CONTEXT
                return PassageFile(**own, inner=source, column=column, documents=self)
        return source

    def _all(self, source: DataFile, column: str) -> Iterator[DocumentFile]:
        try:
            for _, value, _ in source.rows():
                if document := self.find(value.get(column)) if isinstance(value, dict) else None:
                    yield document
        except READ_ON_ERRORS:
            return  # told when the rows are read


def passages_of(inventory: Inventory) -> Passages:
    """Return the documents that rows can refer to."""
    return Passages(all_documents(inventory))


def tell_unused(inventory: Inventory, used: set[str]) -> None:
    """Report documents that are not used."""
    case = "documents-unused/beside" if inventory.files else "documents-unused"
    for file in inventory.texts:
        if file.name not in used:
            inventory.notes.add(finding("file-not-used/text", file.name, method=inventory.method))
    shown = inventory.media if inventory.files else []
    names = [item.name for item in inventory.documents if item.name not in used and item not in shown]
    if names:
        some = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        inventory.notes.add(finding(case, "", count=len(names), names=some, method=inventory.method))


def _first(source: DataFile) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    try:
        for _, value, _ in source.rows():
            if isinstance(value, dict):
                rows.append(value)
            if len(rows) == _SAMPLE:
                break
    except READ_ON_ERRORS:
        pass  # told when the rows are read
    return rows


def _text(document: DocumentFile) -> str:
    """Return the text of a document. Raises RefusedDocumentError."""
    parts: list[str] = []
    for _, value, _ in document.rows():
        if isinstance(value, RowError):
            raise RefusedDocumentError(value.problems[0])
        parts += [value["text"]] if isinstance(value, dict) else []
        if sum(map(len, parts)) > MOST:
            raise RefusedDocumentError(finding("document-too-large/passage", limit=MOST))
    return "".join(parts).strip()
