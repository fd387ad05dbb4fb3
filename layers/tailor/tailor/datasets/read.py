"""Reads a dataset folder: finds its data files and media, recognises the formats, yields an example or a rejection for
each row.

Every row of every data file comes out exactly once. What concerns a file or the whole dataset is in ``findings``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import orjson

from tailor.datasets import formats
from tailor.datasets.columns import choose, report
from tailor.datasets.files import DataFile, Inventory
from tailor.datasets.formats.base import Context, Converter, Format, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.media_index import MediaIndex
from tailor.datasets.model import Example, Finding, Rejected
from tailor.datasets.notes import Notes, RowError, Trouble
from tailor.recipe import Data, Method
from tailor.storage import Storage

_SAMPLE: Final = 50
_SHOWN: Final = 500


@dataclass(slots=True)
class ReadableFile:
    """A data file whose rows are understood. ``format`` is the format's name."""

    name: str
    size: int
    format: str
    source: DataFile
    context: Context
    convert: Converter


class DatasetReader:
    """Iterating yields an Example or a Rejected for each row, by file name and line; it can be done again.

    ``files`` are the data files with their formats, ``media`` finds the files that rows mean. ``findings`` grows while
    rows are read.
    """

    def __init__(self, files: list[ReadableFile], media: MediaIndex, notes: Notes) -> None:
        self.files = files
        self.media = media
        self._notes = notes

    @property
    def findings(self) -> list[Finding]:
        return self._notes.findings()

    def __iter__(self) -> Iterator[Example | Rejected]:
        for file in self.files:
            yield from self.read(file)

    def read(self, file: ReadableFile) -> Iterator[Example | Rejected]:
        """The rows of one of ``files``."""
        self._notes.forget(file.name)
        convert, name = file.convert, file.name
        for line, value, raw in file.source.rows(self._notes):
            if type(value) is dict:
                try:
                    yield convert(value, line)
                except RowError as error:
                    yield _rejected(name, line, error, raw or _dump(value))
            elif isinstance(value, RowError):
                yield _rejected(name, line, value, raw or value.raw.encode("utf-8", "replace"))
            elif value is None:
                self._notes.add("blank-line", "info", name, "blank lines are passed over", "nothing to do", line=line)
            else:
                trouble = Trouble("row-not-an-object", f"the row is {describe(value)}", "write each row as an object")
                yield _rejected(name, line, RowError(trouble), raw or _dump(value))


def _dump(value: object) -> bytes:
    return orjson.dumps(value, default=_placeholder, option=orjson.OPT_NON_STR_KEYS)


def _placeholder(value: object) -> str:
    return f"<{len(value)} bytes>" if isinstance(value, bytes) else str(value)


def _rejected(file: str, line: int, error: RowError, raw: bytes) -> Rejected:
    text = raw[: 4 * _SHOWN].decode("utf-8", "replace").strip()
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    findings = tuple(
        Finding(trouble.code, "error", file, line, trouble.message, trouble.fix, trouble.path)
        for trouble in error.troubles
    )
    return Rejected(file, line, shown, findings)


def read_dataset(storage: Storage, prefix: str, data: Data, method: Method, scratch: Path) -> DatasetReader:
    """Opens the dataset under ``prefix``. ``scratch`` is a folder for what can't be read in place.

    Never raises for what is in the files; NotFoundError or RetryableError where storage can't be read."""
    notes = Notes()
    inventory = Inventory.take(storage, prefix, data, scratch, notes)
    media = MediaIndex(storage, prefix, inventory.media, notes)
    files = [file for source in inventory.data if (file := _understand(source, data, method, notes))]
    if not files:
        message = "there is no data file that can be used" if inventory.data else "there is no data file"
        fix = (
            "upload a .jsonl, .json, .csv, .tsv, .parquet or .txt file, or an archive of such; see docs/data-formats.md"
        )
        notes.add("no-data", "error", "", message, fix)
    return DatasetReader(files, media, notes)


def _understand(source: DataFile, data: Data, method: Method, notes: Notes) -> ReadableFile | None:
    """Chooses the format from the first rows."""
    values = []
    for _, value, _ in source.rows(Notes()):
        if value is not None:
            values.append(value)
        if len(values) == _SAMPLE:
            break
    rows = [value for value in values if type(value) is dict]
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    columns = choose(data.columns, names)
    format = _format(source, Sample(rows, method, columns), data, values, notes)
    if format is None:
        return None
    context = Context(source.name, method, data, notes, columns)
    if format.uses_columns:
        report(data.columns, names, columns, source.name, notes)
    notes.add(
        "format-recognised",
        "info",
        source.name,
        f"read as {format.title} ({source.container})",
        "nothing to do; data.format in the recipe names another format",
    )
    return ReadableFile(source.name, source.size, format.name, source, context, format.converter(context))


def _format(source: DataFile, sample: Sample, data: Data, values: list[object], notes: Notes) -> Format | None:
    if data.format != "auto":
        format = formats.by_name(data.format)
        if format is None:
            known = ", ".join(format.name for format in formats.FORMATS)
            notes.add("unknown-format", "error", "", f"there is no format {data.format!r}", f"known: {known}")
        return format
    if not values:
        notes.add(
            "file-empty", "error", source.name, "there are no rows in the file", "upload the file again, or remove it"
        )
        return None
    format = formats.recognise(sample)
    if format is None:
        keys = ", ".join(repr(key) for key in list(sample.rows[0])[:20]) if sample.rows else ""
        message = f"the rows' form is not known; their keys are {keys}" if keys else "the rows are not objects"
        fix = "name the columns in the recipe's data.columns, or use one of the formats of docs/data-formats.md"
        notes.add("format-unknown", "error", source.name, message, fix)
    return format
