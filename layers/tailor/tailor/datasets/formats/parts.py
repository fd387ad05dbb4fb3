"""Read the content of a turn: text, or a list of parts as OpenAI, Anthropic, Gemini and Hugging Face write them."""

from typing import Any, Final

import orjson

from tailor.datasets.example import Block, Media, MediaKind, Text
from tailor.datasets.formats.base import Row
from tailor.datasets.formats.chat import describe, media_of, tool_result, tool_use
from tailor.findings import Finding, finding

_MEDIA_PARTS: Final = ("image_url", "image", "input_image", "video_url", "video", "img", "image_path")
_TEXT_PARTS: Final = ("text", "input_text", "output_text")
_AUDIO: Final = ("audio", "audio_url", "input_audio")
_WITHOUT_TYPE: Final = ("image_url", "image", "video_url", "video")
_TYPES: Final = {
    **{key: key for key in _WITHOUT_TYPE},
    **dict.fromkeys(("fileData", "file_data", "inlineData", "inline_data"), "data"),
    **dict.fromkeys(("functionCall", "function_call"), "call"),
    **dict.fromkeys(("functionResponse", "function_response"), "response"),
}
_PLACES: Final = ("url", "path", "src", "file_name", "filename", "uri", "fileUri", "file_uri")


def blocks_of(content: Any, path: str, problems: list[Finding]) -> list[Block]:
    """Return the blocks of a content. A part for a picture that it does not name is an empty place for one."""
    if isinstance(content, str):
        return [Text(content)]
    if isinstance(content, dict):
        if isinstance(content.get("parts"), list):
            return blocks_of(content["parts"], f"{path}.parts", problems)
        content = [content]
    if not isinstance(content, list):
        problems.append(finding("wrong-type/content", path=path, kind=describe(content)))
        return []
    blocks: list[Block] = []
    for number, part in enumerate(content):
        block = _part(part, f"{path}[{number}]", problems)
        blocks += [block] if block else []
    return blocks


def text_of(content: Any, path: str, problems: list[Finding]) -> str:
    """Return a content that must be text, such as a system prompt or a tool's result."""
    blocks = blocks_of(content, path, problems)
    if any(not isinstance(block, Text) for block in blocks):
        problems.append(finding("media-not-allowed", path=path))
    return "".join(block.text for block in blocks if isinstance(block, Text))


def _part(part: Any, path: str, problems: list[Finding]) -> Block | None:
    if isinstance(part, str):
        return Text(part)
    if not isinstance(part, dict):
        problems.append(finding("unknown-block/part", path=path))
        return None
    kind = part.get("type")
    if kind is None:
        return _without_type(part, path, problems)
    if kind in _TEXT_PARTS:
        return _words(part, path, problems)
    if kind in _MEDIA_PARTS:
        return _shown(part, kind, path, problems)
    if kind in _AUDIO:
        problems.append(finding("audio-not-supported", path=path))
        return None
    if kind == "tool_use":
        return tool_use(str(part.get("id") or "call"), part.get("name"), part.get("input", {}), path, problems)
    if kind == "tool_result":
        identifier = str(part.get("tool_use_id") or "call")
        return tool_result(identifier, text_of(part.get("content") or "", f"{path}.content", problems))
    problems.append(finding("unknown-block/part-type", path=path, kind=kind))
    return None


def _words(part: Row, path: str, problems: list[Finding]) -> Block | None:
    text = part.get("text", part.get("value", part.get("content")))
    if isinstance(text, str):
        return Text(text)
    problems.append(finding("wrong-type/text", path=f"{path}.text", kind=describe(text)))
    return None


def _shown(part: Row, kind: str, path: str, problems: list[Finding]) -> Media | None:
    family: MediaKind = "video" if kind.startswith("video") else "image"
    keys = (kind, "image_url", "image", "video", "value", "url", "path", "source", "data")
    value = next((part[key] for key in keys if part.get(key) not in (None, "", {})), None)
    if value is None:
        index = part.get("index")
        return Media(family, place=index + 1 if type(index) is int and index >= 0 else 0)
    url = _url(value) if isinstance(value, dict) else value
    if isinstance(url, bytes):
        return Media(family, data=url)
    if isinstance(url, str) and url:
        return media_of(url, family, f"{path}.{kind}", problems)
    problems.append(finding("media-missing/part", path=path, kind=kind))
    return None


def _url(value: Row) -> Any:
    """Return the URL in OpenAI's ``{"url": "…"}`` or in ``{"type": "base64", "media_type": "…", "data": "…"}``, or the
    bytes in Hugging Face's ``{"bytes": …, "path": "…"}``."""
    if isinstance(value.get("bytes"), bytes):
        return value["bytes"]
    data = value.get("data")
    if isinstance(data, str) and (value.get("type") == "base64" or "mimeType" in value or "mime_type" in value):
        kind = value.get("media_type") or value.get("mimeType") or value.get("mime_type") or ""
        return f"data:{kind};base64,{data}"
    return next((value[key] for key in _PLACES if value.get(key)), None)


def _without_type(part: Row, path: str, problems: list[Finding]) -> Block | None:
    """Return Gemini's parts, and others whose key is their type, with a type."""
    if isinstance(part.get("text"), str):
        return Text(part["text"])
    key, value = next(((_TYPES[key], value) for key, value in part.items() if key in _TYPES), ("", None))
    if key in _WITHOUT_TYPE:
        return _shown({"image_url": value}, key, path, problems)
    if not isinstance(value, dict):
        problems.append(finding("unknown-block/part", path=path))
        return None
    if key == "data":
        kind = str(value.get("mimeType") or value.get("mime_type") or "")
        if kind.startswith("audio/"):
            problems.append(finding("audio-not-supported", path=path))
            return None
        return _shown({"image_url": value}, "video" if kind.startswith("video/") else "image", path, problems)
    identifier = str(value.get("id") or value.get("name") or "call")
    if key == "call":
        return tool_use(identifier, value.get("name"), value.get("args", {}), path, problems)
    return tool_result(identifier, orjson.dumps(value.get("response"), default=str).decode())
