"""Read tables as text: CSV and TSV as written by spreadsheets and by hand."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final, Literal

from tailor.datasets.sources.json_lines import BLANK, Item
from tailor.datasets.sources.text_encoding import MAX_LINE, lines
from tailor.findings import Finding, RowError, finding

_DELIMITERS: Final = ",;\t|"
_NAMES: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
MAX_FIELD: Final = 8 << 20
csv.field_size_limit(MAX_FIELD)
_WHOLE: Final = re.compile(r'"(?:[^"]|"")*+"')


@dataclass(frozen=True, slots=True)
class Dialect:
    """``skip`` lines come before the first row (Excel's ``sep=;``). ``names`` are the header's, or ``column 1``, …;
    ``trailing``: rows end in a delimiter behind which nothing stands; ``quoted``: quotation marks hold fields together,
    else they are signs as others. ``above``: rows of titles before the header."""

    delimiter: str
    names: tuple[str, ...]
    has_header: bool
    skip: int = 0
    trailing: bool = False
    quoted: bool = True
    above: int = 0

    @property
    def separated_by(self) -> str:
        return _NAMES[self.delimiter]


@dataclass(slots=True)
class _Lines:
    """Feeds the csv module, and records what it can't report: lines that are not UTF-8 or too long."""

    source: BinaryIO
    number: int = 0
    ended: bool = False
    problem: Finding | None = None
    raw: list[str] = field(default_factory=list)

    def begin_row(self) -> None:
        self.raw.clear()
        self.problem = None

    def __iter__(self) -> Iterator[str]:
        for line in lines(self.source):
            self.number += 1
            if len(line) > MAX_LINE:
                self.problem = finding("row-too-large/table", limit=MAX_LINE >> 20)
                line = line[:1000]
            try:
                text = line.decode()
            except UnicodeDecodeError as error:
                text = line.decode(errors="replace")
                bad, position = line[error.start], error.start + 1
                self.problem = finding("not-utf8/line", byte=bad, position=position, number=self.number)
            if len(self.raw) < 3:
                self.raw.append(text[:500])
            yield text
        self.ended = True


def is_quoted(sample: str, delimiter: str) -> bool:
    """Return whether quotation marks enclose fields. Tables with tabs often do without: all lines have the same number
    of fields, some quotation marks do not enclose one, and with quoting it would not be a table."""
    if delimiter != "\t":
        return True
    rows = [line.rstrip("\r").split("\t") for line in sample.split("\n")[:-1] if line.strip()]
    fields = [field for row in rows for field in row if field.startswith('"')]
    alike = len({len(row) for row in rows}) == 1 and len(rows[0]) > 1
    return not alike or all(_WHOLE.fullmatch(field) for field in fields) or _is_sound(sample, len(rows[0]))


def _is_sound(sample: str, width: int) -> bool:
    """Return whether all rows of a table with tabs can be read with quoting and have the same number of fields."""
    lines = io.StringIO(sample[: sample.rfind("\n") + 1], newline="\n")
    try:
        return all(len(row) in (0, width) for row in csv.reader(lines, delimiter="\t", strict=True))
    except csv.Error:
        return False


def sniff(sample: str, suffix: str) -> tuple[str, list[list[str]], int]:
    """Delimiter, the sample's rows and how many lines to skip: the delimiter that cuts most rows into as many fields as
    the first row; for a single column the usual one of ``suffix``."""
    first, _, rest = sample.partition("\n")
    named = re.fullmatch(r"sep=([,;\t|])", first.rstrip("\r"), re.IGNORECASE)
    if named:
        return named[1], _parse(rest, named[1]), 1
    usual = "\t" if suffix == ".tsv" else ","
    if not is_quoted(sample, "\t"):
        return "\t", _parse(sample, "\t", csv.QUOTE_NONE), 0
    best, rows = 0.5, _parse(sample, usual)
    delimiter = usual
    for candidate in (usual, *_DELIMITERS):
        parsed = _parse(sample, candidate)
        widths = [len(row) for row in parsed if row]
        share = widths.count(widths[0]) / len(widths) if widths and widths[0] > 1 else 0
        if share > best:
            best, rows, delimiter = share, parsed, candidate
    return delimiter, rows, 0


def _parse(sample: str, delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(sample, newline="\n"), delimiter=delimiter, quoting=quoting)
    try:
        for row in reader:
            rows.append(row)
            if len(rows) == 200:
                break
    except csv.Error:
        pass
    return rows


def read(source: BinaryIO, dialect: Dialect) -> Iterator[Item]:
    """Yield rows as dictionaries by column name. Blank lines come as BLANK. A row's number is the line where it
    starts."""
    feed = _Lines(source)
    pending = iter(feed)
    for _ in range(dialect.skip):
        next(pending, None)
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if dialect.quoted else csv.QUOTE_NONE
    reader = csv.reader(pending, delimiter=dialect.delimiter, quoting=quoting, strict=True)
    headers = dialect.above + int(dialect.has_header)
    while True:
        start = feed.number + 1
        feed.begin_row()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield start, RowError(_unreadable(error)), "".join(feed.raw)
            continue
        if headers and fields:
            headers -= 1
            continue
        if feed.ended and not feed.problem:  # a whole row ends with its line, before the next one is asked for
            feed.problem = finding("csv-unclosed-quote")
        value = RowError(feed.problem) if feed.problem else _row(fields, dialect, feed.number - start)
        yield start, value, feed.raw[0] if len(feed.raw) == 1 else "".join(feed.raw)


def _unreadable(error: csv.Error) -> Finding:
    if "field limit" in str(error):
        return finding("csv-field-too-large", limit=MAX_FIELD >> 20)
    if "unexpected end" in str(error):
        return finding("csv-unclosed-quote")
    if "expected after" in str(error):
        return finding("bad-csv/quote")
    return finding("bad-csv", reason=error)


def _row(fields: list[str], dialect: Dialect, more_lines: int) -> Any:
    names = dialect.names
    if len(fields) == len(names) and fields[0]:
        return dict(zip(names, fields, strict=True))
    if not any(field.strip() for field in fields):
        return BLANK
    if len(fields) < len(names):
        return dict(zip(names, fields + [""] * (len(names) - len(fields)), strict=True))
    if len(fields) == len(names) or not any(field.strip() for field in fields[len(names) :]):
        return dict(zip(names, fields, strict=False))
    code = "csv-extra-fields/lines" if more_lines else "csv-extra-fields"
    return RowError(finding(code, count=len(fields), lines=more_lines + 1, columns=len(names)))
