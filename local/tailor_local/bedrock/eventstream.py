"""AWS's binary event stream, from the sender's side: what ConverseStream and InvokeModelWithResponseStream answer with.

A message is a prelude (total length, length of the headers, CRC of both), the headers, the payload and a CRC of all.
"""

import json
import struct
import zlib
from typing import Any

from botocore.model import StructureShape

from tailor_local.bedrock.wire import encode

STRING = 7  # the type of a header's value


def message(headers: dict[str, str], payload: bytes) -> bytes:
    head = b"".join(_header(name, value) for name, value in headers.items())
    prelude = struct.pack("!II", 12 + len(head) + len(payload) + 4, len(head))
    body = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return body + struct.pack("!I", zlib.crc32(body))


def event(stream: StructureShape, name: str, value: dict[str, Any]) -> bytes:
    """Return one event of ``stream``: ``name`` is its member, ``value`` that member's content."""
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return message(headers, _json(encode(stream.members[name], value)))


def exception(name: str, text: str) -> bytes:
    """Return an error inside the stream, after status 200. ``name`` is the stream's member, as throttlingException."""
    headers = {":exception-type": name, ":content-type": "application/json", ":message-type": "exception"}
    return message(headers, _json({"message": text}))


def _header(name: str, value: str) -> bytes:
    key, text = name.encode(), value.encode()
    return struct.pack("!B", len(key)) + key + struct.pack("!BH", STRING, len(text)) + text


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
