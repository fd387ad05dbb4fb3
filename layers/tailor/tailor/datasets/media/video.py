"""Read the format and duration of a video from its header, with a few ranged reads whatever the file's size."""

import struct
from collections.abc import Callable, Iterator

from tailor.datasets.media.problem import MediaError

ReadRange = Callable[[int, int], bytes]
"""``read(start, length)``; returns fewer bytes at the end of the file."""

HEAD = 64 * 1024
_MOST_BOXES = 256
_SEGMENT, _INFO, _DURATION, _SCALE = 0x18538067, 0x1549A966, 0x4489, 0x2AD7B1
_EBML, _DOC_TYPE = 0x1A45DFA3, 0x4282


def inspect(read: ReadRange, size: int) -> tuple[str, float | None]:
    """Return the format as Converse names it (mp4, mov, mkv, webm) and the seconds (None if the header lacks them).

    Raises MediaError where it is none of these, or damaged.
    """
    head = read(0, min(size, HEAD))
    try:
        if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free"):
            return _mp4(read, size, head)
        if head.startswith(_EBML.to_bytes(4)):
            return _matroska(head)
    except (struct.error, IndexError, ZeroDivisionError) as error:
        raise MediaError("video-unreadable", reason="its header is damaged") from error
    raise MediaError("video-unreadable", reason="it is none of MP4, MOV, MKV and WebM")


def _mp4(read: ReadRange, size: int, head: bytes) -> tuple[str, float | None]:
    format = "mov" if head[4:8] != b"ftyp" or head[8:12] == b"qt  " else "mp4"
    for kind, start, length in _boxes(read, 0, size):
        if kind == b"moov":
            for inner, inner_start, _ in _boxes(read, start, start + length):
                if inner == b"mvhd":
                    return format, _movie_seconds(read(inner_start, 32))
            return format, None
    raise MediaError("video-unreadable", reason="it holds no 'moov' box; it was probably cut off")


def _boxes(read: ReadRange, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Yield the kind of each box between two offsets, with the start of its content and its length."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return
        header = read(start, 16)
        length, kind = struct.unpack(">I4s", header[:8])
        skip = 8
        if length == 1:
            length, skip = struct.unpack(">Q", header[8:16])[0], 16
        length = end - start if length == 0 else length
        if length < skip or start + length > end:
            raise MediaError("video-unreadable", reason="it is cut off")
        yield kind, start + skip, length - skip
        start += length


def _movie_seconds(header: bytes) -> float | None:
    if header[0] == 1:
        scale, duration = struct.unpack(">IQ", header[20:32])
    else:
        scale, duration = struct.unpack(">II", header[12:20])
    return duration / scale if scale and duration else None


def _matroska(head: bytes) -> tuple[str, float | None]:
    start, length, _ = _element(head, 0)
    kinds = {identity: head[at : at + size] for identity, at, size in _elements(head, start, start + length)}
    format = "webm" if kinds.get(_DOC_TYPE, b"").rstrip(b"\0") == b"webm" else "mkv"
    segment, _, identity = _element(head, start + length)
    if identity != _SEGMENT:
        raise MediaError("video-unreadable", reason="it holds no segment")
    for found, at, size in _elements(head, segment, len(head)):
        if found == _INFO:
            info = {key: head[a : a + n] for key, a, n in _elements(head, at, min(at + size, len(head)))}
            raw = info.get(_DURATION, b"")
            scale = int.from_bytes(info.get(_SCALE, b"")) or 1_000_000
            if len(raw) in (4, 8):
                return format, struct.unpack(">f" if len(raw) == 4 else ">d", raw)[0] * scale / 1e9
            return format, None
    return format, None


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Return the start of an EBML element's content, its length and its id."""
    width = 9 - data[at].bit_length()
    identity = int.from_bytes(data[at : at + width])
    at += width
    width = 9 - data[at].bit_length()
    length = int.from_bytes(data[at : at + width]) & ((1 << 7 * width) - 1)
    if length == (1 << 7 * width) - 1:  # unknown: until the end
        length = len(data)
    return at + width, length, identity


def _elements(data: bytes, at: int, end: int) -> Iterator[tuple[int, int, int]]:
    while at + 2 <= min(end, len(data)):
        start, length, identity = _element(data, at)
        yield identity, start, length
        at = start + length
