"""Make small pictures for the report as data: URLs, so that the page is self-contained."""

import base64
import io
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from PIL import Image, ImageOps

from tailor.errors import TailorError
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.scoring.slices import image_key
from tailor.storage import Storage

SIDE = 320
MAX_PIXELS = 64_000_000
_THREADS = 8
_MAX_BYTES = 20 * 1024 * 1024


def thumbnails(files: Storage, rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return data: URLs of each row's images by row id; an image that can't be read is left out."""
    keys = {row.id: [key for image in row.images if (key := image_key(image))] for row in rows}
    distinct = sorted({key for row_keys in keys.values() for key in row_keys})
    with ThreadPoolExecutor(_THREADS) as pool:
        urls = dict(zip(distinct, pool.map(lambda key: _thumbnail(files, key), distinct), strict=True))
    return {identity: [url for key in row_keys if (url := urls[key])] for identity, row_keys in keys.items()}


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
