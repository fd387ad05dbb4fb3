"""Decode images and videos of a request: ``data:`` URLs only. Nothing is fetched; sizes are checked before decoding."""

import base64
import binascii
import re
from collections.abc import Callable, Mapping

from tailor.serving.aliases import ImageFormat, MediaRules, VideoFormat
from tailor.serving.errors import ApiError

_HEADER = re.compile(r"data:(?:[\w.+-]+/[\w.+-]+)?(?:;[\w.+-]+=[\w.+-]+)*;base64,", re.ASCII | re.IGNORECASE)
_LONGEST_HEADER = 200

_SIGNATURES: Mapping[ImageFormat, Callable[[bytes], bool]] = {
    "png": lambda data: data.startswith(b"\x89PNG\r\n\x1a\n"),
    "jpeg": lambda data: data.startswith(b"\xff\xd8\xff"),
    "gif": lambda data: data.startswith((b"GIF87a", b"GIF89a")),
    "webp": lambda data: data.startswith(b"RIFF") and data[8:12] == b"WEBP",
}


_VIDEOS: Mapping[VideoFormat, Callable[[bytes], bool]] = {
    "mov": lambda data: data[4:12] == b"ftypqt  ",
    "mp4": lambda data: data[4:8] == b"ftyp",
    "webm": lambda data: data.startswith(b"\x1aE\xdf\xa3") and b"webm" in data[:64],
    "mkv": lambda data: data.startswith(b"\x1aE\xdf\xa3"),
}


def decode_video(url: str, rules: MediaRules, param: str) -> tuple[VideoFormat, bytes]:
    """Return a video's format, detected from the bytes, and the data. Raises ApiError 400 that names ``param``."""
    message = f"{param}: send the video itself, as data:video/mp4;base64,...; other URLs are not fetched"
    data = _decoded(url, ApiError(400, message, code="invalid_video_url", param=param), None, param)
    found = next((name for name, matches in _VIDEOS.items() if matches(data)), None)
    if found is None or found not in rules.video_formats:
        message = f"{param}: this is not a video in one of {', '.join(rules.video_formats)}"
        raise ApiError(400, message, code="invalid_video_format", param=param)
    return found, data


def decode(url: str, rules: MediaRules, param: str) -> tuple[ImageFormat, bytes]:
    """Return the format, detected from the bytes, and the data. Raises ApiError 400 that names ``param``."""
    message = f"{param}: send the image itself, as data:image/png;base64,...; other URLs are not fetched"
    data = _decoded(url, ApiError(400, message, code="invalid_image_url", param=param), rules, param)
    if len(data) > rules.image_bytes:
        raise _too_large(rules, param)
    found = next((name for name, matches in _SIGNATURES.items() if matches(data)), None)
    if found is None or found not in rules.image_formats:
        message = f"{param}: this is not an image in one of {', '.join(rules.image_formats)}"
        raise ApiError(400, message, code="invalid_image_format", param=param)
    return found, data


def _decoded(url: str, other: ApiError, rules: MediaRules | None, param: str) -> bytes:
    """Return the bytes of a ``data:`` URL; with ``rules``, no more than an image may have are decoded.

    Raises:
        ApiError: 400; ``other`` for another URL.
    """
    header = _HEADER.match(url, 0, _LONGEST_HEADER)
    if header is None:
        raise other
    encoded = url[header.end() :].replace("\n", "").replace("\r", "")  # MIME's base64 has lines
    if rules and len(encoded) * 3 // 4 - 2 > rules.image_bytes:
        raise _too_large(rules, param)
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        message = f"{param}: the part after 'base64,' is not base64 (RFC 4648, with + and /)"
        raise ApiError(400, message, code="invalid_base64", param=param) from None


def _too_large(rules: MediaRules, param: str) -> ApiError:
    message = f"{param}: the image is larger than {rules.image_bytes:,} bytes: make it smaller"
    return ApiError(400, message, code="image_too_large", param=param)
