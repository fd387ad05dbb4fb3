"""The prepared files: each row goes to its part; every line is read again and checked before anything is uploaded."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from tailor.catalog import Record
from tailor.datasets.checks import finding
from tailor.datasets.ledger import Ledger
from tailor.datasets.model import SplitName
from tailor.datasets.split import PARTS
from tailor.datasets.workers import Lines, Parts
from tailor.errors import TailorError
from tailor.storage import Storage

PARTS_WRITTEN: tuple[SplitName, ...] = ("train", "validation", "test")
_JSONL = "application/jsonl"
_RAW = 500
_ROWS = "SELECT rows.n, part, grp, code FROM rows LEFT JOIN left_out USING (n) ORDER BY rows.n"


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


def write_parts(parts: Parts, scratch: Path, ledger: Ledger, record: Record) -> dict[SplitName, int]:
    """Sorts the spool's records into train.jsonl, validation.jsonl and test.jsonl, and what was left out to the end of
    rejected.jsonl. Returns the rows of each part."""
    counts: Counter[str] = Counter()
    labels: dict[int, str] = {}
    files: dict[str, BinaryIO] = {part: (scratch / f"{part}.jsonl").open("wb") for part in PARTS_WRITTEN}
    with (
        Lines("spool", parts) as spool,
        Lines("extras", parts) as extras,
        (scratch / "rejected.jsonl").open("ab") as rejected,
    ):
        for n, part_index, group, code in ledger.query(_ROWS):
            row, extra = spool.next(n), extras.next(n)
            if code:
                file, number = orjson.loads(extra)[:2]
                listed = {
                    "file": file,
                    "line": number,
                    "reasons": _reasons(code),
                    "raw": row[:_RAW].decode(errors="ignore"),
                }
                rejected.write(orjson.dumps(listed, option=orjson.OPT_APPEND_NEWLINE))
                continue
            part = PARTS[part_index] or "train"
            counts[part] += 1
            if part == "test":
                held_out = _held_out(n, orjson.loads(row), orjson.loads(extra), record)
                held_out["group"] = labels.setdefault(group, held_out["group"])
                row = orjson.dumps(held_out, option=orjson.OPT_APPEND_NEWLINE)
            files[part].write(row)
    for file in files.values():
        file.close()
    return {part: counts[part] for part in PARTS_WRITTEN}


@cache
def _reasons(code: str) -> orjson.Fragment:
    """Why a sound row is not used; the finding itself, with the other row's place, is in findings.jsonl."""
    found = finding(code, "", where="an earlier", first="one", other="another part")
    return orjson.Fragment(orjson.dumps([{"code": code, "message": found.message, "fix": found.fix, "path": None}]))


def publish(
    scratch: Path, output: Storage, run_prefix: str, record: Record, counts: dict[SplitName, int]
) -> list[Written]:
    """Checks each file line by line and uploads it; raises DamagedOutputError for a line that is not sound."""
    written = []
    for part in PARTS_WRITTEN:
        if not counts[part]:
            continue
        path, key = scratch / f"{part}.jsonl", f"{run_prefix}prepared/{part}.jsonl"
        digest, rows = verify(path, "test" if part == "test" else record)
        if rows != counts[part]:
            raise DamagedOutputError(f"{part}.jsonl holds {rows} rows instead of {counts[part]}")
        output.upload(key, path, _JSONL)
        written.append(Written(key, digest, path.stat().st_size, rows))
    return written


def verify(path: Path, shape: str) -> tuple[str, int]:
    """SHA-256 and number of lines; raises DamagedOutputError for the first line that is not of this shape."""
    check, digest, rows = _SHAPES[shape], hashlib.sha256(), 0
    with path.open("rb") as file:
        for line in file:
            rows += 1
            digest.update(line)
            try:
                sound = check(orjson.loads(line))
            except (orjson.JSONDecodeError, KeyError, TypeError, IndexError, AttributeError):
                sound = False
            if not sound:
                raise DamagedOutputError(f"line {rows} of {path.name} is not a sound record")
    return digest.hexdigest(), rows


def _held_out(n: int, row: dict[str, Any], extra: list[Any], record: Record) -> dict[str, Any]:
    """A row of test.jsonl, as docs/architecture.md describes it."""
    file, line, label, category, references = extra
    messages, answer = _messages(row, record)
    if not references:
        references = [answer] if answer else []
    return {
        "id": f"r{n:06d}",
        "group": label,
        "category": category,
        "system": row.get("system") or [],
        "messages": messages,
        "references": references,
        "source": {"file": file, "line": line},
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


def _sound_converse(row: dict[str, Any]) -> bool:
    role = "user"
    for message in row["messages"]:
        if message["role"] != role or not message["content"]:
            return False
        role = "assistant" if role == "user" else "user"
    return row["schemaVersion"] == "bedrock-conversation-2024" and bool(row["messages"])


def _sound_reinforcement(row: dict[str, Any]) -> bool:
    return row["messages"][-1]["role"] == "user" and all(isinstance(m["content"], str) for m in row["messages"])


def _sound_test(row: dict[str, Any]) -> bool:
    return bool(row["id"]) and (not row["messages"] or row["messages"][-1]["role"] == "user")


_SHAPES: dict[str, Callable[[dict[str, Any]], bool]] = {
    "converse": _sound_converse,
    "openai-rft": _sound_reinforcement,
    "prompt-completion": lambda row: bool(row["prompt"]) and bool(row["completion"]),
    "input": lambda row: bool(row["input"]),
    "test": _sound_test,
}
