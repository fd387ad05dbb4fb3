"""Read a dataset folder: find its data files and media, recognise formats, yield an example or a rejection for each
row.

Every row of every data file comes out exactly once. What concerns a file or the whole dataset is in ``findings``.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from tailor.datasets.documents import DocumentFile, documents_of, passages_of, tell_unused
from tailor.datasets.example import Example, Rejected, SplitName
from tailor.datasets.formats import conversations, exports, plain_text
from tailor.datasets.formats.account import AccountingConverter
from tailor.datasets.formats.base import Context, Converter, Row
from tailor.datasets.formats.captions import take_prompt
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.clearing import cleared
from tailor.datasets.formats.first_look import first_look
from tailor.datasets.formats.flattening import flattened
from tailor.datasets.formats.media_choice import look_merged, media_of_columns, unheard
from tailor.datasets.formats.multiple_choice import take_choices
from tailor.datasets.formats.nested import expand, has_none, nested_path
from tailor.datasets.formats.pairs import paired
from tailor.datasets.formats.rejections import as_text, rejection
from tailor.datasets.formats.turn_columns import turn_columns
from tailor.datasets.formats.turn_rows import gathered
from tailor.datasets.formats.unknown import is_template, no_question, why_unknown
from tailor.datasets.media import MediaIndex
from tailor.datasets.sources import (
    BLANK,
    READ_ON_ERRORS,
    TRAILING_COMMA,
    DataFile,
    Inventory,
    LonelyAnswers,
    as_row,
    break_of,
    join,
    json_lines,
    report,
    sounds,
    text_encoding,
)
from tailor.findings import Finding, FindingTally, RowError, finding, reworded
from tailor.recipe import Data, Method
from tailor.storage import Storage

_SAMPLE: Final = 50
_SAMPLE_BYTES: Final = 8 << 20
_SPLIT_NAMES: Final[dict[SplitName, re.Pattern[str]]] = {
    "train": re.compile(r"(?<![a-z])train(?:ing)?(?![a-z])"),
    "validation": re.compile(r"(?<![a-z])(?:val|valid|validation|dev)(?![a-z])"),
    "test": re.compile(r"(?<![a-z])test(?:ing)?(?![a-z])"),
}


@dataclass(slots=True)
class ReadableFile:
    """A data file whose rows are understood. ``format`` is the format's name, "unknown" where every row is rejected.
    ``nested`` are the keys under which rows hold several questions; ``split`` what the file's name says; ``fates`` what
    becomes of each column or key."""

    name: str
    size: int
    format: str
    source: DataFile
    convert: Converter
    method: Method
    nested: tuple[str, ...] = ()
    split: SplitName | None = None
    fates: dict[str, str] = field(default_factory=dict)

    @property
    def by_line(self) -> bool:
        """Return whether each line is one prepared row, so that reading it can be left to workers."""
        as_is = self.method not in ("continued-pre-training", "reinforcement")
        return as_is and type(self.source) is DataFile and self.source.container == "jsonl" and not self.nested

    def example(self, value: Any, line: int, raw: bytes | str | None) -> Example | Rejected:
        """Return the example that a row becomes, or its rejection."""
        if type(value) is not dict:
            value = conversations.as_row(as_row(value, self.method))
        error = value if isinstance(value, RowError) else None
        if isinstance(value, dict):
            try:
                example = self.convert(value, line)
                example.split = example.split or self.split
                return example
            except RowError as found:
                error = found
        if error is None:
            code = "row-not-an-object" if value is not None else "row-not-an-object/null"
            error = RowError(finding(code, kind=describe(value)))
        return rejection(self.name, line, error, raw or error.raw.encode("utf-8", "replace") or as_text(value))


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines with a row each, not parsed yet: the worker that takes them does that."""

    source: ReadableFile
    lines: Sequence[bytes]
    numbers: Sequence[int]

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def size(self) -> int:
        """Return the bytes of all lines."""
        return sum(map(len, self.lines))

    @property
    def last(self) -> int:
        """Return the number of the last line."""
        return self.numbers[-1]

    def cut(self, start: int, end: int) -> "Lines":
        return Lines(self.source, self.lines[start:end], self.numbers[start:end])

    def read(self, row: int) -> Example | Rejected:
        raw = self.lines[row]
        return self.source.example(json_lines.parse(raw), self.numbers[row], raw)


class DatasetReader:
    """Iterating yields an Example or a Rejected for each row, by file name and line; it can be repeated.

    ``files`` are the data files with their formats, ``passages`` the documents that rows name; ``media`` finds the
    files that rows mean. ``findings`` grows while rows are read: ``notes`` are about files, ``of_rows`` about the rows
    that were read here.
    """

    def __init__(
        self, files: list[ReadableFile], media: MediaIndex, notes: FindingTally, of_rows: FindingTally
    ) -> None:
        self.files = files
        self.passages: Collection[str] = ()
        self.media = media
        self.notes, self.of_rows = notes, of_rows

    @property
    def findings(self) -> list[Finding]:
        places = {file.name: place for place, file in enumerate(self.files)}

        def place(found: Finding) -> tuple[int, int, str, str]:
            return places[found.file], found.line or 0, found.code, found.severity

        of_rows = sorted(self.of_rows.findings(), key=place)
        return [*self.notes.findings(), *of_rows, *self.media.habits.findings()]

    def __iter__(self) -> Iterator[Example | Rejected]:
        for item in self.rows():
            if isinstance(item, Lines):
                yield from map(item.read, range(len(item)))
            else:
                yield item

    def rows(self) -> Iterator[Example | Rejected | Lines]:
        """Yield all rows; those that workers can parse come as some thousand lines together."""
        for file in self.files:
            for notes in (self.notes, self.of_rows):
                notes.forget(file.name)
            last: Example | Rejected | Lines | None = None
            try:
                for last in self._lines(file) if file.by_line else self._values(file):
                    yield last
            except READ_ON_ERRORS as error:
                line = 0 if last is None else last.last if isinstance(last, Lines) else last.line
                # What follows is lost: the rest of the file counts as one row that can't be used.
                yield rejection(file.name, line + 1, RowError(break_of(error, line)), b"")

    def _lines(self, file: ReadableFile) -> Iterator[Lines]:
        line = 0
        with file.source.open_text() as source:
            for block in text_encoding.blocks(source):
                lines = list(BytesIO(block))
                numbers: Sequence[int] = range(line + 1, line + 1 + len(lines))
                line += len(lines)
                blank = {number for number, raw in zip(numbers, lines, strict=True) if raw.isspace()}
                if blank:
                    for number in sorted(blank):
                        self._note_blank(file, number)
                    lines = [raw for raw in lines if not raw.isspace()]
                    numbers = [number for number in numbers if number not in blank]
                if lines:
                    yield Lines(file, lines, numbers)

    def _values(self, file: ReadableFile) -> Iterator[Example | Rejected]:
        for line, value, raw in file.source.rows():
            if value is BLANK:
                self._note_blank(file, line)
            elif value is TRAILING_COMMA:
                self.notes.add(finding("json-trailing-comma/last", file.name, line))
            elif isinstance(value, Finding):
                self.notes.add(value.at(file.name, line))
            elif file.nested and isinstance(value, dict):
                for inner in expand(value, file.nested, shown=len(self.media) > 0):
                    if has_none(inner, file.nested):
                        self.notes.add(finding("no-questions-inside", file.name, line))
                    else:
                        yield file.example(inner, line, None)  # of the row, the question is shown
            else:
                yield file.example(value, line, raw)

    def _note_blank(self, file: ReadableFile, line: int) -> None:
        self.notes.add(finding("blank-line", file.name, line))


def read_dataset(
    storage: Storage, prefix: str, data: Data, method: Method, scratch: Path, only: str | None = None
) -> DatasetReader:
    """Open the dataset under ``prefix``, or only the file ``only`` of it.

    ``scratch`` is a folder for what can't be read in place. Never raises for what is in the files; NotFoundError or
    RetryableError where storage can't be read."""
    notes, of_rows = FindingTally(), FindingTally()
    inventory = Inventory.scan(storage, prefix, method, data, scratch, notes, only)
    media = MediaIndex(storage, prefix, inventory.media)
    documents = documents_of(inventory) if method == "continued-pre-training" else []
    sources = join(inventory.files, data.columns, scratch, notes)
    passages = passages_of(inventory)
    if method != "continued-pre-training":
        sources = [passages.about(source, data.columns, notes) for source in sources]
        tell_unused(inventory, passages.used)
    files = [_understand(source, data, method, notes, of_rows, media, scratch) for source in sources]
    found = [file for file in files if file] + [_of_document(source, method) for source in documents]
    if not found and not any(note.code in _SAYS_WHY for note in notes.findings()):
        notes.add(finding("no-data"))
    _take_splits(found, notes)
    reader = DatasetReader(found, media, notes, of_rows)
    reader.passages = passages.used
    return reader


_SAYS_WHY = frozenset({"file-damaged", "archive-unreadable"})  # where there are no data: they are in that file


def _take_splits(files: list[ReadableFile], notes: FindingTally) -> None:
    """Use names such as train.jsonl and test.jsonl as splits, if each file has one and they are not all the same."""
    files = [file for file in files if not isinstance(file.source, LonelyAnswers)]
    named = [[split for split, name in _SPLIT_NAMES.items() if name.search(file.name.lower())] for file in files]
    if any(len(splits) != 1 for splits in named) or len({splits[0] for splits in named}) < 2:
        return
    for file, splits in zip(files, named, strict=True):
        file.split = splits[0]
    said = ", ".join(f"{file.name!r}: {file.split}" for file in files[:10])
    notes.add(finding("split-by-file", files=said))


def _understand(
    source: DataFile,
    data: Data,
    method: Method,
    notes: FindingTally,
    of_rows: FindingTally,
    media: MediaIndex,
    scratch: Path,
) -> ReadableFile | None:
    """Choose the format by the first rows. None, with a finding, for a file without rows."""
    if isinstance(source, LonelyAnswers):
        return _rejecting(source, finding("question-missing/column"), method, "question-answer")
    values = _first_values(source, method, notes)
    if not values:
        if not any(finding.file == source.name and finding.severity == "error" for finding in notes.findings()):
            notes.add(finding("file-empty/rows", source.name))
        return None
    rows = [value for value in values if type(value) is dict]
    if len(values) == 1 and is_template(values[0]):
        notes.add(finding("file-not-used/template", source.name))
        return None
    turns = turn_columns(rows) if type(source) is DataFile and method != "continued-pre-training" else None
    if turns and turns.unclear:
        unclear = {"role": turns.role, "path": turns.conversation}
        return _rejecting(source, finding(turns.unclear, **unclear), method)
    if turns:
        place = {"path": turns.conversation, "role": turns.role, "place": turns.place}
        notes.add(finding(turns.told, source.name, **place))
        return _understand(gathered(source, turns, scratch), data, method, notes, of_rows, media, scratch)
    export = exports.recognise(rows, data, method)
    if export and export.says:
        return _rejecting(source, export.says, method)
    if export and export.told:
        notes.add(export.told.at(source.name))
    return _converted(source, rows, len(values), export, data, method, notes, of_rows, media)


def _converted(
    source: DataFile,
    rows: list[Row],
    count: int,
    export: exports.Export | None,
    data: Data,
    method: Method,
    notes: FindingTally,
    of_rows: FindingTally,
    media: MediaIndex,
) -> ReadableFile | None:
    """Choose the format of rows; ``count`` includes the rows looked at that are not objects."""
    nested = nested_path(rows)
    if nested:
        expanded = [
            inner for row in rows for inner in expand(row, nested, shown=len(media) > 0) if isinstance(inner, dict)
        ]
        rows = [inner for inner in expanded if not has_none(inner, nested)][:_SAMPLE]
    written = rows
    if export and export.read:
        rows = list(map(export.read, rows))
    seen = first_look(rows, data, method, notes, media)
    rows, columns, shown, format, data = seen.rows, seen.columns, seen.shown, seen.format, seen.data
    if format is None or format.uses_columns:
        unshown = [name for name in seen.names if name not in shown or name in columns.values()]
        report(data.columns, unshown, columns, source.name, notes)
    if format is None:
        return _unknown(source, rows, count, columns, method, notes)
    if format.uses_columns and (unlikely := no_question(rows, columns, media.knows)):
        return _rejecting(source, unlikely, method)
    if method == "preference-optimization" and not (export and export.both):
        return _rejecting(source, finding("method-mismatch/pairs"), method)
    if method == "continued-pre-training" and format is not plain_text.FORMAT:
        return _rejecting(source, finding("method-mismatch/questions"), method)
    choices = take_choices(columns, rows, data, source.name, notes) if format.asks else None
    prompt = take_prompt(columns, rows, data, source.name, notes) if format.asks else None
    means = media_of_columns(columns, shown, data, format)
    context = Context(source.name, method, data, of_rows, columns, choices, prompt, means, len(media) > 0)
    context.merged, context.knows = look_merged(rows, means), media.knows
    if len(means) > 1:
        notes.add(finding("media-columns", source.name, columns=", ".join(map(repr, means))))
    notes.add(finding("format-recognised", source.name, title=format.title, container=source.container))
    account = AccountingConverter(format, context, rows, media.knows)
    fates = account.fates()
    convert = unheard(cleared(account.convert, context, rows), sounds(seen.names, rows))
    convert = flattened(convert) if seen.opened else convert
    if export and export.both:
        quiet = replace(context, notes=FindingTally())  # what was told of one answer's row need not be told again
        other = cleared(AccountingConverter(format, quiet, rows, media.knows).convert, quiet, rows)
        convert = paired(convert, flattened(other) if seen.opened else other, export.both)
        fates = export.both.fates(written, fates)
    elif export and export.read:
        convert = flattened(convert, export.read)
    return ReadableFile(source.name, source.size, format.name, source, convert, method, nested, fates=fates)


def _of_document(source: DocumentFile, method: Method) -> ReadableFile:
    def convert(row: Row, line: int) -> Example:
        return Example(source.name, line, document=row["text"], group=row["group"])

    return ReadableFile(source.name, source.size, "document", source, convert, method)


def _first_values(source: DataFile, method: Method, notes: FindingTally) -> list[Any]:
    values: list[Any] = []
    line = size = 0
    try:
        for line, value, raw in source.rows():  # noqa: B007  (told where reading breaks)
            if value is BLANK or value is TRAILING_COMMA:
                continue
            values.append(conversations.as_row(as_row(value, method)))
            if not isinstance(value, RowError):  # of what can't be read nothing is kept, and nothing learnt
                size += len(raw or as_text(value))
            if len(values) == _SAMPLE or size > _SAMPLE_BYTES:
                break
    except READ_ON_ERRORS as error:
        notes.add(break_of(error, line).at(source.name, line or None))
    return values


def _unknown(
    source: DataFile, rows: list[Row], count: int, columns: dict[str, str], method: Method, notes: FindingTally
) -> ReadableFile | None:
    """Return a file whose rows fit no format: each of them is rejected. A single object is not data."""
    if source.outline and source.outline.layout == "objects" and count == 1:
        notes.add(finding("file-not-used/rows", source.name))
        return None
    return _rejecting(source, why_unknown(rows, columns), method)


def _rejecting(source: DataFile, problem: Finding, method: Method, format: str = "unknown") -> ReadableFile:
    """Return a file of which no row can be used."""

    def convert(row: Row, line: int) -> Example:
        keys = ", ".join(repr(str(key)) for key in list(row)[:20]) or "none"
        raise RowError(reworded(problem, f"{problem.message}; the row's keys: {keys:.300}"))

    return ReadableFile(source.name, source.size, format, source, convert, method)
