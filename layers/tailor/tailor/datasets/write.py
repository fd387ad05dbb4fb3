"""The prepared files: each row goes to its part; every line is read again and checked before anything is uploaded."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import compress, islice, repeat
from pathlib import Path
from threading import active_count
from typing import Annotated, Any, BinaryIO, Literal, Self

import msgspec
import orjson

from tailor.catalog import Record
from tailor.datasets.checks import finding
from tailor.datasets.forks import Fork
from tailor.datasets.ledger import Ledger
from tailor.datasets.model import SplitName
from tailor.datasets.rows import BATCH
from tailor.datasets.split import PARTS, group_hash
from tailor.datasets.workers import Lines, LocalParts, Parts
from tailor.errors import TailorError
from tailor.storage import Storage

PARTS_WRITTEN: tuple[SplitName, ...] = ("train", "validation", "test")
_TRAIN, _TEST = PARTS.index("train"), PARTS.index("test")
Extra = tuple[str | None, str | None, list[str] | None]
"""What else is known of a row: its group's name, its category, its references."""
_JSONL = "application/jsonl"
_RAW = 500
_BLOCK = 1 << 20


class DamagedOutputError(TailorError):
    """A prepared line does not read back as it should: a bug, never the data's fault."""

    code = "damaged-output"


@dataclass(frozen=True, slots=True)
class Written:
    """One prepared file: its key, SHA-256 of its bytes (hex), size in bytes, rows."""

    key: str
    sha256: str
    bytes: int
    rows: int


@dataclass(frozen=True, slots=True)
class Part:
    """A prepared file that was checked, still on this machine."""

    path: Path
    sha256: str
    rows: int


def write_parts(parts: Parts, scratch: Path, ledger: Ledger, record: Record, files: list[str]) -> list[Part]:
    """Sorts the spool's records into train.jsonl, validation.jsonl and test.jsonl, and what was left out to the end of
    rejected.jsonl; then reads every line again and checks it. ``files`` are the data files' names.

    Where several workers checked the rows, two processes write. Raises DamagedOutputError for a line that is not
    sound."""

    def training() -> list[Part]:
        with Lines("spool", parts) as spool, (scratch / "train.jsonl").open("wb") as file:
            file.writelines(compress(spool.of(ledger.column["n"]), ledger.mask(_TRAIN)))
        return [_checked(scratch, "train", record, ledger)]

    def others() -> list[Part]:
        with Lines("spool", parts) as spool:
            kept = ledger.mask(_TRAIN).translate(bytes.maketrans(b"\0\1", b"\1\0"))
            rows = compress(enumerate(spool.of(ledger.column["n"])), kept)
            _write_others(rows, parts, scratch, ledger, record, files)
        return [_checked(scratch, "validation", record, ledger), _checked(scratch, "test", "test", ledger)]

    # A process with threads, or with connections, can't be forked safely.
    if parts.workers > 1 and isinstance(parts, LocalParts) and active_count() == 1:
        fork = Fork(training, scratch / "written.pickle")
        held_out = others()
        return fork.result() + held_out
    with Lines("spool", parts) as spool, (scratch / "train.jsonl").open("wb") as file:
        rest = _pass_on(spool.of(ledger.column["n"]), ledger.mask(_TRAIN), file)
        _write_others(rest, parts, scratch, ledger, record, files)
    return [_checked(scratch, part, "test" if part == "test" else record, ledger) for part in PARTS_WRITTEN]


def _pass_on(lines: Iterable[bytes], mask: bytes, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Writes the lines that the mask marks; gives the others with their index."""
    for row, (line, marked) in enumerate(zip(lines, mask, strict=True)):
        if marked:
            file.write(line)
        else:
            yield row, line


def _write_others(
    rows: Iterable[tuple[int, bytes]], parts: Parts, scratch: Path, ledger: Ledger, record: Record, files: list[str]
) -> None:
    column, labels = ledger.column, dict[int, str]()
    with (
        Extras(parts) as extras,
        (scratch / "rejected.jsonl").open("ab") as rejected,
        (scratch / "validation.jsonl").open("wb") as validation,
        (scratch / "test.jsonl").open("wb") as test,
    ):
        for row, line in rows:
            place = {"file": files[column["file"][row]], "line": column["line"][row]}
            code = ledger.reason(row)
            if code:
                listed = {**place, "reasons": _reasons(code), "raw": line[:_RAW].decode(errors="ignore")}
                rejected.write(orjson.dumps(listed, option=orjson.OPT_APPEND_NEWLINE))
            elif ledger.part(row) == _TEST:
                n = column["n"][row]
                held_out = _held_out(n, orjson.loads(line), extras.of(n), record, place)
                held_out["group"] = labels.setdefault(column["grp"][row], held_out["group"])
                test.write(orjson.dumps(held_out, option=orjson.OPT_APPEND_NEWLINE))
            else:
                validation.write(line)


class Extras:
    """What is in the workers' files ``extras``, for rows in rising order. A context manager."""

    def __init__(self, parts: Parts) -> None:
        self._files = [parts.open(worker, "extras") for worker in range(parts.workers)]
        self._next: list[list[Any] | None] = [[-1] for _ in self._files]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for file in self._files:
            file.close()

    def of(self, n: int) -> Extra:
        worker = n // BATCH % len(self._files)
        while (found := self._next[worker]) and found[0] < n:
            line = self._files[worker].readline()
            self._next[worker] = orjson.loads(line) if line else None
        if found and found[0] == n:
            return found[1], found[2], found[3]
        return None, None, None


@cache
def _reasons(code: str) -> orjson.Fragment:
    """Why a sound row is not used; the finding itself, with the other row's place, is in findings.jsonl."""
    found = finding(code, "", where="an earlier", first="one", other="another part")
    return orjson.Fragment(orjson.dumps([{"code": code, "message": found.message, "fix": found.fix, "path": None}]))


def publish(parts: list[Part], output: Storage, run_prefix: str) -> list[Written]:
    """Uploads what holds rows."""
    written = []
    for part in parts:
        if part.rows:
            key = f"{run_prefix}prepared/{part.path.name}"
            output.upload(key, part.path, _JSONL)
            written.append(Written(key, part.sha256, part.path.stat().st_size, part.rows))
    return written


def _checked(scratch: Path, part: SplitName, shape: str, ledger: Ledger) -> Part:
    path, place = scratch / f"{part}.jsonl", PARTS.index(part)
    seals = repeat(0) if shape == "test" else ledger.used("seal", place)
    digest, rows = verify(path, shape, seals)
    if rows != ledger.count(place):
        raise DamagedOutputError(f"{part}.jsonl holds {rows} rows instead of {ledger.count(place)}")
    return Part(path, digest, rows)


def verify(path: Path, shape: str, seals: Iterable[int]) -> tuple[str, int]:
    """SHA-256 and number of lines; raises DamagedOutputError for the first line that is not of this shape. A line with
    a seal (not 0) must be the bytes that were found sound before."""
    check, digest, rows, known = _SHAPES[shape], hashlib.sha256(), 0, iter(seals)
    with path.open("rb") as file:
        while lines := file.readlines(_BLOCK):
            digest.update(b"".join(lines))
            some = list(islice(known, len(lines)))
            if list(map(group_hash, lines)) != some:
                for at, (line, seal) in enumerate(zip(lines, some, strict=False), start=rows + 1):
                    if not (group_hash(line) == seal if seal else _holds_up(check, line)):
                        raise DamagedOutputError(f"line {at} of {path.name} is not a sound record")
            rows += len(lines)
    return digest.hexdigest(), rows


def _holds_up(check: Callable[[bytes], bool], line: bytes) -> bool:
    try:
        return check(line)
    except (ValueError, msgspec.MsgspecError, KeyError, TypeError, IndexError, AttributeError):
        return False


def _held_out(n: int, row: dict[str, Any], extra: Extra, record: Record, place: dict[str, Any]) -> dict[str, Any]:
    """A row of test.jsonl, as docs/architecture.md describes it."""
    label, category, references = extra
    messages, answer = _messages(row, record)
    if not references:
        references = [answer] if answer else []
    return {
        "id": f"r{n:06d}",
        "group": label or f"{place['file']}:{place['line']}",
        "category": category,
        "system": row.get("system") or [],
        "messages": messages,
        "references": references,
        "source": place,
    }


def _messages(row: dict[str, Any], record: Record) -> tuple[list[dict[str, Any]], str]:
    """The conversation without its last answer, in Converse's shape, and that answer."""
    if record == "input":
        return [], row["input"]
    if record == "prompt-completion":
        return [{"role": "user", "content": [{"text": row["prompt"]}]}], row["completion"]
    messages = row["messages"]
    if record == "openai-rft":
        row["system"] = [{"text": message["content"]} for message in messages if message["role"] == "system"]
        turns = [
            {"role": message["role"], "content": [{"text": message["content"]}]}
            for message in messages
            if message["role"] != "system"
        ]
        reference = row.get("reference_answer", "")
        return turns, reference if isinstance(reference, str) else orjson.dumps(reference).decode()
    if messages[-1]["role"] != "assistant":
        return messages, ""
    return messages[:-1], "\n".join(block["text"] for block in messages[-1]["content"] if "text" in block)


class _Turn(msgspec.Struct, gc=False):
    role: Literal["user", "assistant"]
    content: Annotated[list[msgspec.Raw], msgspec.Meta(min_length=1)]


class _Converse(msgspec.Struct, gc=False):
    schemaVersion: Literal["bedrock-conversation-2024"]  # noqa: N815 the service's own name
    messages: Annotated[list[_Turn], msgspec.Meta(min_length=1)]


_converse = msgspec.json.Decoder(_Converse).decode


def _sound_converse(line: bytes) -> bool:
    role = "user"
    for turn in _converse(line).messages:
        if turn.role != role:
            return False
        role = "assistant" if role == "user" else "user"
    return True


def _sound_reinforcement(line: bytes) -> bool:
    messages = orjson.loads(line)["messages"]
    return messages[-1]["role"] == "user" and all(isinstance(message["content"], str) for message in messages)


def _sound_test(line: bytes) -> bool:
    row = orjson.loads(line)
    return bool(row["id"]) and (not row["messages"] or row["messages"][-1]["role"] == "user")


def _holds(*keys: str) -> Callable[[bytes], bool]:
    return lambda line: all(map(orjson.loads(line).__getitem__, keys))


_SHAPES: dict[str, Callable[[bytes], bool]] = {
    "converse": _sound_converse,
    "openai-rft": _sound_reinforcement,
    "prompt-completion": _holds("prompt", "completion"),
    "input": _holds("input"),
    "test": _sound_test,
}
