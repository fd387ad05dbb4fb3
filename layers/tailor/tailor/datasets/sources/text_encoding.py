"""Convert text in any encoding to UTF-8: byte order marks, UTF-16, Windows-1258 and other old encodings.

Everything downstream reads UTF-8 bytes whose lines end in ``\\n``. Plain UTF-8 passes through untouched and unchecked:
a stray bad byte in it is a problem of its row, not of the file.
"""

import codecs
import io
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from tailor.datasets.sources import legacy_encodings

CHUNK = 1 << 20
_WORD: Final = re.compile(r"[^\s\"',;|<>()\[\]{}]+")
_LOST: Final = re.compile(r"[^\W\d_]\?[^\W\d_]|(?<!\w)\?[^\W\d_]{1,6}(?!\w)")
_MAYBE_LOST: Final = re.compile(r"\?[^\W\d_]")  # part of what _LOST finds, and found faster
_ADDRESS: Final = re.compile(r"[/=&@\\]")
_LEAST_LOST: Final = 5
_SHARE_LOST: Final = 0.05
_LOOKED_AT: Final = 1 << 17
MAX_LINE = 32 << 20
"""Maximum line or JSON value in bytes. Rows contain at most a few base64 images; anything longer is not a row."""

_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


_MOST_MARKS = 32


@dataclass(frozen=True, slots=True)
class Encoding:
    """``name`` is a codec of Python or of ``legacy_encodings``; ``mark`` the length of the byte order mark.
    ``returns`` is True for files whose lines end in carriage returns alone."""

    name: str
    mark: int = 0
    returns: bool = False

    @property
    def is_plain(self) -> bool:
        return self.name == "utf-8" and not self.returns


UTF8: Final = Encoding("utf-8")


def guess_encoding(sample: bytes, *, whole: bool) -> Encoding | None:
    """Return the encoding by the first bytes of a file; ``whole``: there are no more. None if it is not text."""
    for mark, name in _MARKS:
        if sample.startswith(mark):
            return Encoding(name, len(mark))
    wide = _wide(sample)
    if wide:
        return Encoding(wide)
    if _is_binary(sample):
        return None
    returns = b"\r" in sample and b"\n" not in sample and b"\r" in sample[:-1]
    if _is_utf8(sample, whole=whole):
        return Encoding("utf-8", returns=returns)
    old = legacy_encodings.guess(sample)
    return Encoding(old, returns=returns) if old else None


def _wide(sample: bytes) -> str | None:
    """Return UTF-16 without a mark, recognised because nearly every other byte of Latin text is zero; else None."""
    head = sample[: 4096 - (len(sample) % 2 if len(sample) < 4096 else 0)]
    if len(head) < 4 or b"\0" not in head:
        return None
    half = len(head) // 2
    even, odd = head[::2].count(0) / half, head[1::2].count(0) / half
    if odd > 0.3 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.3 and odd < 0.05 else None


def _is_binary(sample: bytes) -> bool:
    controls = sum(sample.count(byte) for byte in range(32) if byte not in b"\t\n\v\f\r\x1b")
    return controls > max(2, len(sample) // 100)


def _is_utf8(sample: bytes, *, whole: bool) -> bool:
    """Return whether bytes are UTF-8. A few bad ones are damage; in other encodings hardly any sequence is valid."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(sample, final=whole)
    except UnicodeDecodeError:
        text = sample.decode("utf-8", "replace")
        damaged = text.count("\ufffd")
        good = sum(1 for character in text if character > "\x7f") - damaged
        return good > 2 * damaged
    return True


class _Transcoder(io.RawIOBase):
    """Reads text in another encoding as UTF-8. Undecodable bytes become U+FFFD, which the checks report. It owns the
    source."""

    def __init__(self, source: BinaryIO, encoding: Encoding) -> None:
        self._source = source
        self._pieces = _decoded(source, encoding)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece.encode("utf-8", "replace")
        count = min(len(view), len(self._rest))
        view[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._source.close()


def _decoded(source: BinaryIO, encoding: Encoding) -> Iterator[str]:
    decoder = legacy_encodings.decoder(encoding.name)
    held = ""
    while True:
        chunk = source.read(1 << 16)
        text = held + decoder.decode(chunk, final=not chunk)
        combining = encoding.name in legacy_encodings.COMBINING
        cut = _before_last_letter(text) if combining and chunk else len(text)
        piece, held = text[:cut], text[cut:]
        if combining:
            piece = unicodedata.normalize("NFC", piece)
        if encoding.returns:
            piece = piece.replace("\r", "\n")
        if piece:
            yield piece
        if not chunk:
            return


def _before_last_letter(text: str) -> int:
    """Return where to cut text so that no letter is separated from its marks, including those still to come."""
    least = max(0, len(text) - _MOST_MARKS)
    return next((cut for cut in range(len(text) - 1, least, -1) if not unicodedata.combining(text[cut])), least)


def as_utf8(source: BinaryIO, encoding: Encoding) -> BinaryIO:
    """Return ``source``, at its start, as a stream of UTF-8 bytes without a byte order mark."""
    source.read(encoding.mark)
    if encoding.is_plain:
        return source
    return io.BufferedReader(_Transcoder(source, encoding), CHUNK)


def decoded_text(data: bytes) -> str | None:
    """Return all of a text, whatever its encoding; None if that is unknown."""
    encoding = guess_encoding(data, whole=True)
    return as_utf8(io.BytesIO(data), encoding).read().decode("utf-8", "replace") if encoding else None


def lines(source: BinaryIO) -> Iterator[bytes]:
    """Yield lines with their ends; see :func:`blocks` for those that are too long."""
    for block in blocks(source):
        yield from io.BytesIO(block)


def blocks(source: BinaryIO) -> Iterator[bytes]:
    """Yield blocks of whole lines, about CHUNK (1 MiB) each.

    Of a line over MAX_LINE (32 MiB) come its first MAX_LINE + 1 bytes and a line break, without the rest."""
    # Where reading breaks, what came before it counts: so what is there is taken as it comes.
    read = source.read1 if isinstance(source, io.BufferedIOBase) else source.read
    held = bytearray()
    while part := read(CHUNK):
        end = part.rfind(b"\n") + 1
        if not end:
            if len(held) <= MAX_LINE:
                held += part
            continue
        first = part.find(b"\n") + 1
        if len(held) + first > MAX_LINE + 1:
            held = (held + part[:first])[: MAX_LINE + 1] + b"\n"
        else:
            first = 0
        yield b"".join([held, part[first:end]])
        held = bytearray(part[end:])
    if held:
        yield bytes(held[: MAX_LINE + 1])


def _is_lost(place: str) -> bool:
    """Return whether a question mark stands for a letter: it does not end a sentence, which a space would follow."""
    return not (place[0].islower() and place[-1].isupper())


def letters_lost(text: str) -> str | None:
    """Return a word with question marks in place of letters, if many words are so: the text was saved in an encoding
    without these letters, which are lost."""
    text = text[:_LOOKED_AT]
    if len(_MAYBE_LOST.findall(text)) < _LEAST_LOST:
        return None
    words = [word for word in _WORD.findall(text) if not _ADDRESS.search(word)]
    lost = [word for word in words if "?" in word and any(map(_is_lost, _LOST.findall(word)))]
    return max(lost, key=len)[:40] if len(lost) >= max(_LEAST_LOST, _SHARE_LOST * len(words)) else None
