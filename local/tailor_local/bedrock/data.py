"""Training data as the service checks it: format, roles, reserved words, limits, and that every medium is there.

A job fails with the first thing that is wrong, in the service's wording where AWS documents it.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from tailor_local.bedrock import tokens
from tailor_local.bedrock.conversation import check_image
from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.learner.classifier import Example
from tailor_local.bedrock.learner.features import Prompt
from tailor_local.bedrock.storage import Storage, StorageError, split

RESERVED = ("User:", "Bot:", "Assistant:", "System:", "<image>", "<video>", "[EOS]")
SCHEMA = "bedrock-conversation-2024"
ROWS = {  # (least, most) training and validation rows together
    "FINE_TUNING": (8, 20_000),
    "DISTILLATION": (100, 15_000),
    "REINFORCEMENT_FINE_TUNING": (100, 20_000),
    "CONTINUED_PRE_TRAINING": (1, 100_000),
}
DISTILLATION_LINE = 16 * 1024  # bytes
CONTEXT_TOKENS = 32_000
IMAGES_A_ROW = 10
IMAGE_BYTES = 10 * 1024 * 1024
VIDEO_BYTES = 50 * 1024 * 1024
IMAGE_FORMATS = ("png", "jpeg", "gif", "webp")
VIDEO_FORMATS = ("mov", "mkv", "mp4", "webm")
READERS = 8


class DataError(Exception):
    """Raised to fail a job; the message is its failureMessage."""


@dataclass(frozen=True)
class Row:
    """A checked line: ``turns`` are (role, text, media URIs)."""

    line: int
    system: str
    turns: tuple[tuple[str, str, tuple[str, ...]], ...]
    raw: dict[str, Any]


@dataclass(frozen=True)
class Dataset:
    rows: list[Row]
    media: dict[str, bytes]
    tokens: int

    def examples(self) -> list[Example]:
        """One example for each assistant turn: what came before it, and what it says."""
        return [example for row in self.rows for example in self._of(row)]

    def last_examples(self) -> list[Example]:
        """One example for each row: its last answer, after all that came before it."""
        return [list(self._of(row))[-1] for row in self.rows]

    def _of(self, row: Row) -> Iterator[Example]:
        said = [row.system]
        for before, turn in zip(row.turns, row.turns[1:], strict=False):
            if turn[0] == "assistant" and before[0] == "user":
                images = tuple(self.media[uri] for uri in before[2])
                yield Example(Prompt(before[1], " ".join(said), images), turn[1])
            said.append(before[1])


def read_lines(storage: Storage, uri: str) -> list[dict[str, Any]]:
    """Return the JSONL file at ``uri``. Raises DataError in AWS's wording."""
    key = split(uri)[1]
    try:
        text = storage.read(uri).decode("utf-8")
    except StorageError as error:
        raise _unreadable(error) from error
    except UnicodeDecodeError as error:
        raise _not_jsonl(key) from error
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    if not lines:
        raise _not_jsonl(key)
    records = []
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError as error:
            raise _not_jsonl(key) from error
        if not isinstance(record, dict):
            raise _not_jsonl(key)
        records.append(record)
    return records


def _not_jsonl(key: str) -> DataError:
    name = key.rsplit("/", 1)[-1]
    return DataError(f"Unable to parse Amazon S3 file: {name}. Data files must conform to JSONL format.")


def check_count(method: str, rows: int) -> None:
    least, most = ROWS[method]
    if not least <= rows <= most:
        raise DataError(f"The number of records must be between {least} and {most}. The data has {rows} records.")


Record = dict[str, Any]


def conversations(
    storage: Storage,
    uri: str,
    model: FoundationModel,
    method: str,
    look: Callable[[str], None] = lambda step: None,
    as_conversation: Callable[[Record, int], Record] = lambda record, line: record,
) -> Dataset:
    """Read and check a file of conversations and all its media. Raises DataError.

    Args:
        as_conversation: makes a conversation of a record of another form, given with its line.
    """
    records = [as_conversation(record, line) for line, record in enumerate(read_lines(storage, uri), 1)]
    rows = [check_record(record, number, model, method) for number, record in enumerate(records, 1)]
    _check_one_kind(rows)
    look("media")
    media = _fetch(storage, uri, rows)
    total = 0
    for row in rows:
        size = _row_tokens(row, media, model.provider)
        if size > CONTEXT_TOKENS:
            raise DataError(f"Max sum of input and output token length {size} exceeds total limit of {CONTEXT_TOKENS}")
        total += size
    return Dataset(rows, media, total)


def check_record(record: dict[str, Any], line: int, model: FoundationModel, method: str) -> Row:
    """Return one line as a row. Raises DataError that names the line."""
    if model.record == "prompt-completion" and method == "FINE_TUNING":
        record = _as_conversation(record, line)
    if record.get("schemaVersion") != SCHEMA:
        raise _bad(line, f"schemaVersion must be {SCHEMA}")
    system = " ".join(_system_texts(record.get("system"), line))
    messages = record.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _bad(line, "messages must be a list that is not empty")
    turns = tuple(_turn(message, line, model) for message in messages)
    roles = [role for role, _, _ in turns]
    expected = ["user", "assistant"] * (len(turns) // 2 + 1)
    if roles != expected[: len(turns)]:
        raise _bad(line, "roles must alternate between user and assistant, starting with user")
    if method == "FINE_TUNING" and roles[-1] != "assistant":
        raise _bad(line, "the last message must be from the assistant")
    if method == "DISTILLATION":
        if len(json.dumps(record, ensure_ascii=False).encode(errors="replace")) > DISTILLATION_LINE:
            raise DataError(f"Input size exceeded in line {line}: a record may have {DISTILLATION_LINE} bytes.")
        if any(media for _, _, media in turns):
            raise _bad(line, "distillation takes text only")
    for text in (system, *(text for role, text, _ in turns if role == "user")):
        for word in RESERVED if model.provider == "Amazon" else ():
            if word in text:
                raise _bad(line, f"a system or user prompt contains the reserved keyword {word}")
    return Row(line, system, turns, record)


def _as_conversation(record: dict[str, Any], line: int) -> dict[str, Any]:
    """Return a prompt and its completion as a conversation of two turns."""
    if record.keys() != {"prompt", "completion"} or not all(isinstance(text, str) for text in record.values()):
        raise _bad(line, "it must have two keys, prompt and completion, each a string")
    said = (("user", record["prompt"]), ("assistant", record["completion"]))
    return {"schemaVersion": SCHEMA, "messages": [{"role": role, "content": [{"text": text}]} for role, text in said]}


def _system_texts(system: Any, line: int) -> Iterator[str]:
    if system is None:
        return
    if not isinstance(system, list):
        raise _bad(line, "system must be a list")
    for block in system:
        if not isinstance(block, dict) or not isinstance(block.get("text"), str):
            raise _bad(line, "system must hold text blocks")
        yield block["text"]


def _turn(message: Any, line: int, model: FoundationModel) -> tuple[str, str, tuple[str, ...]]:
    if not isinstance(message, dict) or message.get("role") not in ("user", "assistant"):
        raise _bad(line, "the role of a message must be user or assistant")
    content = message.get("content")
    if not isinstance(content, list) or not content:
        raise _bad(line, "the content of a message must be a list that is not empty")
    texts, media = [], []
    for block in content:
        if not isinstance(block, dict) or len(block) != 1:
            raise _bad(line, "a content block must be an object with one member")
        ((kind, value),) = block.items()
        if kind == "text" and isinstance(value, str) and value.strip():
            texts.append(value)
        elif kind in ("image", "video") and message["role"] == "user":
            media.append(_media_uri(kind, value, line, model))
        elif kind == "reasoningContent" and message["role"] == "assistant" and "nova-2" in model.id:
            continue
        else:
            raise _bad(line, f"a {message['role']} message can't hold this {kind} block")
    if len(media) > IMAGES_A_ROW:
        raise _bad(line, f"a record can have at most {IMAGES_A_ROW} images")
    return message["role"], " ".join(texts), tuple(media)


def _media_uri(kind: str, value: Any, line: int, model: FoundationModel) -> str:
    if kind.upper() not in model.input:
        raise _bad(line, f"{model.name} does not take {kind}s")
    allowed = IMAGE_FORMATS if kind == "image" else VIDEO_FORMATS
    source = value.get("source") if isinstance(value, dict) else None
    if not isinstance(source, dict) or value.get("format") not in allowed:
        raise _bad(line, f"the format of a {kind} must be one of {', '.join(allowed)}")
    location = source.get("s3Location")
    if not isinstance(location, dict) or not isinstance(location.get("uri"), str):
        raise _bad(line, f"a {kind} must have an s3Location")
    return str(location["uri"])


def _check_one_kind(rows: list[Row]) -> None:
    kinds = {
        kind
        for row in rows
        for message in row.raw["messages"]
        for block in message["content"]
        for kind in block
        if kind in ("image", "video")
    }
    if len(kinds) > 1:
        raise DataError("A dataset can hold images or videos, not both.")


def _fetch(storage: Storage, uri: str, rows: list[Row]) -> dict[str, bytes]:
    """Fetch and check every medium once. All must be in the bucket of the training file."""
    bucket = split(uri)[0]
    formats: dict[str, tuple[str, str, int]] = {}
    for row in rows:
        for message in row.raw["messages"]:
            for block in message["content"]:
                for kind in {"image", "video"} & block.keys():
                    location = block[kind]["source"]["s3Location"]["uri"]
                    formats[location] = (kind, block[kind]["format"], row.line)
                    if split(location)[0] != bucket:
                        raise _bad(row.line, f"{location} must be in the bucket of the training file, {bucket}")

    def get(location: str) -> tuple[str, bytes]:
        kind, format, line = formats[location]
        try:
            content = storage.read(location)
        except StorageError as error:
            raise _unreadable(error) from error
        if len(content) > (IMAGE_BYTES if kind == "image" else VIDEO_BYTES):
            raise _bad(line, f"{location} is too large")
        if kind == "image":
            try:
                check_image(content, format, location)
            except ServiceError as error:
                raise _bad(line, error.message) from error
        return location, content

    with ThreadPoolExecutor(READERS) as readers:
        return dict(readers.map(get, formats))


def _row_tokens(row: Row, media: dict[str, bytes], provider: str) -> int:
    count = tokens.of_text(row.system)
    for message in row.raw["messages"]:
        for block in message["content"]:
            if "text" in block:
                count += tokens.of_text(block["text"])
            elif "image" in block:
                count += tokens.of_image(media[block["image"]["source"]["s3Location"]["uri"]], provider)
            elif "video" in block:
                count += tokens.of_video(media[block["video"]["source"]["s3Location"]["uri"]])
    return count


def _unreadable(error: StorageError) -> DataError:
    return DataError(
        f"Could not validate GetObject permissions to access Amazon S3 bucket: {error.bucket} at key {error.key}"
    )


def _bad(line: int, what: str) -> DataError:
    return DataError(f"Invalid record at line {line}: {what}.")
