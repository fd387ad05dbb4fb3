"""Calls into ``rows.zig``, which reads usual rows several times as fast as Python can.

``make setup`` builds it. Where it is missing, all rows take the long way: the result is the same, later.
"""

import ctypes
import platform
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from itertools import accumulate, compress, pairwise
from pathlib import Path
from typing import Final, NamedTuple

from tailor.datasets.ledger import Columns, Row
from tailor.datasets.split import group_hash
from tailor.errors import TailorError

SHAPES: Final = {"converse": 0, "openai-chat": 1}
"""The formats (:mod:`tailor.datasets.formats`) that are known."""
UNREAD: Final = 0
UNFINISHED: Final = 2
_LINES: Final = 4096
_MEND: Final = "remove {} and run 'make setup'"
_FRAME: Final = 64
_size, _int, _byte, _at = ctypes.c_size_t, ctypes.c_int64, ctypes.c_int8, ctypes.c_void_p


class MachineCodeError(TailorError):
    """The machine code can't be used: it is damaged, for another machine, or of another version than its callers."""

    code = "machine-code-unusable"


class _Split(ctypes.Structure):
    _fields_ = (
        ("block", ctypes.c_char_p), ("length", _size), ("line", _int), ("room", _size), ("starts", _at), ("ends", _at),
        ("numbers", _at), ("blanks", _at), ("rows", _size), ("blank", _size), ("used", _size),
    )  # fmt: skip


class _Settings(ctypes.Structure):
    _fields_ = (
        ("system", ctypes.c_char_p), ("system_length", _size), ("system_json", ctypes.c_char_p),
        ("system_json_length", _size), ("answered", ctypes.c_uint8), ("line_bytes", _int), ("context_tokens", _int),
        ("characters_low", ctypes.c_double), ("characters_expected", ctypes.c_double),
        ("characters_high", ctypes.c_double), ("long_enough", _int), ("short_answer", _int), ("unknown", _byte),
        ("english", _byte), ("vietnamese", _byte), ("least_letters", _size), ("enough", _size),
        ("letters", ctypes.c_char_p), ("letters_length", _size), ("long_kind", ctypes.c_int32),
    )  # fmt: skip


class _Columns(ctypes.Structure):
    _fields_ = tuple((name, _at) for name in Row._fields)


class _Take(ctypes.Structure):
    _fields_ = (
        ("settings", ctypes.POINTER(_Settings)), ("columns", _Columns), ("block", ctypes.c_char_p), ("length", _size),
        ("starts", _at), ("ends", _at), ("numbers", _at), ("count", _size), ("n", _int), ("file", ctypes.c_int32),
        ("part", _byte), ("shape", ctypes.c_uint8), ("states", _at), ("doubtful", _at), ("text_ends", _at),
        ("answer_starts", _at), ("record_ends", _at), ("texts", _at), ("texts_room", _size), ("records", _at),
        ("records_room", _size), ("text_bytes", _size), ("record_bytes", _size), ("unread", _size),
        ("unfinished", _size), ("doubtful_rows", _size),
    )  # fmt: skip


_FUNCTIONS: Final = (
    ("layout", ctypes.c_uint64),
    ("split", None, ctypes.POINTER(_Split)),
    ("seals", _size, ctypes.c_char_p, _size, ctypes.POINTER(_size), _at, _size),
    ("gather", _size, ctypes.c_char_p, _size, _at, ctypes.c_char_p, _size, _at),
    ("take", None, ctypes.POINTER(_Take)),
)


class Settings(NamedTuple):
    """What rows are for; the fields as ``rows.zig`` describes them."""

    system: bytes
    system_json: bytes
    answered: bool
    line_bytes: int
    context_tokens: int
    characters_low: float
    characters_expected: float
    characters_high: float
    long_enough: int
    short_answer: int
    unknown: int
    english: int
    vietnamese: int
    least_letters: int
    enough: int
    letters: bytes
    long_kind: int


class Origin(NamedTuple):
    """What lines are of: the format, one of SHAPES; the indexes of their file and part."""

    format: str
    file: int
    part: int


class Stretch(NamedTuple):
    """Lines of a block that hold rows: where they start and end, and their numbers in the file."""

    block: bytes
    starts: "array[int]"
    ends: "array[int]"
    numbers: "array[int]"

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def size(self) -> int:
        """Bytes from the first to the end of the last."""
        return self.ends[-1] - self.starts[0]

    def cut(self, start: int, end: int) -> "Stretch":
        return Stretch(self.block, self.starts[start:end], self.ends[start:end], self.numbers[start:end])


@dataclass(slots=True)
class Noted:
    """What became of lines. ``states``: UNREAD, UNFINISHED (its answer, kind, language and words are not noted) or
    another for each; ``doubtful``: a 1 for each whose letters may be apart from their marks, if there are such;
    ``texts`` holds those of the rows that were read, one row behind the other: its question, a line
    break, its answer, a full stop; ``records`` their records. A row begins where the one before ends."""

    states: "array[int]"
    doubtful: "array[int]"
    texts: bytes
    text_ends: "array[int]"
    answer_starts: "array[int]"
    records: bytes
    record_ends: "array[int]"
    unread: int
    unfinished: int

    def row(self, row: int) -> tuple[bytes, bytes]:
        """Question and answer."""
        start = self.text_ends[row - 1] if row else 0
        answer = self.answer_starts[row]
        return self.texts[start : answer - 1], self.texts[answer : self.text_ends[row] - 1]


@cache
def _library() -> ctypes.CDLL | None:
    machine, system = platform.machine(), platform.system().lower()
    file = f"rows-{machine.replace('arm64', 'aarch64')}-{system.replace('darwin', 'macos')}.bin"
    path = Path(__file__).with_name(file)
    if not path.exists():
        return None
    try:
        library = ctypes.CDLL(str(path))
        for name, result, *arguments in _FUNCTIONS:
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
    except (OSError, AttributeError) as error:
        raise MachineCodeError(f"the machine code can't be loaded: {error}", hint=_MEND.format(path)) from error
    expected = ctypes.sizeof(_Split) << 32 | ctypes.sizeof(_Settings) << 16 | ctypes.sizeof(_Take)
    if library.layout() != expected:
        raise MachineCodeError(f"{path.name} is of another version than its callers", hint=_MEND.format(path))
    return library


def is_there() -> bool:
    """Whether it was built for this machine."""
    return _library() is not None


def split(block: bytes, line: int) -> Iterator[tuple[Stretch, "array[int]"]]:
    """The lines of a block, some thousand at once, that hold rows, and the numbers of those that hold nothing but white
    space. ``line``: the number of the line before."""
    library = _library()
    if library is None:
        yield _split(block, line)
        return
    columns = [array("q", bytes(8 * _LINES)) for _ in range(4)]
    work = _Split(block, len(block), line, _LINES, *map(_address, columns))
    *found, blanks = columns
    while work.used < len(block):
        library.split(ctypes.byref(work))
        yield Stretch(block, *(column[: work.rows] for column in found)), blanks[: work.blank]


def _split(block: bytes, line: int) -> tuple[Stretch, "array[int]"]:
    found, blanks, at = Stretch(block, array("q"), array("q"), array("q")), array("q"), 0
    while at < len(block):
        end, line = block.find(b"\n", at) + 1 or len(block), line + 1
        if block[at:end].isspace():
            blanks.append(line)
        else:
            for column, value in zip(found[1:], (at, end, line), strict=True):
                column.append(value)
        at = end
    return found, blanks


def seals(block: bytes) -> "array[int]":
    """The hash of each line, with its line break (:func:`tailor.datasets.split.group_hash`)."""
    library = _library()
    if library is None:
        return array("q", map(group_hash, BytesIO(block)))
    found, some, used = array("q"), array("q", bytes(8 * _LINES)), _size(0)
    while used.value < len(block):
        count = library.seals(block, len(block), ctypes.byref(used), _address(some), _LINES)
        found += some[:count]
    return found


def gather(records: bytes, sizes: Sequence[int], mask: bytes) -> bytes | memoryview:
    """The records, which have these sizes and stand one behind the other, that the mask marks with a 1."""
    library = _library()
    if library is None:
        ends = list(accumulate(sizes, initial=0))
        return b"".join(records[start:end] for start, end in compress(pairwise(ends), mask))
    kept, lengths = array("B", bytes(len(records))), array("i", sizes)
    size = library.gather(records, len(records), _address(lengths), mask, len(mask), _address(kept))
    return memoryview(kept)[:size]


class Rows:
    """Reads usual rows. Only where :func:`is_there`."""

    def __init__(self, settings: Settings) -> None:
        library = _library()
        if library is None:
            raise RuntimeError("rows.zig was not built for this machine")
        self._take = library.take
        given = settings._asdict()
        for name in ("system", "system_json", "letters"):
            given[f"{name}_length"] = len(given[name])
        self._settings = _Settings(**given)
        self._more = len(settings.system) + len(settings.system_json) + _FRAME
        self._texts = self._records = array("B")

    def take(self, lines: Stretch, origin: Origin, first: int, columns: Columns, at: int) -> Noted:
        """Notes what lines hold in the columns, from place ``at`` on. ``first``: number of the first row in reading
        order."""
        # A turn of OpenAI's takes 29 bytes and more, and 13 more as Converse's.
        count, room = len(lines), lines.size + lines.size // 2 + len(lines) * self._more
        if len(self._records) < room:
            self._texts, self._records = array("B", bytes(room)), array("B", bytes(room))
        states, doubtful = (array("B", bytes(count)) for _ in range(2))
        text_ends, answer_starts, record_ends = (array("q", bytes(8 * count)) for _ in range(3))
        work = _Take(
            ctypes.pointer(self._settings), _Columns(*columns.addresses(at)), lines.block, len(lines.block),
            *map(_address, lines[1:]), count, first, origin.file,
            origin.part, SHAPES[origin.format],
            *map(_address, (states, doubtful, text_ends, answer_starts, record_ends)), _address(self._texts), room,
            _address(self._records), room,
        )  # fmt: skip
        self._take(ctypes.byref(work))
        texts = memoryview(self._texts)[: work.text_bytes].tobytes()
        records = memoryview(self._records)[: work.record_bytes].tobytes()
        if not work.doubtful_rows:
            doubtful = array("B")
        return Noted(
            states, doubtful, texts, text_ends, answer_starts, records, record_ends, work.unread, work.unfinished
        )


def _address(items: "array[int]") -> int:
    return items.buffer_info()[0]
