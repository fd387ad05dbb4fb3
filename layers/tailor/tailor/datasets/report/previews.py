"""Make small pictures of the records that the report shows."""

import base64
import io
from typing import Any

from tailor.datasets.media import MAX_IMAGE_FETCH
from tailor.errors import NotFoundError
from tailor.storage import Storage

_SIDE = 320
_MOST = 3


def add_pictures(previews: list[dict[str, Any]], storages: list[Storage]) -> None:
    """Add ``images`` to each preview: data URLs by the URIs of the record, for its first few images."""
    for preview in previews:
        uris = [
            block["image"]["source"]["s3Location"]["uri"]
            for message in preview["record"].get("messages", [])
            if isinstance(message.get("content"), list)
            for block in message["content"]
            if "image" in block
        ]
        pictures = {uri: _picture(uri, storages) for uri in uris[:_MOST]}
        preview["images"] = {uri: picture for uri, picture in pictures.items() if picture}


def _picture(uri: str, storages: list[Storage]) -> str | None:
    for storage in storages:
        root = storage.uri("").rstrip("/") + "/"
        if uri.startswith(root):
            try:
                data = storage.read(uri.removeprefix(root), 0, MAX_IMAGE_FETCH)
            except NotFoundError:
                continue
            return thumbnail(data)
    return None


def thumbnail(data: bytes) -> str:
    """Return a small JPEG of an image, as a data URL. Raises Pillow's errors if it can't be opened."""
    from PIL import Image  # loaded where there are images

    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (_SIDE, _SIDE))
        image.thumbnail((_SIDE, _SIDE))
        out = io.BytesIO()
        small = image.convert("RGBA")
        ground = Image.new("RGBA", small.size, "white")
        Image.alpha_composite(ground, small).convert("RGB").save(out, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(out.getvalue()).decode()}"
