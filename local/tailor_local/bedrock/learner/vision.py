"""Describe a small image in words: its regions of one colour, their number, place, size and form.

General image statistics, not knowledge of any dataset: connected regions that differ from the background, their hue,
place and proportions. Images that can't be opened, and videos, give only a hash of their bytes.
"""

import hashlib
import io
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

SIDE = 96  # pixels of the longer side that are looked at
CONTRAST = 60  # distance in RGB at which a pixel differs from the background
LEAST_SHARE = 0.004  # of the image that a region covers
MOST_REGIONS = 12
HUES = 24
REMEMBERED = 4096

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Region:
    hue: str
    x: float  # centre, shares of width and height
    y: float
    share: float  # of the image
    fill: float  # of its bounding box
    lean: float  # where its mass lies in the box: 0 top, 1 bottom


_seen: OrderedDict[bytes, tuple[str, ...]] = OrderedDict()
_lock = Lock()


def image_tokens(image: bytes) -> tuple[str, ...]:
    """Return the image's features as words, cached by its bytes."""
    key = hashlib.sha256(image).digest()
    with _lock:
        if key in _seen:
            _seen.move_to_end(key)
            return _seen[key]
    tokens = tuple(_tokens(image))
    with _lock:
        _seen[key] = tokens
        if len(_seen) > REMEMBERED:
            _seen.popitem(last=False)
    return tokens


def _tokens(image: bytes) -> list[str]:
    try:
        with Image.open(io.BytesIO(image)) as opened:
            opened.draft("RGB", (SIDE, SIDE))
            small = opened.convert("RGB")
            small.thumbnail((SIDE, SIDE), Image.Resampling.BILINEAR)
            pixels = np.asarray(small, dtype=np.int16)
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return [f"bytes={hashlib.sha256(image).hexdigest()[:8]}"]
    found = regions(pixels)
    tokens = [f"n={len(found)}"]
    for region in found:
        form = f"{round(region.fill * 6)}.{round(region.lean * 10)}"
        tokens += [f"hue={region.hue}", f"form={form}", f"size={round(region.share * 20)}"]
        for where in _places(region):
            tokens += [f"at={where}", f"hue={region.hue}@{where}", f"form={form}@{where}"]
    return list(dict.fromkeys(tokens))


def _places(region: Region) -> list[str]:
    """Return the sides of the image that a region is on; empty in the middle."""
    sides = ((region.x, "left", "right"), (region.y, "top", "bottom"))
    return [low if place < 0.5 else high for place, low, high in sides if abs(place - 0.5) > 0.1]


def regions(pixels: NDArray[np.int16]) -> list[Region]:
    """Return connected regions of one hue, the largest first. ``pixels`` is height × width × 3."""
    flat = pixels.reshape(-1, 3)
    coarse = flat // 16 @ np.array([256, 16, 1])
    values, counts = np.unique(coarse, return_counts=True)
    background = flat[coarse == values[counts.argmax()]].mean(axis=0)
    mask: Mask = np.sqrt(((pixels - background) ** 2).sum(axis=2)) > CONTRAST
    found = [_region(pixels, part) for part in _connected(mask)]
    return sorted(found, key=lambda region: -region.share)[:MOST_REGIONS]


def _connected(mask: Mask) -> list[Mask]:
    """Return the connected parts of ``mask`` that are large enough."""
    labels = np.where(mask, np.arange(1, mask.size + 1).reshape(mask.shape), 0)
    while True:
        spread = labels.copy()
        for axis in (0, 1):
            for shift in (1, -1):
                moved = np.roll(spread, shift, axis)
                edge = 0 if shift == 1 else -1
                moved[(edge, slice(None)) if axis == 0 else (slice(None), edge)] = 0
                spread = np.maximum(spread, moved)
        spread[~mask] = 0
        if (spread == labels).all():
            break
        labels = spread
    names, counts = np.unique(labels[mask], return_counts=True)
    least = LEAST_SHARE * mask.size
    return [labels == name for name, count in zip(names, counts, strict=True) if count >= least]


def _region(pixels: NDArray[np.int16], part: Mask) -> Region:
    height, width = (int(side) for side in part.shape)
    rows, columns = np.nonzero(part)
    top, bottom = int(rows.min()), int(rows.max())
    left, right = int(columns.min()), int(columns.max())
    tall, wide = bottom - top + 1, right - left + 1
    return Region(
        hue=_hue(np.median(pixels[part], axis=0)),
        x=float((left + right) / 2 / width),
        y=float((top + bottom) / 2 / height),
        share=float(part.sum() / part.size),
        fill=float(part.sum() / (tall * wide)),
        lean=float((rows.mean() - top) / max(1, tall - 1)),
    )


def _hue(colour: NDArray[np.float64]) -> str:
    """Return a name for a colour: one of HUES around the wheel, or a grey."""
    red, green, blue = (float(channel) / 255 for channel in colour)
    high, low = max(red, green, blue), min(red, green, blue)
    spread = high - low
    if spread < 0.15:
        return f"grey{round(high * 3)}"
    if high == red:
        turn = ((green - blue) / spread) % 6
    elif high == green:
        turn = (blue - red) / spread + 2
    else:
        turn = (red - green) / spread + 4
    return str(round(turn / 6 * HUES) % HUES)
