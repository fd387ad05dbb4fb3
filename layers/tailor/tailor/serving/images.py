"""Read images and videos of a request: from ``data:`` URLs, and from the project's own uploads by ``s3://``.

No other URL is fetched. Sizes are checked before anything is decoded or read.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from os import SEEK_END
from typing import Any, BinaryIO

from tailor.errors import NotAllowedError, NotFoundError
from tailor.names import UPLOADS
from tailor.serving.aliases import ImageFormat, MediaRules, VideoFormat
from tailor.serving.errors import ApiError
from tailor.storage import Storage

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


MOST_BYTES = 13 * 2**20
"""Bytes of media from uploads that a request carries, beside those of its own ``data:`` URLs: Converse takes 25 MB of
base64. What is beyond stays where it is, and Bedrock reads it there."""
_HEAD = 64  # bytes that tell a format
_LONGEST_KEY = 1024


class RequestMedia:
    """The images and videos of one request to a project's model.

    Args:
        uploads: opens the bucket of uploads; called only if the request names an object there.
    """

    def __init__(self, project: str, rules: MediaRules, uploads: Callable[[], Storage] | None = None) -> None:
        self._project, self._rules, self._uploads = project, rules, uploads
        self._left = MOST_BYTES

    def image(self, url: str, param: str) -> dict[str, Any]:
        """Return an image as Converse takes it. Raises ApiError 400 that names ``param``."""
        if not url.startswith("s3://"):
            kind, data = decode(url, self._rules, param)
            return {"format": kind, "source": {"bytes": data}}
        with self._own(url, param, code="invalid_image_url") as (file, size):
            if size > self._rules.image_bytes:
                raise _too_large(self._rules.image_bytes, param, code="image_too_large")
            return {
                "format": _image_format(file.read(_HEAD), self._rules, param),
                "source": self._source(url, file, size),
            }

    def video(self, url: str, param: str) -> dict[str, Any]:
        """Return a video as Converse takes it. Raises ApiError 400 that names ``param``."""
        if not url.startswith("s3://"):
            kind, data = decode_video(url, self._rules, param)
            return {"format": kind, "source": {"bytes": data}}
        with self._own(url, param, code="invalid_video_url") as (file, size):
            if size > self._rules.video_bytes:
                raise _too_large(self._rules.video_bytes, param, code="video_too_large")
            return {
                "format": _video_format(file.read(_HEAD), self._rules, param),
                "source": self._source(url, file, size),
            }

    @contextmanager
    def _own(self, url: str, param: str, *, code: str) -> Iterator[tuple[BinaryIO, int]]:
        """Open an object of the project's uploads; yield it and its size."""
        storage = self._uploads and self._uploads()
        root = f"{storage.uri('')}{UPLOADS}{self._project}/" if storage else ""
        name = url.removeprefix(root)
        if not storage or name == url or not _is_plain(name):
            where = f"s3://…/{UPLOADS}{self._project}/…"
            raise ApiError(400, f"{param}: only the project's own uploads are read, {where}", code=code, param=param)
        try:
            with storage.open(url.removeprefix(storage.uri(""))) as file:
                size = file.seek(0, SEEK_END)
                file.seek(0)
                yield file, size
        except (NotFoundError, NotAllowedError):
            message = f"{param}: there is no such object, or it can't be read"
            raise ApiError(400, message, code=code, param=param) from None

    def _source(self, url: str, file: BinaryIO, size: int) -> dict[str, Any]:
        """Return an object's bytes, which every model takes, or its place where a request can't carry them."""
        if size > self._left:
            return {"s3Location": {"uri": url}}
        self._left -= size
        file.seek(0)
        return {"bytes": file.read()}


def _is_plain(name: str) -> bool:
    """Return whether a key's end names one object and nothing else, whoever reads it."""
    steps = name.split("/")
    return len(name.encode()) <= _LONGEST_KEY and name.isprintable() and not {"", ".", ".."} & {*steps}


def decode_video(url: str, rules: MediaRules, param: str) -> tuple[VideoFormat, bytes]:
    """Return a video's format, detected from the bytes, and the data. Raises ApiError 400 that names ``param``."""
    message = f"{param}: send the video itself, as data:video/mp4;base64,...; other URLs are not fetched"
    data = _decoded(url, ApiError(400, message, code="invalid_video_url", param=param), None, param)
    return _video_format(data, rules, param), data


def _video_format(data: bytes, rules: MediaRules, param: str) -> VideoFormat:
    found = next((name for name, matches in _VIDEOS.items() if matches(data)), None)
    if found is None or found not in rules.video_formats:
        message = f"{param}: this is not a video in one of {', '.join(rules.video_formats)}"
        raise ApiError(400, message, code="invalid_video_format", param=param)
    return found


def decode(url: str, rules: MediaRules, param: str) -> tuple[ImageFormat, bytes]:
    """Return the format, detected from the bytes, and the data. Raises ApiError 400 that names ``param``."""
    message = f"{param}: send the image itself, as data:image/png;base64,...; other URLs are not fetched"
    data = _decoded(url, ApiError(400, message, code="invalid_image_url", param=param), rules, param)
    if len(data) > rules.image_bytes:
        raise _too_large(rules.image_bytes, param, code="image_too_large")
    return _image_format(data, rules, param), data


def _image_format(data: bytes, rules: MediaRules, param: str) -> ImageFormat:
    found = next((name for name, matches in _SIGNATURES.items() if matches(data)), None)
    if found is None or found not in rules.image_formats:
        message = f"{param}: this is not an image in one of {', '.join(rules.image_formats)}"
        raise ApiError(400, message, code="invalid_image_format", param=param)
    return found


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
        raise _too_large(rules.image_bytes, param, code="image_too_large")
    try:
        return base64.b64decode(encoded.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        message = f"{param}: the part after 'base64,' is not base64 (RFC 4648, with + and /)"
        raise ApiError(400, message, code="invalid_base64", param=param) from None


def _too_large(most: int, param: str, *, code: str) -> ApiError:
    message = f"{param}: the {code.partition('_')[0]} is larger than {most:,} bytes: make it smaller"
    return ApiError(400, message, code=code, param=param)
