"""Format a message as Slack's Block Kit. Slack refuses a whole message over a limit (``invalid_blocks``).

Limits: docs.slack.dev/reference/block-kit/blocks. The total is not documented; about 13,200 characters were observed.
"""

import re
from typing import Any

from tailor import slack_ids
from tailor.notices.messages import Message

HEADER = 150
FIELDS = 10
BUTTONS = 5
BUTTON_TEXT = 75
# Slack takes more in each of these; so limited, no message comes near the total.
TEXT = 2000
NEXT_STEP = 800
LABEL = 60
FIELD = 300
NAME = 100
BUTTON_URL = 600
FALLBACK = 500

_SIGNS = {"info": "ℹ️", "success": "✅", "warning": "⚠️", "error": "❌"}
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def payload(message: Message) -> dict[str, Any]:
    """Return the body for an incoming webhook: blocks, and the text for notifications and screen readers."""
    sign = _SIGNS[message.severity]
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": _cut(f"{sign} {message.title}", HEADER)}},
        {"type": "section", "text": _markdown(slack_ids.markup(message.mention) + escape(message.text, TEXT))},
    ]
    if message.fields:
        fields = [
            _markdown(f"*{escape(field.label, LABEL)}*\n{escape(field.value, FIELD)}")
            for field in message.fields[:FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    blocks.append({"type": "section", "text": _markdown(f"*Next:* {escape(message.next_step, NEXT_STEP)}")})
    buttons = [
        {
            "type": "button",
            "text": {"type": "plain_text", "text": _cut(link.label, BUTTON_TEXT)},
            "url": link.url,
            "action_id": f"open-{number}",
        }
        for number, link in enumerate(message.links[:BUTTONS])
        if len(link.url) <= BUTTON_URL
    ]
    if buttons:
        blocks.append({"type": "actions", "elements": buttons})
    about = f"Run `{escape(message.run, NAME)}`" if message.run else message.about
    context = f"{about} · dataset {escape(message.dataset, NAME)}"
    blocks.append({"type": "context", "elements": [_markdown(context)]})
    return {"text": escape(f"{sign} {message.title}. {message.text}", FALLBACK), "blocks": blocks}


def escape(text: str, limit: int) -> str:
    """Return ``text`` with Slack's three special characters escaped, cut to ``limit`` characters after escaping."""
    pieces = [_ESCAPES.get(character, character) for character in _CONTROLS.sub(" ", text)]
    if sum(map(_length, pieces)) <= limit:
        return "".join(pieces)
    used, kept = 1, []  # one for the ellipsis
    for piece in pieces:
        used += _length(piece)
        if used > limit:
            break
        kept.append(piece)
    return "".join(kept) + "…"


def _cut(text: str, limit: int) -> str:
    """Cut a text for ``plain_text``, which needs no escapes."""
    while _length(text) > limit:
        text = text[:-2] + "…"
    return text


def _length(text: str) -> int:
    """Return the length in UTF-16 units, as JavaScript counts; never less than the number of characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _markdown(text: str) -> dict[str, Any]:
    """Return a text block. ``verbatim`` prevents links for names of channels, people and URLs."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
