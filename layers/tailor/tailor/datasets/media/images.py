"""Inspect one image: whether it is intact, what it is, and what must be changed for the model.

Pillow opens it; the format is told by the bytes, never by the name.
"""

import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from tailor.catalog import Limits
from tailor.datasets.media.byte_budget import ByteBudget
from tailor.datasets.media.problem import MediaError

MAX_PIXELS = 100_000_000
_ORIENTATION = 0x0112
_CONVERSE_NAME = {"PNG": "png", "JPEG": "jpeg", "MPO": "jpeg", "GIF": "gif", "WEBP": "webp"}
_PLAIN_MODES = frozenset({"1", "L", "LA", "P", "PA", "RGB", "RGBA"})
_LOSSY = frozenset({"JPEG", "MPO"})
_QUALITIES = (95, 90, 85, 75)
_LARGE = 2048
_GRID = 16
_COLOURS = 4

Image.MAX_IMAGE_PIXELS = None  # sizes are checked here, with a finding instead of a warning
# Blocks above 32 MiB come from the system and go back to it. Each thread would keep smaller ones for itself: 16 threads
# with a large picture each held 9 GiB.
Image.core.set_block_size(64 * 1024 * 1024)  # type: ignore[attr-defined]


_ROOM = ByteBudget(MAX_PIXELS)
"""Pixels up to which threads decode pictures concurrently."""


@dataclass(frozen=True, slots=True)
class Picture:
    """``format`` is Converse's name, or None where Converse has none; ``look`` is the perceptual hash (see
    :func:`look_of`); ``changes`` says in words what keeps the model from taking it as it is."""

    format: str | None
    width: int
    height: int
    frames: int
    look: bytes
    changes: tuple[str, ...]


def inspect(data: bytes, limits: Limits) -> Picture:
    """Open and decode an image. Raises MediaError if it is damaged, too big or too small."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns of oddities in metadata that do no harm
        try:
            with Image.open(io.BytesIO(data)) as image:
                _check_size(image, limits)
                with _ROOM.acquire(image.width * image.height):
                    return _inspect_open(image, len(data), limits)
        except UnidentifiedImageError as error:
            raise MediaError("image-unreadable", reason=_what(data)) from error
        except (OSError, SyntaxError, ValueError, EOFError, ArithmeticError, LookupError, TypeError) as error:
            said = str(error)
            reason = "it is cut off" if "truncated" in said or not said else f"it is damaged ({said[:100]})"
            raise MediaError("image-unreadable", reason=reason) from error


def _what(data: bytes) -> str:
    """Return what a file is instead of a picture, judged by its first bytes, and the fix."""
    head = data[:512].lstrip()
    start = head[:200].lower()
    if not data:
        return "the file is empty (0 bytes)"
    if not data.strip(b"\0"):
        return "the file holds nothing but zero bytes"
    if head.startswith(b"version https://git-lfs"):
        return "it is a pointer of Git LFS, not the picture (run git lfs pull)"
    if data[4:8] == b"ftyp" and data[8:11] in (b"hei", b"hev", b"mif", b"msf"):
        return "it is a HEIC photo (save it as JPEG)"
    if b"<svg" in start:
        return "it is an SVG drawing (save it as PNG)"
    if start.startswith((b"<!doctype html", b"<html", b"<?xml", b"{")):
        return "it is a web page or a message, probably the error of a download"
    if head.startswith(b"%PDF-"):
        return "it is a PDF document (save its pages as PNG)"
    return "it is no picture in a known format"


def _check_size(image: Image.Image, limits: Limits) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise MediaError("image-too-big", pixels=width * height // 1_000_000, limit=MAX_PIXELS // 1_000_000)
    if min(width, height) < (limits.image_min_side or 1):
        raise MediaError("image-too-small", width=width, height=height, limit=limits.image_min_side)


def _inspect_open(image: Image.Image, size: int, limits: Limits) -> Picture:
    width, height = image.size
    kind, mode, frames = image.format or "", image.mode, getattr(image, "n_frames", 1)
    frames = 1 if kind == "MPO" else frames
    format = _CONVERSE_NAME.get(kind)
    changes = []
    if format not in limits.image_formats:
        changes.append(f"{kind} is not a format that the model takes")
    if mode not in _PLAIN_MODES:
        changes.append("it has more than 8 bits a channel" if mode[0] in "IF" else f"its colour mode is {mode}")
    if image.getexif().get(_ORIENTATION, 1) not in (0, 1):
        changes.append("it is stored rotated")
    if frames > 1:
        changes.append("it is animated")
    if limits.image_bytes and size > limits.image_bytes:
        changes.append(f"it is {size} bytes, more than {limits.image_bytes}")
    if limits.image_max_side and max(width, height) > limits.image_max_side:
        changes.append(f"it is {width} x {height} pixels, more than {limits.image_max_side} a side")
    image.draft("RGB", (2 * _GRID, 2 * _GRID))  # a JPEG is decoded at an eighth of its size: much faster, as thorough
    image.load()
    return Picture(format, width, height, frames, look_of(image), tuple(changes))


def look_of(image: Image.Image) -> bytes:
    """Return a perceptual hash: 256 bits for where the picture gets darker from left to right, then 4 x 4 mean colours.

    80 bytes. Pictures that differ in size, compression or slightly in brightness have nearly the same bits.
    """
    if max(image.size) > _LARGE and image.mode in ("L", "RGB", "RGBA"):
        image = image.reduce(math.ceil(max(image.size) / _LARGE))
    plain = image.convert("RGBA") if "A" in image.mode or "transparency" in image.info else image.convert("RGB")
    if plain.mode == "RGBA":
        ground = Image.new("RGBA", plain.size, "white")
        plain = Image.alpha_composite(ground, plain).convert("RGB")
    grey = plain.convert("L").resize((_GRID + 1, _GRID), Image.Resampling.BOX).tobytes()
    bits = 0
    for row in range(_GRID):
        start = row * (_GRID + 1)
        for left, right in zip(grey[start : start + _GRID], grey[start + 1 : start + _GRID + 1], strict=True):
            bits = bits << 1 | (left > right + 2)
    return bits.to_bytes(_GRID * _GRID // 8) + plain.resize((_COLOURS, _COLOURS), Image.Resampling.BOX).tobytes()


def converted(data: bytes, limits: Limits) -> tuple[bytes, str]:
    """Return the image as the model takes it, with its format: upright, first frame, 8 bits, within the limits.

    Lossless where that fits, else JPEG at the best quality that does, else scaled down.
    """
    with warnings.catch_warnings(), Image.open(io.BytesIO(data)) as source:
        warnings.simplefilter("ignore")
        with _ROOM.acquire(source.width * source.height):
            return _saved(_plain(ImageOps.exif_transpose(source)), source.format in _LOSSY, limits)


def _saved(image: Image.Image, lossy: bool, limits: Limits) -> tuple[bytes, str]:
    side = limits.image_max_side or max(image.size)
    image.thumbnail((side, side), Image.Resampling.LANCZOS)
    most = limits.image_bytes or 10 * 1024 * 1024
    while True:
        tries: list[tuple[str, dict[str, Any]]] = [("jpeg", {"quality": quality}) for quality in _QUALITIES]
        if not lossy or "A" in image.mode:
            tries.insert(0, ("png", {"optimize": False}))
        for format, options in tries:
            out = io.BytesIO()
            flat = image.convert("RGB") if format == "jpeg" and image.mode not in ("L", "RGB") else image
            flat.save(out, format.upper(), **options)
            if out.tell() <= most:
                return out.getvalue(), format
        image = image.resize((max(1, image.width * 3 // 4), max(1, image.height * 3 // 4)), Image.Resampling.LANCZOS)


def _plain(image: Image.Image) -> Image.Image:
    """Return the image with 8 bits a channel, in a mode that both PNG and JPEG support."""
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        low, high = image.getextrema()
        low, high = float(low), float(high)  # type: ignore[arg-type]
        if image.mode != "F" and low >= 0 and high > 255:  # 16 bits: keep the brightness, drop the lower byte
            low, high = 0.0, 65535.0
        scale = 255 / (high - low) if high > low else 1.0
        return image.convert("F").point(lambda value: (value - low) * scale).convert("L")
    if image.mode == "P" or image.mode == "PA":
        return image.convert("RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB")
    return image if image.mode in ("L", "LA", "RGB", "RGBA") else image.convert("RGB")
