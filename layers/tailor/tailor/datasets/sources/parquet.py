"""Read Parquet by row group: only a few rows are in memory at a time, however large the file."""

from collections.abc import Iterator
from typing import Any, BinaryIO, Final

import pyarrow
import pyarrow.parquet

from tailor.datasets.sources.json_lines import Item
from tailor.datasets.sources.objects import DamagedFileError, reason
from tailor.datasets.sources.text_encoding import MAX_LINE
from tailor.findings import RowError, finding

BATCH_BYTES: Final = 8 << 20
"""Approximate bytes of rows that are converted to Python objects at a time."""
MAX_ROW_GROUP: Final = 2 << 30
"""Maximum uncompressed bytes of one row group; writers make far smaller ones, but headers may lie."""
MAX_GROWTH: Final = 2000
"""Maximum uncompressed bytes per byte of the file. Dictionaries of repeated values compress very well."""

_ERRORS: Final = (pyarrow.ArrowException, OSError, ValueError, MemoryError, OverflowError, LookupError)


def read(source: BinaryIO, size: int) -> Iterator[Item]:
    """Yield rows as dictionaries. Raises DamagedFileError if the file is damaged or its headers can't be true."""
    number = 0
    try:
        file = pyarrow.parquet.ParquetFile(
            source,
            pre_buffer=False,
            buffer_size=1 << 20,
            thrift_string_size_limit=64 << 20,
            thrift_container_size_limit=4_000_000,
        )
        bytes_per_row = _check(file.metadata, size)
        nested = any(pyarrow.types.is_nested(field.type) for field in file.schema_arrow)
        batch_size = max(1, min(2048, BATCH_BYTES // max(1, bytes_per_row)))
        for batch in file.iter_batches(batch_size=batch_size, use_threads=False):
            large = batch.nbytes > MAX_LINE
            for row in batch.to_pylist():
                number += 1
                held = sum(len(value) for value in row.values() if isinstance(value, str | bytes)) if large else 0
                if held > MAX_LINE:
                    yield number, RowError(finding("row-too-large/parquet", size=held, limit=MAX_LINE >> 20)), None
                else:
                    yield number, _without_nulls(row) if nested else row, None
    except _ERRORS as error:
        raise DamagedFileError(f"the Parquet file can't be read after row {number}: {reason(error)}") from error


def _check(metadata: Any, size: int) -> int:
    """Return the uncompressed bytes of a row. Raises ValueError if the headers promise what the file can't contain."""
    total = 0
    for at in range(metadata.num_row_groups):
        group = metadata.row_group(at)
        if not 0 <= group.total_byte_size <= MAX_ROW_GROUP or group.num_rows < 0:
            raise ValueError(f"row group {at + 1} says that it holds {group.total_byte_size:,} bytes")
        total += group.total_byte_size
    if total > size * MAX_GROWTH + (64 << 20):
        raise ValueError(f"it would unpack {size:,} bytes to {total:,}")
    return int(total // max(1, metadata.num_rows))


def _without_nulls(value: Any) -> Any:
    """Return structs without keys whose value is null: they were missing. Columns stay."""
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items()}
    return value


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _pruned(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_pruned(item) for item in value]
    return value
