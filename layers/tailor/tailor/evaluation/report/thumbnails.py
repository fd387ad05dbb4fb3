"""Small pictures for the report, as data: URLs, so that the page needs nothing from elsewhere."""

import base64
import io
from collections.abc import Sequence

from PIL import Image, ImageOps

from tailor.errors import TailorError
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.scoring.slices import image_key
from tailor.storage import Storage

SIDE = 320
MAX_PIXELS = 64_000_000
_MAX_BYTES = 20 * 1024 * 1024


def thumbnails(files: Storage, rows: Sequence[Row]) -> dict[str, list[str]]:
    """data: URLs of each row's images by row id; an image that can't be read is left out."""
    found: dict[str, list[str]] = {}
    for row in rows:
        keys = [key for image in row.images if (key := image_key(image))]
        found[row.id] = [url for key in keys if (url := _thumbnail(files, key))]
    return found


def _thumbnail(files: Storage, key: str) -> str | None:
    try:
        data = files.read(key, 0, _MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            return None
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            small = ImageOps.exif_transpose(image).convert("RGBA")
            small.thumbnail((SIDE, SIDE))
            flat = Image.new("RGB", small.size, "white")
            flat.paste(small, mask=small.getchannel("A"))
    except (TailorError, OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    buffer = io.BytesIO()
    flat.save(buffer, "JPEG", quality=78, optimize=True)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()
