"""Format a message as an adaptive card for a workflow webhook of Microsoft Teams, which takes 28 KB at most.

Shape and limit: learn.microsoft.com/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using and
learn.microsoft.com/microsoftteams/limits-specifications-teams; elements: adaptivecards.io/explorer. Version 1.4 is what
Teams shows everywhere.
"""

import json
import re
from typing import Any

from tailor.notices.messages import Notice
from tailor.notices.words import WORDS

MOST_BYTES = 28_000
VERSION = "1.4"
TITLE = 300
TEXT = 4000
NEXT_STEP = 1500
LABEL = 100
VALUE = 600
FACTS = 15
BUTTONS = 6  # more are hidden behind a menu
BUTTON = 100
_STYLES = {"info": "default", "success": "good", "warning": "warning", "error": "attention"}
_CONTROLS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")


def body(message: Notice) -> bytes:
    """Return the request's body: the whole message, or cut to what Teams accepts."""
    for share in (1, 2, 4, 8, 16):
        found = json.dumps(payload(message, share), ensure_ascii=False).encode(errors="replace")
        if len(found) <= MOST_BYTES:
            break
    return found


def payload(message: Notice, share: int = 1) -> dict[str, Any]:
    """Return the message with one adaptive card. ``share``: the fraction of their maximum length that texts get."""
    words = WORDS[message.language]
    title = {"size": "medium", "weight": "bolder", "color": _STYLES[message.severity]}
    parts = [
        _text(_plain(message.title, TITLE), **title),
        _text(_plain(message.text, TEXT // share)),
        _text(f"**{words.next}:** {_plain(message.next_step, NEXT_STEP // share)}"),
    ]
    facts = [
        {"title": _plain(field.label, LABEL), "value": _plain(field.value, VALUE // share)}
        for field in message.fields[:FACTS]
    ]
    parts += [{"type": "FactSet", "facts": facts}] if facts else []
    about = " · ".join(filter(None, [message.about, message.of_dataset]))
    parts.append(_text(_plain(about, TITLE), isSubtle=True, size="small"))
    links = [link for link in message.links[:BUTTONS] if len(link.url) <= TEXT // share]
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": VERSION,
        "lang": message.language,
        "body": parts,
        "actions": [{"type": "Action.OpenUrl", "title": _plain(link.label, BUTTON), "url": link.url} for link in links],
        "msteams": {"width": "Full"},
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, **style: Any) -> dict[str, Any]:
    return {"type": "TextBlock", "text": text, "wrap": True} | style


def _plain(text: str, limit: int) -> str:
    """Return ``text`` cut and escaped: Teams reads Markdown, in which a file's or person's name could become a link."""
    text = _CONTROLS.sub(" ", text)
    text = text if len(text) <= limit else f"{text[: limit - 1]}…"
    return text.replace("](", "]\u200b(").replace("<", "‹").replace(">", "›")
