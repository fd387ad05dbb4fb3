"""Join questions in one file with answers in another by their ids, as VQA v2 and OK-VQA are published.

Each question is a row, with the columns of its answer. An answer without a question is a row of its own file, which is
rejected. What is joined lies in a table on disk, so memory stays the same however many there are.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final

import orjson

from tailor.datasets.sources.columns import choose
from tailor.datasets.sources.inventory import READ_ON_ERRORS, DataFile
from tailor.datasets.sources.json_lines import BLANK, Item
from tailor.findings import Finding, FindingTally, RowError, finding
from tailor.recipe import Columns

_SAMPLE: Final = 50
_MOST_FILES: Final = 20
"""With more files than this, which are probably parts of one table, none is examined."""
_SCHEMA: Final = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; DROP TABLE IF EXISTS questions; DROP TABLE IF EXISTS answers;
CREATE TABLE questions (id TEXT PRIMARY KEY, file TEXT, line INTEGER) WITHOUT ROWID;
CREATE TABLE answers (id TEXT PRIMARY KEY, row BLOB, file TEXT, line INTEGER);
"""


@dataclass(frozen=True, slots=True)
class _Half:
    """A file with one half of each row; ``id`` is the column that identifies the rows."""

    file: DataFile
    id: str


@dataclass(frozen=True, slots=True)
class JoinedFile(DataFile):
    """Questions of a file, with the columns of their answers."""

    table: Path = Path()
    id: str = ""

    def rows(self) -> Iterator[Item]:
        with closing(_open(self.table)) as answers:
            for line, value, raw in DataFile.rows(self):
                identity = _identity(value, self.id)
                known = _look_up(answers, "SELECT row FROM answers WHERE id = ?", identity)
                yield line, ({**orjson.loads(known[0]), **value} if known else value), raw


@dataclass(frozen=True, slots=True)
class LonelyAnswers(DataFile):
    """Rest of a file of answers: broken rows, and answers without a question."""

    table: Path = Path()
    id: str = ""

    def rows(self) -> Iterator[Item]:
        with closing(_open(self.table)) as questions:
            for line, value, raw in DataFile.rows(self):
                if not isinstance(value, dict):
                    yield line, value, raw
                elif problem := self._why_unused(questions, line, _identity(value, self.id)):
                    yield line, RowError(problem), raw or orjson.dumps(value, default=str)

    def _why_unused(self, table: sqlite3.Connection, line: int, identity: str | None) -> Finding | None:
        if identity is None or not _look_up(table, "SELECT 1 FROM questions WHERE id = ?", identity):
            return finding("question-missing/unjoined", path=self.id, column=self.id)
        first = _look_up(table, "SELECT file, line FROM answers WHERE id = ?", identity)
        if first is None or first == (self.name, line):
            return None
        other, line = first
        return finding("answer-repeated", path=self.id, other=other, first=line, column=self.id, id=identity)


def join(files: list[DataFile], wanted: Columns, scratch: Path, notes: FindingTally) -> list[DataFile]:
    """Join files of questions with files of their answers; return the files unchanged if nothing fits."""
    if not 2 <= len(files) <= _MOST_FILES:
        return files
    halves = [(file, *_which(file, wanted)) for file in files]
    asked = {id for _, side, id in halves if side == "question"}
    answers = [_Half(file, id) for file, side, id in halves if side == "answer" and id in asked]
    questions = [_Half(file, id) for file, side, id in halves if side == "question"]
    if not questions or not answers:
        return files
    scratch.mkdir(parents=True, exist_ok=True)
    table = scratch / "joined.sqlite"
    questions, answers = _fill(table, questions, answers)
    if not questions or not answers:
        return files
    column = questions[0].id
    notes.add(finding("files-joined", questions=_names(questions), answers=_names(answers), column=column))
    replaced: dict[str, DataFile] = {}
    for half, kind in [*((each, JoinedFile) for each in questions), *((each, LonelyAnswers) for each in answers)]:
        file = half.file
        own = {each.name: getattr(file, each.name) for each in fields(DataFile)}
        replaced[file.name] = kind(**own, table=table, id=half.id)
    return [replaced.get(file.name, file) for file in files]


def _which(file: DataFile, wanted: Columns) -> tuple[str, str]:
    """Return the half of a row that the file has, "question" or "answer", and its id column; "" if neither."""
    rows: list[dict[str, Any]] = []
    with suppress(*READ_ON_ERRORS):  # told when the rows are read
        for _, value, _ in file.rows():
            if isinstance(value, dict):
                rows.append(value)
            if len(rows) == _SAMPLE:
                break
    names = list(dict.fromkeys(str(key) for row in rows for key in row))
    columns = choose(wanted, names, rows, lambda _: False)
    sides = {"question", "answer"} & columns.keys()
    if "id" not in columns or len(sides) != 1:
        return "", ""
    ids = {_identity(row, columns["id"]) for row in rows} - {None}
    return (sides.pop(), columns["id"]) if 2 * len(ids) > len(rows) else ("", "")


def _fill(table: Path, questions: list[_Half], answers: list[_Half]) -> tuple[list[_Half], list[_Half]]:
    """Write all ids of questions and all answers. Return the files of which most rows have their other half: ids such
    as 1, 2, 3 occur in unrelated files too."""
    with closing(sqlite3.connect(table)) as db:
        db.executescript(_SCHEMA)
        for half in questions:
            ids = ((id, half.file.name, line) for id, line, _ in _identified(half))
            db.executemany("INSERT OR IGNORE INTO questions VALUES (?, ?, ?)", ids)
        for half in answers:
            name = half.file.name
            rows = ((id, orjson.dumps(row, default=str), name, line) for id, line, row in _identified(half))
            db.executemany("INSERT OR IGNORE INTO answers VALUES (?, ?, ?, ?)", rows)
        fitting = [
            name
            for one, other in (("questions", "answers"), ("answers", "questions"))
            for (name,) in db.execute(
                f"SELECT file FROM {one} GROUP BY file HAVING 2 * SUM(id IN (SELECT id FROM {other})) > COUNT(*)"  # noqa: S608
            )
        ]
        for kind in ("questions", "answers"):
            marks = ",".join("?" * len(fitting))
            db.execute(f"DELETE FROM {kind} WHERE file NOT IN ({marks})", fitting)  # noqa: S608 fixed names
        db.commit()
    return [half for half in questions if half.file.name in fitting], [
        half for half in answers if half.file.name in fitting
    ]


def _identified(half: _Half) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield id, line and row of those that have an id, up to where the file breaks off."""
    with suppress(*READ_ON_ERRORS):
        for line, value, _ in half.file.rows():
            identity = _identity(value, half.id)
            if identity is not None:
                yield identity, line, value


def _identity(value: Any, column: str) -> str | None:
    if value is BLANK or not isinstance(value, dict):
        return None
    found = value.get(column)
    return str(found) if isinstance(found, int | str) and not isinstance(found, bool) else None


def _open(table: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{table.absolute().as_uri()}?mode=ro", uri=True)


def _look_up(db: sqlite3.Connection, sql: str, identity: str | None) -> tuple[Any, ...] | None:
    found: tuple[Any, ...] | None = db.execute(sql, (identity,)).fetchone() if identity is not None else None
    return found


def _names(halves: list[_Half]) -> str:
    return ", ".join(repr(half.file.name) for half in halves[:5])
