"""AWS's binary event stream, from the reader's side.

A message is a prelude (total length, length of the headers, CRC of both), the headers, the payload and a CRC of all.
https://docs.aws.amazon.com/AmazonS3/latest/API/RESTSelectObjectAppendix.html describes the encoding.
"""

import struct
import zlib
from collections.abc import Callable, Iterator

_PRELUDE = struct.Struct("!III")
_CRC = struct.Struct("!I")
_MOST = 25 << 20  # bytes of a message; the format allows 24 MiB
_STRING = 7
_SIZES = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}  # bytes of a header's value, by its type; 6 and 7 say theirs
_BYTES = 6


class BrokenStreamError(Exception):
    """Raised where a message is cut short or damaged."""


def messages(read: Callable[[int], bytes]) -> Iterator[tuple[dict[str, str], bytes]]:
    """Yield the headers that are texts, and the payload, of each message until the stream ends.

    Args:
        read: returns as many bytes as it is asked for; fewer only at the end.
    Raises:
        BrokenStreamError: a message is cut short or damaged.
    """
    while head := read(_PRELUDE.size):
        if len(head) < _PRELUDE.size:
            raise BrokenStreamError("cut short within a prelude")
        total, headers_length, checksum = _PRELUDE.unpack(head)
        rest = total - _PRELUDE.size
        if zlib.crc32(head[:8]) != checksum or not headers_length + _CRC.size <= rest <= _MOST:
            raise BrokenStreamError("a damaged prelude")
        body = read(rest)
        if len(body) < rest or zlib.crc32(head + body[: -_CRC.size]) != _CRC.unpack(body[-_CRC.size :])[0]:
            raise BrokenStreamError("a message is cut short or damaged")
        yield _headers(body[:headers_length]), body[headers_length : -_CRC.size]


def _headers(data: bytes) -> dict[str, str]:
    found, place = {}, 0
    try:
        while place < len(data):
            name_end = place + 1 + data[place]
            name, kind, place = data[place + 1 : name_end].decode(), data[name_end], name_end + 1
            size = _SIZES.get(kind)
            if size is None:
                if kind not in (_BYTES, _STRING):
                    raise BrokenStreamError(f"a header of an unknown type {kind}")
                size = int.from_bytes(data[place : place + 2])
                place += 2
            if kind == _STRING:
                found[name] = data[place : place + size].decode()
            place += size
    except (IndexError, UnicodeDecodeError) as error:
        raise BrokenStreamError("a damaged header") from error
    if place != len(data):
        raise BrokenStreamError("a damaged header")
    return found
