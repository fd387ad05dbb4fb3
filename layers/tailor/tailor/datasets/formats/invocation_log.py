"""Read Bedrock's model invocation logs: prompts with a model's answers, for distillation."""

import gzip
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Any, Final

import orjson

from tailor.datasets.example import Example, Text, Turn
from tailor.datasets.formats.base import Context, Converter, Format, Row, Sample
from tailor.datasets.formats.chat import describe
from tailor.datasets.formats.converse import read_system, read_turns
from tailor.datasets.formats.turns_account import reasoned
from tailor.findings import Finding, FindingTally, RowError, finding
from tailor.recipe import Data

_SCHEMA: Final = "ModelInvocationLog"
_COMPLETIONS: Final = ("generation", "completion", "outputText")


def _fits(sample: Sample) -> bool:
    return (
        sample.share(
            lambda row: (
                row.get("schemaType") == _SCHEMA or {"modelId", "input", "output"} <= row.keys() or "modelInput" in row
            )
        )
        > 0.5
    )


def _converter(context: Context) -> Converter:
    def convert(row: Row, line: int) -> Example:
        problems: list[Finding] = []
        asked = _body(row, "input", problems)
        if problems:
            raise RowError(*problems)
        turns = _asked(asked, problems)
        system = read_system(asked["system"], problems) if asked.get("system") else None
        if problems:
            raise RowError(*problems)
        answered = row.get("output")
        body = answered.get("outputBodyJson") if isinstance(answered, dict) else row.get("modelOutput")
        answer = _answer(body)
        if answer.strip():
            turns.append(Turn("assistant", [Text(answer)]))
        elif context.needs_answer:
            raise RowError(finding("answer-missing/log", path="$.output.outputBodyJson"))
        example = Example(context.file, line, turns, system or context.data.system)
        identity = row.get("requestId", row.get("recordId"))
        example.id = identity if isinstance(identity, str) else None
        for key in ("modelId", "requestMetadata"):
            if key in row:
                example.extra[key] = row[key]
        return example

    return convert


def _body(row: Row, side: str, problems: list[Finding]) -> dict[str, Any]:
    if side == "input" and isinstance(row.get("modelInput"), dict):  # of batch inference
        return dict(row["modelInput"])
    half = row.get(side)
    body = half.get(f"{side}BodyJson") if isinstance(half, dict) else None
    if isinstance(body, dict):
        return body
    path = f"$.{side}.{side}BodyJson"
    if isinstance(half, dict) and isinstance(half.get(f"{side}BodyS3Path"), str):
        problems.append(finding("log-without-body/elsewhere", path=path))
    else:
        problems.append(finding("log-without-body", path=path, kind=describe(body)))
    return {}


def _asked(body: dict[str, Any], problems: list[Finding]) -> list[Turn]:
    """Return the turns of a Converse, Messages or plain prompt request."""
    prompt = body.get("prompt", body.get("inputText"))
    if isinstance(prompt, str) and prompt.strip():
        return [Turn("user", [Text(prompt)])]
    messages = body.get("messages")
    if isinstance(messages, list):
        messages = [_as_converse(message) for message in messages]
    return read_turns(messages, problems)


def _as_converse(message: Any) -> Any:
    """Return a message of the Messages API (text, or parts with a type) in Converse's shape."""
    if not isinstance(message, dict):
        return message
    content = message.get("content")
    if isinstance(content, str):
        content = [{"text": content}]
    elif isinstance(content, list):
        content = [
            {"text": part["text"]} if isinstance(part, dict) and part.get("type") == "text" and "text" in part else part
            for part in content
        ]
    return {**message, "content": content}


def _answer(body: Any) -> str:
    """Return the text of an answer: Converse's, the Messages API's, a completion, or the events of a stream."""
    if isinstance(body, list):
        return "".join(map(_event_text, body))
    if not isinstance(body, dict):
        return ""
    output = body.get("output")
    message = output.get("message") if isinstance(output, dict) else body
    content = message.get("content") if isinstance(message, dict) else None
    if isinstance(content, list):
        return "".join(map(_said, content))
    return next((body[key] for key in _COMPLETIONS if isinstance(body.get(key), str)), "")


def _said(part: Any) -> str:
    """Return the text of a part; reasoning as it is written before an answer."""
    if not isinstance(part, dict):
        return ""
    block = part.get("reasoningContent")
    inner = block.get("reasoningText") if isinstance(block, dict) else None
    thought = inner.get("text") if isinstance(inner, dict) else part.get("thinking")
    if isinstance(thought, str):
        return reasoned(thought, "")
    return part["text"] if isinstance(part.get("text"), str) else ""


def _event_text(event: Any) -> str:
    """Return the text of a stream's event; "" for other events."""
    if not isinstance(event, dict):
        return ""
    inner = event.get("contentBlockDelta", event)
    delta = inner.get("delta") if isinstance(inner, dict) else None
    if isinstance(delta, dict) and isinstance(delta.get("text"), str):
        return str(delta["text"])
    return next((event[key] for key in _COMPLETIONS if isinstance(event.get(key), str)), "")


def read_log(data: bytes) -> Iterator[Example | None]:
    """Yield the requests of a log file, compressed or not; None for each that can't be read."""
    convert = _converter(Context("", "distillation", Data(), FindingTally()))
    source = gzip.GzipFile(fileobj=BytesIO(data)) if data.startswith(b"\x1f\x8b") else BytesIO(data)
    try:
        for line in source:
            try:
                row = orjson.loads(line) if not line.isspace() else {}
                if not isinstance(row, dict) or row.keys().isdisjoint(_MARKS):
                    continue  # a body that lies apart
                yield convert(row, 1)
            except (orjson.JSONDecodeError, RowError):
                yield None
    except (OSError, EOFError, zlib.error):
        yield None


_MARKS: Final = frozenset({"schemaType", "modelId", "modelInput"})

FORMAT = Format("invocation-log", "Bedrock model invocation logs", _fits, _converter)
