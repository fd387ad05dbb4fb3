"""Collect the documents of a dataset: which files they are, and whether each is a group of its own."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from tailor.datasets.documents.reading import STREAMED, DocumentFile, kind_of_document
from tailor.datasets.sources import DataFile, Inventory
from tailor.findings import finding

FEWEST: Final = 3
"""With fewer documents, their parts are split into training, validation and test instead."""


def documents_of(inventory: Inventory) -> list[DocumentFile]:
    """Return the documents of an inventory by their names, and report what they were taken for.

    Text files whose lines are the documents go to the inventory's files.
    """
    wanted = inventory.data.documents
    few = wanted != "whole" and len(inventory.documents) + len(inventory.texts) < FEWEST
    by_line = [file for file in inventory.texts if wanted == "lines" or (few and not file.wrapped)]
    whole = not few or bool(inventory.files or by_line)
    inventory.files = sorted([*inventory.files, *by_line], key=lambda file: file.name)
    found = [_of_text(file, whole) for file in inventory.texts if file not in by_line]
    found += _of_others(inventory, whole)
    if found:
        kinds = Counter(file.kind for file in found).most_common()
        said = ", ".join(f"{count} {kind}" for kind, count in kinds)
        case = "documents-read" if whole else "documents-read/parts"
        inventory.notes.add(finding(case, "", count=len(found), kinds=said))
    return sorted(found, key=lambda file: file.name)


def all_documents(inventory: Inventory) -> list[DocumentFile]:
    """Return all documents and texts of an inventory, each as a whole."""
    return [_of_text(file, True) for file in inventory.texts] + list(_of_others(inventory, True))


def _of_others(inventory: Inventory, whole: bool) -> Iterator[DocumentFile]:
    folder = inventory.scratch / "documents"
    for item in inventory.documents:
        kind = kind_of_document(item.name)
        if kind not in STREAMED:
            yield DocumentFile(item, "document", kind=kind, whole=whole, folder=folder)
        elif encoding := inventory.encoding_of(item):
            yield DocumentFile(item, "document", encoding, kind=kind, whole=whole)


def _of_text(file: DataFile, whole: bool) -> DocumentFile:
    return DocumentFile(file.source, "document", file.encoding, kind=kind_of_document(file.name), whole=whole)
