"""Leave held-out rows out of the evaluation if their questions are in the invocation logs that the student learns from.

A student that was taught a question's answer knows it by heart, so such a row would measure memory. Only requests that
the recipe's ``filters`` and ``exclude`` let through teach. Questions are compared by what is asked before the answer,
whatever the system text, which apps and datasets write differently.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from tailor.datasets.example import Example
from tailor.datasets.formats import read_log
from tailor.datasets.prepare.samples import Spool
from tailor.datasets.records import text_of
from tailor.datasets.table import SPLITS, RowTable, asked_hash
from tailor.errors import DatasetError, NotAllowedError, NotFoundError
from tailor.findings import Finding, finding
from tailor.prepared import decode
from tailor.recipe import InvocationLogs, Recipe
from tailor.storage import Storage

OpenBucket = Callable[[str], Storage]
MOST_BYTES: Final = 512 << 20  # packed; about five times as much text
MOST_FILES: Final = 20_000
_SUFFIXES: Final = (".json.gz", ".jsonl.gz", ".json", ".jsonl", ".gz")
_THREADS: Final = 32
_TEST = SPLITS.index("test")


@dataclass(slots=True)
class LoggedQuestions:
    """``problem``: why logs and held-out rows were not compared; empty if they were."""

    requests: int = 0
    unread: int = 0
    left_out: int = 0
    problem: str = ""

    def document(self) -> dict[str, Any]:
        """Return the result for the manifest: the gate stays closed if there is a problem."""
        return {
            "requests": self.requests,
            "unread": self.unread,
            "left_out": self.left_out,
            "problem": self.problem,
        }


def leave_out_logged(
    table: RowTable, spool: Spool, files: list[str], recipe: Recipe, open_bucket: OpenBucket | None
) -> tuple[LoggedQuestions | None, list[Finding]]:
    """Leave out held-out rows whose questions are in the recipe's logs, and return the result; None without such logs.

    Args:
        open_bucket: returns the bucket of a name; None where logs can't be read from here.
    """
    logs = recipe.distillation.logs
    if recipe.method != "distillation" or logs is None:
        return None, []
    if open_bucket is None:
        return LoggedQuestions(problem="they are not read here"), [finding("logs-not-compared/here", "", uri=logs.uri)]
    found = LoggedQuestions()
    bucket, _, key = logs.uri.removeprefix("s3://").partition("/")
    asked: set[int] = set()
    try:
        asked = _questions(open_bucket(bucket), key, logs, found)
    except (DatasetError, NotAllowedError, NotFoundError) as error:
        found.problem = error.message
    if found.problem:
        return found, [finding("logs-not-compared", "", uri=logs.uri, why=found.problem)]
    rows = [row for row in table.rows(_TEST) if _asked(spool.read(table, row)) in asked]
    table.leave_out(rows, "logged-question")
    found.left_out = len(rows)
    places = ((files[table.column["file"][row]], table.column["line"][row]) for row in rows)
    told = [finding("logged-question", *place) for place in places]
    requests, unread = found.requests, found.unread
    compared = finding("logs-compared", "", uri=logs.uri, requests=requests, unread=unread, count=found.left_out)
    return found, [*told, compared]


def _files(storage: Storage, key: str) -> list[str]:
    """Return the log files under a folder, or the one file.

    Raises:
        NotFoundError: there is none.
        DatasetError: they are too many, or too large.
    """
    prefix = key if not key or key.endswith(("/", *_SUFFIXES)) else f"{key}/"
    found, size = [], 0
    for file in storage.list(prefix):
        if file.key.endswith(_SUFFIXES):
            found.append(file.key)
            size += file.size
        if len(found) > MOST_FILES or size > MOST_BYTES:
            raise DatasetError(f"there are more than {MOST_FILES:,} files or {MOST_BYTES >> 20} MiB under it")
    if not found:
        raise NotFoundError("there is no log file under it")
    return found


def _questions(storage: Storage, key: str, logs: InvocationLogs, found: LoggedQuestions) -> set[int]:
    """Return hashes of the questions in the requests that are used for training. ``key`` is a folder, or one file."""

    def read(name: str) -> tuple[set[int], int, int]:
        rows = list(read_log(storage.read(name)))
        taught = [row for row in rows if row and teaches(row.extra.get("requestMetadata"), logs)]
        return {asked_hash(_texts(row)) for row in taught}, len(taught), rows.count(None)

    asked: set[int] = set()
    with ThreadPoolExecutor(_THREADS) as pool:
        for hashes, requests, unread in pool.map(read, _files(storage, key)):
            asked |= hashes
            found.requests += requests
            found.unread += unread
    return asked


def teaches(metadata: object, logs: InvocationLogs) -> bool:
    """Return whether a request is used for training, as far as its metadata says."""
    tags = metadata if isinstance(metadata, dict) else {}
    wanted = all(tags.get(key) == value for key, value in logs.filters.items())
    return wanted and not any(tags.get(key) == value for key, value in logs.exclude.items())


def _texts(row: Example) -> Iterator[str]:
    turns = row.turns[:-1] if row.turns[-1].role == "assistant" else row.turns
    return (text_of(turn.blocks) for turn in turns)


def _asked(record: dict[str, Any]) -> int:
    turns = decode(record).messages
    return asked_hash("\n".join(block["text"] for block in turn["content"] if "text" in block) for turn in turns)
