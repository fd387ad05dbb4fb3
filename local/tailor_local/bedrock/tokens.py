"""Count tokens as the stand-in meters them, by fixed rules of the size that AWS's documents give for text, images and
video.

- Text: a word has a token for every 4 letters, for every 2.5 where it has accents; each symbol is one.
- An image takes the closest of the documented shapes and is enlarged to 896 pixels; then it costs by its area. Models
  of Llama lay it on tiles of 560 pixels, at most four, of 1,601 tokens.
- Video: 288 tokens a second.
"""

import io
import math
import re
import struct

from PIL import Image, UnidentifiedImageError

PIECE = re.compile(r"\w+|[^\w\s]")
PLAIN, ACCENTED = 4, 2.5  # letters a token
RATIOS = (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)  # longer side by shorter
SIDE = 896
FIXED, PIXELS = 230, 715  # tokens of any image, and pixels a token: within 12 % of AWS's five examples
TILE, TILES, TILE_TOKENS = 560, 4, 1601
VIDEO_SECOND = 288
BYTES_OF_VIDEO_SECOND = 125_000  # where a file does not say how long it is


def of_text(text: str) -> int:
    total = 0
    for piece in PIECE.findall(text):
        total += math.ceil(len(piece) / (PLAIN if piece.isascii() else ACCENTED))
    return total


def of_image(image: bytes, provider: str) -> int:
    """From the pixel size; the least for bytes that can't be opened. ``provider`` of the model that looks."""
    try:
        with Image.open(io.BytesIO(image)) as opened:
            width, height = opened.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        width = height = 1
    return by_size(width, height, provider)


def by_size(width: int, height: int, provider: str) -> int:
    return _tiled(width, height) if provider == "Meta" else _by_area(width, height)


def _by_area(width: int, height: int) -> int:
    shape = max(width, height) / min(width, height)
    closest = min(RATIOS, key=lambda ratio: abs(ratio - shape))
    longer = max(width, height, SIDE)
    return FIXED + math.ceil(longer * longer / closest / PIXELS)


def _tiled(width: int, height: int) -> int:
    """On the tiles that show the whole image without shrinking it, else on those that shrink it least."""
    layouts = [(wide, high) for wide in range(1, TILES + 1) for high in range(1, TILES // wide + 1)]

    def rank(layout: tuple[int, int]) -> tuple[bool, float, int]:
        wide, high = layout
        scale = min(wide * TILE / width, high * TILE / height)
        return scale < 1, abs(math.log(scale)), wide * high

    wide, high = min(layouts, key=rank)
    return wide * high * TILE_TOKENS


def of_video(video: bytes) -> int:
    """From the length that an MP4 or MOV file says it has; else from its size."""
    at = video.find(b"mvhd")
    try:
        long = video[at + 4] == 1
        scale, duration = struct.unpack_from(">IQ" if long else ">II", video, at + (24 if long else 16))
        seconds = float(duration / scale)
    except (struct.error, IndexError, ZeroDivisionError):
        at = -1
    if at < 0:
        seconds = math.ceil(len(video) / BYTES_OF_VIDEO_SECOND)
    return math.floor(seconds * VIDEO_SECOND)
