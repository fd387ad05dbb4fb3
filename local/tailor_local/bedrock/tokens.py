"""How many tokens the stand-in meters: a fixed rule, of the size that AWS's documents give for text and images."""

import io
import math
import re

from PIL import Image, UnidentifiedImageError

PIECE = re.compile(r"\w+|[^\w\s]")
PLAIN, ACCENTED = 4, 2.5  # letters a token
PIXELS = 620  # a token, beside a fixed part: about 800 tokens for 900 × 450 pixels, 1,450 for 900 × 900
IMAGE_LEAST = 60
SECONDS_OF_VIDEO = 288
BYTES_OF_VIDEO_SECOND = 125_000


def of_text(text: str) -> int:
    total = 0
    for piece in PIECE.findall(text):
        total += math.ceil(len(piece) / (PLAIN if piece.isascii() else ACCENTED))
    return total


def of_image(image: bytes) -> int:
    """From the pixel size; the least for bytes that can't be opened."""
    try:
        with Image.open(io.BytesIO(image)) as opened:
            width, height = opened.size
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        return IMAGE_LEAST
    return max(IMAGE_LEAST, math.ceil(width * height / PIXELS))


def of_video(video: bytes) -> int:
    """From the size of the file: frames are not read here."""
    return math.ceil(len(video) / BYTES_OF_VIDEO_SECOND) * SECONDS_OF_VIDEO
