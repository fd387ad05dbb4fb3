"""Format a message as Slack's Block Kit. Slack refuses a whole message over a limit (``invalid_blocks``).

Limits: docs.slack.dev/reference/block-kit/blocks, and there block-elements/button-element and
composition-objects/confirmation-dialog-object. The total is not documented; about 13,200 characters were observed.
"""

import re
from collections.abc import Sequence
from typing import Any

from tailor import slack_ids
from tailor.notices.cards import Button, Card
from tailor.notices.messages import Notice
from tailor.notices.wordings import Severity
from tailor.notices.words import WORDS

HEADER = 150
FIELDS = 10
BUTTONS = 5
BUTTON_TEXT = 75
CONFIRM_TITLE = 100
CONFIRM_TEXT = 300
CONFIRM_BUTTON = 30
DECISIONS = "decide"  # the block of the buttons that act
# Slack takes more in each of these; so limited, no message comes near the total.
TEXT = 2000
NEXT_STEP = 800
LABEL = 60
FIELD = 300
NAME = 100
BUTTON_URL = 600
FALLBACK = 500

_SIGNS = {"info": "ℹ️", "success": "✅", "warning": "⚠️", "error": "❌"}
_STYLES = {"approve": {"style": "primary"}, "stop": {"style": "danger"}}
_ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def payload(message: Notice, buttons: Sequence[Button] = ()) -> dict[str, Any]:
    """Return the body for a message: blocks, and the text for notifications and screen readers."""
    blocks = [*_top(message.severity, message.title, message), *_decisions(buttons), *_bottom(message)]
    return {"text": escape(f"{_SIGNS[message.severity]} {message.title}. {message.text}", FALLBACK), "blocks": blocks}


def card(card: Card) -> dict[str, Any]:
    """Return the body for the first message of a run's thread."""
    if card.told is None:
        return {"text": escape(card.title, FALLBACK), "blocks": [_header(card.title)]}
    top = _top(card.told.severity, card.title, card.told)
    return {"text": escape(card.title, FALLBACK), "blocks": [*top, *_decisions(card.buttons), *_bottom(card.told)]}


def _header(title: str) -> dict[str, Any]:
    return {"type": "header", "text": _plain(title, HEADER)}


def _top(severity: Severity, title: str, message: Notice) -> list[dict[str, Any]]:
    blocks: list[dict[str, Any]] = [
        _header(f"{_SIGNS[severity]} {title}"),
        {"type": "section", "text": _markdown(slack_ids.markup(message.mention) + escape(message.text, TEXT))},
    ]
    if message.fields:
        fields = [
            _markdown(f"*{escape(field.label, LABEL)}*\n{escape(field.value, FIELD)}")
            for field in message.fields[:FIELDS]
        ]
        blocks.append({"type": "section", "fields": fields})
    blocks.append(
        {
            "type": "section",
            "text": _markdown(f"*{WORDS[message.language].next}:* {escape(message.next_step, NEXT_STEP)}"),
        }
    )
    return blocks


def _decisions(buttons: Sequence[Button]) -> list[dict[str, Any]]:
    """Return the block of buttons that act, each with a question to confirm."""
    elements = [
        {
            "type": "button",
            "action_id": button.action,
            "text": _plain(button.label, BUTTON_TEXT),
            "value": button.value,
            "confirm": {
                "title": _plain(button.title, CONFIRM_TITLE),
                "text": _plain(button.question, CONFIRM_TEXT),
                "confirm": _plain(button.label, CONFIRM_BUTTON),
                "deny": _plain(button.cancel, CONFIRM_BUTTON),
                **_STYLES.get(button.action, {}),
            },
            **_STYLES.get(button.action, {}),
        }
        for button in buttons
    ]
    return [{"type": "actions", "block_id": DECISIONS, "elements": elements}] if elements else []


def _bottom(message: Notice) -> list[dict[str, Any]]:
    links = [
        {
            "type": "button",
            "text": _plain(link.label, BUTTON_TEXT),
            "url": link.url,
            "action_id": f"open-{number}",
        }
        for number, link in enumerate(message.links[:BUTTONS])
        if len(link.url) <= BUTTON_URL
    ]
    words = WORDS[message.language]
    about = f"{words.run} `{escape(message.run, NAME)}`" if message.run else message.about
    text = " · ".join(filter(None, [about, escape(message.of_dataset, NAME)]))
    context = {"type": "context", "elements": [_markdown(text)]}
    return [*([{"type": "actions", "elements": links}] if links else []), context]


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


def _plain(text: str, limit: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": _cut(text, limit)}


def _markdown(text: str) -> dict[str, Any]:
    """Return a text block. ``verbatim`` prevents links for names of channels, people and URLs."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
