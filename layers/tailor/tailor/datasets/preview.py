"""Preview the first rows of a dataset as its run will read them: columns, pictures, and findings by row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from tailor.catalog import Model
from tailor.datasets.example import Example, media_of
from tailor.datasets.formats import DatasetReader, Lines, ReadableFile, adapted
from tailor.datasets.media import MAX_IMAGE_FETCH, MediaIndex
from tailor.datasets.prepare import Assignment, Intake, Item, rows_of
from tailor.datasets.report import Report, thumbnail
from tailor.errors import TailorError
from tailor.findings import Finding
from tailor.recipe import Recipe
from tailor.storage import FolderStorage, Storage

ROWS: Final = 200
"""Number of rows to check."""
SHOWN_FILES: Final = 4
SHOWN_ROWS: Final = 12
SHOWN_PICTURES: Final = 2  # of a row
CELL: Final = 300  # characters
# The words of report.html about columns: tailor.datasets.formats.account.
_ROLE: Final = re.compile(r"(?:used as the|shown as an?) (\w+)")


@dataclass(frozen=True, slots=True)
class PreviewColumn:
    """A column or key. ``role`` is a role of the recipe's ``data.columns``, or None; ``fate`` describes its use in
    words."""

    name: str
    role: str | None
    fate: str


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """A row as in the file: a text for each column, pictures as data URLs, findings about it."""

    line: int
    cells: list[str]
    pictures: list[str]
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class PreviewFile:
    name: str
    format: str
    columns: list[PreviewColumn]
    rows: list[PreviewRow]


@dataclass(frozen=True, slots=True)
class Preview:
    """Result of a preview. ``whole``: it covers all rows, so the report is the one that the run will have."""

    report: Report
    whole: bool
    files: list[PreviewFile]
    findings: list[Finding] = field(default_factory=list)


class _FirstRows(Intake):
    """Takes only the first rows of each of the first files."""

    more = False

    def rows(self) -> Iterator[Item]:
        reader, given, left = self.reader, self._given, ROWS
        most = max(SHOWN_ROWS, ROWS // max(1, len(reader.files)))
        for place, file in enumerate(reader.files):
            one = DatasetReader([file], reader.media, reader.notes, reader.of_rows)
            one.passages = reader.passages
            for item in self._first(adapted(one.rows(), given.recipe, given.model), min(most, left)):
                left -= rows_of(item)
                yield item
            if not left:
                self.more = self.more or place + 1 < len(reader.files)
                return

    def _first(self, items: Iterator[Item], most: int) -> Iterator[Item]:
        for item in items:
            count = rows_of(item)
            if count > most:
                self.more = True
                if most and isinstance(item, Lines):
                    yield item.cut(0, most)
                return
            yield item
            most -= count


def preview_dataset(uploads: Storage, prefix: str, recipe: Recipe, model: Model, scratch: Path) -> Preview:
    """Return a preview of a dataset's first rows.

    Args:
        scratch: an empty folder.
    """
    work, out = scratch / "work", scratch / "out"
    work.mkdir()
    out.mkdir()
    target = FolderStorage(out)
    with _FirstRows(Assignment(uploads, prefix, target, "", recipe, model, None, work)) as intake:
        report = intake.finish(intake.check(1))
        found = [Finding(**orjson.loads(line)) for line in (out / "report/findings.jsonl").read_bytes().splitlines()]
        of_rows: dict[tuple[str, int], list[Finding]] = {}
        for each in found:
            if each.line is not None:
                of_rows.setdefault((each.file, each.line), []).append(each)
        files = [_shown(file, intake.reader.media, of_rows) for file in intake.reader.files[:SHOWN_FILES]]
        # What only all rows can tell, such as how many there are, is not said of some.
        others = [each for each in found if each.line is None and (each.file or not intake.more)]
    return Preview(report, not intake.more, files, others)


def _shown(file: ReadableFile, media: MediaIndex, found: dict[tuple[str, int], list[Finding]]) -> PreviewFile:
    columns = [PreviewColumn(name, _role(fate), fate) for name, fate in file.fates.items()]
    rows: list[PreviewRow] = []
    try:
        for line, value, raw in file.source.rows():
            if len(rows) == SHOWN_ROWS:
                break
            if isinstance(value, dict):
                cells = [_text(value.get(column.name)) for column in columns]
                pictures = _pictures(file.example(value, line, raw), media)
                rows.append(PreviewRow(line, cells, pictures, found.get((file.name, line), [])))
    except (TailorError, OSError, ValueError):  # the check has said why the file can't be read on
        pass
    return PreviewFile(file.name, file.format, columns, rows)


def _role(fate: str) -> str | None:
    said = _ROLE.match(fate)
    return said[1] if said else None


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else str(value) if isinstance(value, bytes) else _json(value)
    return text if len(text) <= CELL else f"{text[:CELL]}…"


def _json(value: Any) -> str:
    try:
        return orjson.dumps(value, default=str).decode()
    except TypeError:
        return str(value)


def _pictures(example: Any, media: MediaIndex) -> list[str]:
    if not isinstance(example, Example):
        return []
    folder = example.file.rpartition("/")[0]
    pictures: list[str] = []
    for _, medium in media_of(example):
        data = medium.data
        if data is None and medium.ref and (item := media.resolve(medium.ref, folder)):
            data = item.read(0, MAX_IMAGE_FETCH)
        try:
            pictures += [thumbnail(data)] if data and medium.kind == "image" else []
        except (OSError, ValueError, SyntaxError):  # the findings say so
            continue
        if len(pictures) == SHOWN_PICTURES:
            break
    return pictures
