"""Assign rows to workers: in batches, whose numbers decide which worker takes them, and chunks of batches."""

from collections.abc import Iterable, Iterator
from typing import Final

from tailor.datasets.example import Example, Media, Rejected, Text
from tailor.datasets.formats import Lines

BATCH: Final = 100
"""Rows in a batch."""
_CHUNK_ROWS: Final = 1000
_CHUNK_BYTES: Final = 32 * 1024 * 1024

Item = Example | Rejected | Lines
"""A row, or several that were not parsed yet."""


def chunks(items: Iterable[Item]) -> Iterator[list[Item]]:
    """Yield items in chunks: enough media to fetch together, but not more than memory should hold."""
    chunk: list[Item] = []
    rows = size = 0
    for item in items:
        pending: Item | None = item
        while pending:
            part, pending = _cut(pending, _CHUNK_ROWS - rows)
            chunk.append(part)
            rows += rows_of(part)
            size += _size(part)
            if rows >= _CHUNK_ROWS or size >= _CHUNK_BYTES:
                yield chunk
                chunk, rows, size = [], 0, 0
    if chunk:
        yield chunk


def batches_of(chunk: list[Item], first: int) -> list[tuple[int, list[Item]]]:
    """Split a chunk, whose first row has number ``first``, into batches: the number of each one's first row, and its
    rows."""
    batches: list[tuple[int, list[Item]]] = []
    for item in chunk:
        pending: Item | None = item
        while pending:
            part, pending = _cut(pending, BATCH - first % BATCH)
            if not batches or first % BATCH == 0:
                batches.append((first, []))
            batches[-1][1].append(part)
            first += rows_of(part)
    return batches


def _cut(item: Item, rows: int) -> tuple[Item, Lines | None]:
    """Return the first ``rows`` rows of an item and the remainder (None if nothing is left)."""
    if type(item) is Lines and len(item) > rows:
        return item.cut(0, rows), item.cut(rows, len(item))
    return item, None


def rows_of(item: Item) -> int:
    """Count the rows of an item."""
    return len(item) if isinstance(item, Lines) else 1


def _size(item: Item) -> int:
    """Estimate the bytes of texts and inline media."""
    if isinstance(item, Lines):
        return item.size
    if isinstance(item, Rejected):
        return len(item.raw)
    size = len(item.document or "")
    for turn in item.turns:
        for block in turn.blocks:
            if type(block) is Text:
                size += len(block.text)
            elif type(block) is Media:
                size += len(block.data or b"")
    return size
