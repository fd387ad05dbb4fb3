"""The skeleton of pages for people: one file that loads nothing from elsewhere, and runs no script but its own."""

import base64
import hashlib
from html import escape

from tailor.printable import one_line, printable

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"


def page(title: str, style: str, body: str, script: str = "", language: str = "en") -> str:
    """Return a whole page.

    Args:
        title: text; it is escaped here.
        style: CSS.
        body: HTML, in which what comes from elsewhere is escaped already.
        script: JavaScript that is part of Tailor; no other one runs.
        language: of what the page itself says.
    """
    policy, runs = POLICY, ""
    if script:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        policy, runs = f"{POLICY}; script-src 'sha256-{digest}'", f"<script>{script}</script>"
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        f"<title>{escape(one_line(title))}</title><style>{style}</style></head><body><main>{printable(body)}</main>{runs}</body></html>\n"
    )
