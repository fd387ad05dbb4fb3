"""Estimate the work that a dataset is, and plan among how many functions to share it."""

import math
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from tailor.datasets.documents import DocumentFile
from tailor.datasets.formats import DatasetReader, ReadableFile
from tailor.datasets.sources import DamagedFileError, MemberObject

MOST_SHARDS: Final = 100
SHARD_SECONDS: Final = 200
"""Target time of a shard, less than a quarter of a function's limit, because estimates err."""

# What one function does a second: docs/architecture.md, "Preparing at scale", has the measurements.
TEXT_BYTES: Final = 10_000_000
MEDIA_BYTES: Final = 40_000_000
MEDIA: Final = 50
"""Objects that are fetched and copied a second."""
GZIP: Final = 8
PARQUET: Final = 3
"""Bytes of text per byte of a compressed file, which does not state its size."""
ZIPPED: Final = 3
"""Bytes of text per byte of a Word file or an e-book."""
DISK_BYTES: Final = 3_500_000_000
"""Bytes of text whose records, written twice, fit on the function's disk of 10 GiB."""
_SAMPLES, _SAMPLE = 20, 1 << 18


@dataclass(frozen=True, slots=True)
class WorkEstimate:
    """Cost of a dataset for one function: seconds for its ``rows`` and ``media``; ``text`` in bytes, which goes through
    the function's disk."""

    rows: float
    media: float
    text: int

    @property
    def seconds(self) -> float:
        return self.rows + self.media


@dataclass(frozen=True, slots=True)
class ShardPlan:
    """Number of ``shards`` of the rows and of ``media_buckets``, 0 if there are no media."""

    shards: int
    media_buckets: int


def estimate_work(reader: DatasetReader) -> WorkEstimate:
    """Estimate the work for a dataset, from the sizes of its files and the beginnings of some."""
    text = sum(_text_of(file) for file in reader.files)
    size = sum(item.size for item in reader.media)
    media = size / MEDIA_BYTES + (len(reader.media) + media_outside(reader)) / MEDIA
    return WorkEstimate(text / TEXT_BYTES, media, text)


def media_outside(reader: DatasetReader) -> int:
    """Estimate how many objects outside of the dataset's folder its rows refer to by S3 URI."""
    if not reader.media.bucket:
        return 0
    read = named = 0
    for file in sorted(reader.files, key=lambda file: file.size, reverse=True)[:_SAMPLES]:
        with suppress(DamagedFileError):  # told when the rows are read
            head = file.source.source.read(0, _SAMPLE)
            named += len(reader.media.outside_in(head.decode("utf-8", "ignore")))
            read += len(head)
    return math.ceil(named / read * sum(map(_text_of, reader.files))) if named else 0


def _text_of(file: ReadableFile) -> int:
    source = file.source.source
    packed = isinstance(source, MemberObject) and not source.member
    if isinstance(file.source, DocumentFile) and file.source.kind in ("Word", "EPUB"):
        return file.size * ZIPPED
    return file.size * (GZIP if packed else PARQUET if file.source.container == "parquet" else 1)


def plan_shards(estimate: WorkEstimate, above: float, functions: int) -> ShardPlan | None:
    """Plan the shards of a dataset; return None if one function is enough.

    One function does at most ``above`` seconds of work and what its disk holds. Otherwise there are at least as many
    shards, and buckets of media, as ``functions`` that work at once."""
    if estimate.seconds <= above and estimate.text <= DISK_BYTES:
        return None

    def number(*wanted: float) -> int:
        return min(MOST_SHARDS, math.ceil(max(*wanted, functions)))

    shards = number(estimate.rows / SHARD_SECONDS, estimate.text / DISK_BYTES)
    return ShardPlan(shards, number(estimate.media / SHARD_SECONDS) if estimate.media else 0)
