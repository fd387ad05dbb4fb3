"""Draw small pictures with Vietnamese questions, which probes of a deployed stack upload."""

import struct
import zlib
from dataclasses import dataclass

COLOURS = {
    "đỏ": (214, 28, 36),
    "xanh": (28, 84, 214),
    "vàng": (246, 206, 18),
    "đen": (20, 20, 20),
    "tím": (134, 36, 168),
}
SIDE = 160  # pixels


@dataclass(frozen=True, slots=True)
class ProbePicture:
    name: str
    question: str
    answer: str
    png: bytes


def pictures() -> list[ProbePicture]:
    """Return ten pictures: a square of each colour, on the left and on the right."""
    found: list[ProbePicture] = []
    for answer, colour in COLOURS.items():
        for left in (True, False):
            number = len(found) + 1
            question = f"Hình vuông ở bên {'trái' if left else 'phải'} màu gì?"
            found.append(ProbePicture(f"{number}.png", question, answer, _png(colour, 20 if left else 90)))
    return found


def _png(colour: tuple[int, int, int], left: int) -> bytes:
    """Return a white picture with a square of 50 pixels, whose left edge is at ``left``."""
    white = b"\xff\xff\xff"
    blank = b"\0" + white * SIDE  # 0: the line is not filtered
    marked = b"\0" + white * left + bytes(colour) * 50 + white * (SIDE - left - 50)
    lines = b"".join(marked if 55 <= y < 105 else blank for y in range(SIDE))
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 8, 2, 0, 0, 0)  # 8 bits, RGB
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
