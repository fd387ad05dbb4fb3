"""The four ways of asking a model, over one answer."""

import base64
import binascii
import json
import re
from collections.abc import Iterator
from typing import Any, cast

from botocore.model import OperationModel, StructureShape

from tailor_local.bedrock import eventstream, wire
from tailor_local.bedrock.context import Call
from tailor_local.bedrock.errors import ServiceError, invalid
from tailor_local.bedrock.faults import Desk
from tailor_local.bedrock.inference import Reply, reply, target
from tailor_local.bedrock.platform import Credentials
from tailor_local.bedrock.storage import Storage, StorageError, split

# The emulator's own account: after IAM allowed the caller to read an object, it is read with this.
OWNER = Credentials("test", "test", "")
AFTER_LAST_TOKEN = 3  # events: the block's end, the message's, the metadata
CHUNK = re.compile(r"\S+\s*|\s+")


def perform(operation: OperationModel, call: Call) -> tuple[int, dict[str, str], Any]:
    name = operation.name
    if name not in ("Converse", "ConverseStream", "InvokeModel", "InvokeModelWithResponseStream"):
        raise invalid(f"{name} is not part of this stand-in.")
    asked = target(call)
    question = _native(call.request.get("body", b"")) if name.startswith("Invoke") else call.request
    said = reply(call, asked, question, lambda uri: _read(call, uri))
    if name == "Converse":
        return wire.answer(operation, _converse(said))
    if name == "InvokeModel":
        return wire.answer(operation, {"body": _native_answer(said), "contentType": wire.JSON})
    breaks = call.standin.desk.faults.stream_failure
    stream = cast("StructureShape", operation.get_event_stream_output())
    events = list(_converse_events(stream, said) if name == "ConverseStream" else _native_events(stream, said))
    if breaks:
        events = [*events[: len(events) // 2], eventstream.exception(breaks, "The stream broke off, as was asked for.")]
    headers = {"Content-Type": wire.EVENT_STREAM}
    if name == "InvokeModelWithResponseStream":
        headers["X-Amzn-Bedrock-Content-Type"] = wire.JSON
    return 200, headers, _held(call.standin.desk, events)


def _held(desk: Desk, events: list[bytes]) -> Iterator[bytes]:
    """Yield events, and nothing again and again before the last token while a fault holds streams."""
    for number, event in enumerate(events):
        while number == len(events) - AFTER_LAST_TOKEN - 1 and desk.faults.hold_streams:
            yield b""
        yield event


def _read(call: Call, uri: str) -> bytes:
    """Return an object that the caller may read."""
    bucket, key = split(uri)
    denial = call.standin.platform.denial(call.headers, "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", {})
    if denial:
        raise ServiceError("AccessDeniedException", denial)
    try:
        return Storage(call.standin.platform.endpoint, call.scope.region, OWNER).read(uri)
    except StorageError as error:
        raise invalid(f"Unable to read the S3 object {uri}: {error.code}.") from error


def _message(said: Reply) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"toolUse": said.called} if said.called else {"text": said.text}]}


def _converse(said: Reply) -> dict[str, Any]:
    return {
        "output": {"message": _message(said)},
        "stopReason": said.stop_reason,
        "usage": said.usage,
        "metrics": {"latencyMs": said.milliseconds},
    }


def _events(said: Reply) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "messageStart", {"role": "assistant"}
    if said.called:
        started = {"toolUse": {name: said.called[name] for name in ("toolUseId", "name")}}
        yield "contentBlockStart", {"start": started, "contentBlockIndex": 0}
        given = {"toolUse": {"input": json.dumps(said.called["input"], ensure_ascii=False)}}
        yield "contentBlockDelta", {"delta": given, "contentBlockIndex": 0}
    for part in () if said.called else CHUNK.findall(said.text):
        yield "contentBlockDelta", {"delta": {"text": part}, "contentBlockIndex": 0}
    yield "contentBlockStop", {"contentBlockIndex": 0}
    yield "messageStop", {"stopReason": said.stop_reason}
    yield "metadata", {"usage": said.usage, "metrics": {"latencyMs": said.milliseconds}}


def _converse_events(stream: StructureShape, said: Reply) -> Iterator[bytes]:
    for name, content in _events(said):
        yield eventstream.event(stream, name, content)


def _native_events(stream: StructureShape, said: Reply) -> Iterator[bytes]:
    for name, content in _events(said):
        chunk = json.dumps({name: content}, ensure_ascii=False).encode()
        yield eventstream.event(stream, "chunk", {"bytes": chunk})


def _native_answer(said: Reply) -> bytes:
    content = {"output": {"message": _message(said)}, "stopReason": said.stop_reason, "usage": said.usage}
    return json.dumps(content, ensure_ascii=False).encode()


def _native(body: bytes) -> dict[str, Any]:
    """Nova's own request as the members of a Converse request."""
    try:
        request = json.loads(body)
        messages = [
            {"role": message["role"], "content": [_native_block(block) for block in message["content"]]}
            for message in request["messages"]
        ]
    except (ValueError, TypeError, KeyError, AttributeError, binascii.Error) as error:
        raise invalid("Malformed input request, please reformat your input and try again.") from error
    config = request.get("inferenceConfig") or {}
    limit = config.get("maxTokens", config.get("max_new_tokens"))
    known = {"stopSequences": config.get("stopSequences"), "maxTokens": limit}
    chosen = {name: value for name, value in known.items() if value is not None}
    return {"messages": messages, "system": request.get("system") or [], "inferenceConfig": chosen}


def _native_block(block: dict[str, Any]) -> dict[str, Any]:
    for kind in ("image", "video"):
        if kind in block and "bytes" in block[kind]["source"]:
            content = base64.b64decode(block[kind]["source"]["bytes"], validate=True)
            return {kind: {"format": block[kind]["format"], "source": {"bytes": content}}}
    return block
