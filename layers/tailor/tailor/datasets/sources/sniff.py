"""Recognise what a file is by its content; its name decides only if the content is ambiguous."""

import json
import re
from typing import Any, Final, Literal

from tailor.datasets.sources import csv
from tailor.datasets.sources.columns import FIELDS, UNNAMED, is_likely
from tailor.file_kinds import MEDIA_SUFFIXES
from tailor.recipe import Columns

Container = Literal["jsonl", "json", "table", "text", "parquet", "workbook", "document"]
Archive = Literal["zip", "tar", "gzip"]

HEAD: Final = 1 << 20
"""Bytes of a file that are examined to recognise it."""

_ARCHIVES: Final[tuple[tuple[bytes, Archive], ...]] = ((b"PK\3\4", "zip"), (b"PK\5\6", "zip"), (b"\x1f\x8b", "gzip"))
OLD_OFFICE: Final = b"\xd0\xcf\x11\xe0"
"""First bytes of Office files before 2007, including Excel workbooks (.xls)."""
_FOREIGN: Final = (
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a RAR archive"),
    (b"BZh", "a bzip2 file"),
    (b"\xfd7zXZ\0", "an xz file"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite database"),
    (b"%PDF-", "a PDF document"),
    (OLD_OFFICE, "an old Office document"),
    (b"\x89HDF", "an HDF5 file"),
)
_ROW_KEYS: Final = ("messages", "conversations", "schemaVersion", "schemaType", "prompt", "question", "instruction")
_NAME: Final = re.compile(r"[\w\- ]{1,40}")
_PICTURE: Final = re.compile(r"(?i)[^\n\t]{1,300}\.(?:png|jpe?g|gif|webp|bmp)(?:#\d+)?")
"""Name of a picture with the number of its caption, as in Flickr8k."""
_UNNAMED: Final = re.compile(r"Unnamed: \d+|column \d+", re.IGNORECASE)
_LIKE_A_NAME: Final = re.compile(r"[\w\- ]+")
_VALUE: Final = re.compile(r"[-+]?\d[\d.,:/ T+-]*(?:[AaPp][Mm])?")
"""A number, a date or a time."""
_ASKED: Final = re.compile(r"(?i)\b(?:question|câu hỏi)\b")
_ANSWERED: Final = re.compile(r"(?i)\b(?:answer|câu trả lời|trả lời|đáp án)\b")
_LONGEST_NAME: Final = 60
_MOST_TITLES: Final = 8
_LOOKED_AT: Final = 20
_ENOUGH: Final = 3
_OBJECT_LINE: Final = re.compile(r"\s*+\{.*\}\s*+,?\s*+$")


def archive_kind(head: bytes) -> Archive | None:
    """Return the kind of archive by its magic bytes."""
    for magic, kind in _ARCHIVES:
        if head.startswith(magic):
            return kind
    return "tar" if head[257:262] == b"ustar" else None


def foreign(head: bytes) -> str | None:
    """Describe a file of a known kind that is not a dataset; None for all others."""
    return next((name for magic, name in _FOREIGN if head.startswith(magic)), None)


def text_container(head: str, suffix: str) -> Container:
    """Return the container of a text file by its first characters: JSON Lines, a JSON document, a table or plain
    text."""
    start = head.lstrip()[:1]
    if start == "{":
        return "jsonl" if _is_json_lines(head, suffix) else "json"
    if start == "[" and suffix not in (".csv", ".tsv", ".txt") and not _is_list_a_line(head, suffix):
        return "json"
    if suffix in (".csv", ".tsv") or _is_table(head, suffix):
        return "table"
    if suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    return "json" if suffix == ".json" else "text"


def _is_table(head: str, suffix: str) -> bool:
    """Return whether a file with another extension begins with a row of two or more usual column names."""
    delimiter, rows, _ = csv.sniff(head[: 1 << 16], suffix)
    first = next((row for row in rows if any(field.strip() for field in row)), [])
    if len(rows) > 1 and len(first) <= 100 and sum(map(is_likely, first)) > 1:
        return True
    return (
        delimiter == "\t" and len(rows) > 1 and all(len(row) == 2 and _PICTURE.fullmatch(row[0]) for row in rows if row)
    )


def _is_json_lines(head: str, suffix: str) -> bool:
    """Return whether the first line is an object of its own. A single line may be a whole document of collections."""
    lines = [line for line in head.split("\n") if line.strip()][:20]
    first = _object(lines[0])
    if first is None:
        looks_so = _OBJECT_LINE.match(lines[0]) and (len(lines) == 1 or any(map(_object, lines[1:])))
        return bool(looks_so) or (suffix in (".jsonl", ".ndjson") and len(lines[0].strip()) > 1)
    return len(lines) > 1 or suffix in (".jsonl", ".ndjson") or not is_document(first)


def _is_list_a_line(head: str, suffix: str) -> bool:
    """Return whether it is JSON Lines of lists, which are not a format, but are reported line by line."""
    lines = [line for line in head.split("\n") if line.strip()][:2]
    return suffix in (".jsonl", ".ndjson") and len(lines) > 1 and _is_json(lines[0])


def _is_json(line: str) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _object(line: str) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def is_document(value: dict[str, Any]) -> bool:
    """Return whether an object contains rows rather than being one: lists or objects of objects, or rows by their
    ids."""
    if _are_columns(value) or (len(value) > 1 and all(key.lower().endswith(MEDIA_SUFFIXES) for key in value)):
        return True
    if any(key in value for key in _ROW_KEYS):
        return False
    values = list(value.values())
    return any(map(_holds_rows, values)) or (len(values) > 1 and all(isinstance(item, dict) for item in values))


def _are_columns(value: dict[str, Any]) -> bool:
    """Return whether an object is a table by columns, as pandas writes it: values of all rows under the same
    numbers."""
    places = [tuple(item) for item in value.values() if isinstance(item, dict) and item]
    alike = len(places) == len(value) > 1 and len(set(places)) == 1
    return alike and len(places[0]) > 1 and all(str(name).isdecimal() for name in places[0])


def _holds_rows(value: Any) -> bool:
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return bool(items) and all(isinstance(item, dict) for item in items[:20])


def dialect(head: str, suffix: str, wanted: Columns) -> csv.Dialect:
    """Return how a table is written, and whether its first row names the columns."""
    delimiter, rows, skip = csv.sniff(head, suffix)
    quoted = csv.is_quoted(head, delimiter)
    filled = [row for row in rows if row]
    above = _title_rows(filled)
    first = next((row for row in filled[above:] if any(field.strip() for field in row)), [])
    if is_header(first, filled[above:], wanted):
        width = len(first)
        while len(first) > 1 and not any(row[len(first) - 1].strip() for row in rows if len(row) >= len(first)):
            first = first[:-1]
        trailing = len(first) < width or any(len(row) > width and not any(row[width:]) for row in rows)
        return csv.Dialect(delimiter, unique_names(first), True, skip, trailing, quoted, above)
    width = max((len(row) for row in rows), default=1)
    names = tuple(f"{UNNAMED}{number}" for number in range(1, width + 1))
    return csv.Dialect(delimiter, names, False, skip, quoted=quoted)


def _title_rows(rows: list[list[str]]) -> int:
    """Return the number of title rows above the one that names the columns, judged by usual names; 0 if there are
    none."""
    for at, row in enumerate(rows[:_MOST_TITLES]):
        names = [name.strip() for name in row if name.strip()]
        if len(names) > 1 and sum(map(is_likely, names)) > 1:
            return at
        if 2 * len(names) > max(map(len, rows[:_LOOKED_AT])):
            return 0
    return 0


def is_header(first: list[str], rows: list[list[str]], wanted: Columns) -> bool:
    """Return whether the first row of a table names its columns."""
    names = [name.strip() for name in first]
    if any(getattr(wanted, name) in names for name in FIELDS if getattr(wanted, name)):
        return True
    if _are_numbers(names) or _above_values(names, rows) or _speaks_of_both(names):
        return True
    likely = {name for name in names if is_likely(name)}
    if any(len(name) > 1 for name in likely) or len(likely) > 1:  # an A alone is the letter of a choice
        return True
    # Unknown names are still names where they are short, differ, and nothing like them stands below.
    # A few may have none, as the index that pandas writes.
    given = [name for name in names if name and not _UNNAMED.fullmatch(name)]
    return (
        len(rows) > 1
        and len(given) == len(set(given))
        and 2 * len(given) > len(names)
        and all(len(name) <= 40 and name[-1] not in "?.!" and not name.replace(".", "").isdigit() for name in given)
        and all(_LIKE_A_NAME.fullmatch(name) and name.count(" ") <= 2 for name in given)
    )


def _are_numbers(names: list[str]) -> bool:
    """Return whether a row numbers the columns, as pandas does if they have no names."""
    given = names[1:] if names and not names[0] else names
    return len(given) > 1 and given == [str(number) for number in range(len(given))]


def _speaks_of_both(names: list[str]) -> bool:
    """Return whether one cell contains the word for question and another the one for answer, as form columns do."""
    short = [name for name in names if len(name) <= _LONGEST_NAME]
    asked = {name for name in short if _ASKED.search(name)}
    answered = {name for name in short if _ANSWERED.search(name)}
    return bool(asked - answered and answered - asked)


def _above_values(names: list[str], rows: list[list[str]]) -> bool:
    """Return whether a row is above numbers or times, and contains words itself."""
    below = [row for row in rows if row != rows[0] and any(row)][:_LOOKED_AT]
    columns = list(zip(*[row for row in below if len(row) == len(names)], strict=True))
    kinds = zip(names, columns, strict=False)
    return len(below) >= _ENOUGH and any(
        name and not _VALUE.fullmatch(name) and all(_VALUE.fullmatch(value.strip()) for value in values)
        for name, values in kinds
    )


def unique_names(names: list[str]) -> tuple[str, ...]:
    """Return column names without outer spaces; empty and repeated ones get a number."""
    if _are_numbers([name.strip() for name in names]):
        names = [""] * len(names)
    seen: dict[str, int] = {}
    result = []
    for number, name in enumerate((name.strip() for name in names), start=1):
        name = name or f"{UNNAMED}{number}"
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(result)
