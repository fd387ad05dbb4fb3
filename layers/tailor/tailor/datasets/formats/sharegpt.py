"""Read ShareGPT: ``conversations`` of from/value (or role/content), with media beside them and tools as JSON text."""

from typing import Final

from tailor.datasets.formats import conversations
from tailor.datasets.formats.base import Format, Row, Sample
from tailor.datasets.formats.openai_chat import make_converter, used_keys

_KEYS: Final = ("conversations", "conversation")
_MEDIA: Final = frozenset({"images", "image", "videos", "video"})


def _fits(sample: Sample) -> bool:
    return sample.share(is_conversation) > 0.5


def is_conversation(row: Row) -> bool:
    """Return whether a row has ``conversations``, or OpenAI's ``messages`` of plain text with media and tags."""
    found = conversations.find(row)
    if not found:
        return False
    path, turns, _ = found
    key = path.rpartition(".")[2]
    plain = not any(isinstance(turn, dict) and isinstance(turn.get("content"), list) for turn in turns)
    return key in _KEYS or (key == "messages" and plain and bool(_MEDIA & row.keys()))


FORMAT = Format("sharegpt", "ShareGPT", _fits, make_converter, keys=used_keys)
