"""Estimate the tokens of a request and of an answer whose count nobody tells.

A request's estimate is on the safe side, because tokens are set aside by it. An answer's is between its pieces, which
have a token at least, and its bytes.
"""

import json
from collections.abc import Mapping
from typing import Any

_BYTES_A_TOKEN = 2  # texts have more: English 4, Vietnamese 3; long numbers come near it
_ANSWERED_BYTES_A_TOKEN = 3
_IMAGE_TOKENS = 2000
_VIDEO_TOKENS = 90 * 288  # the catalogue's longest video at its tokens a second
_MESSAGE_TOKENS = 8


def prompt_tokens(converse: Mapping[str, Any]) -> int:
    """Return an estimate, on the safe side, of the tokens of a Converse request before its answer."""
    size, more = len(json.dumps(converse.get("toolConfig", {}), ensure_ascii=False).encode()), 0
    for message in (*converse["messages"], {"content": converse.get("system", [])}):
        more += _MESSAGE_TOKENS
        for block in message["content"]:
            if "video" in block:
                more += _VIDEO_TOKENS
            elif "image" in block:
                more += _IMAGE_TOKENS
            else:
                size += len(str(block.get("text") or json.dumps(block, ensure_ascii=False)).encode())
    return size // _BYTES_A_TOKEN + more


def answer_tokens(pieces: int, size: int) -> int:
    """Return an estimate of the tokens of an answer that broke off.

    Args:
        pieces: texts that came, one by one.
        size: of them all, in bytes.
    """
    return max(pieces, size // _ANSWERED_BYTES_A_TOKEN)
