"""Serve the console: one page and its scripts, the same for everyone. Its data comes from /v1 with the reader's key."""

import hashlib
import os
import re
from pathlib import Path
from typing import Any

STATIC = Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = {path.name: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in TYPES}
PAGE = "index.html"
VERSION = hashlib.sha256("".join(text for _, text in sorted(FILES.items())).encode()).hexdigest()[:12]
"""A digest of all files. Their addresses name it, so that a browser keeps them and asks for the page alone."""


def policy(bucket: str) -> str:
    """Return the page's content security policy. ``bucket``: the origin for uploads; may be empty.

    Nothing is loaded from elsewhere, no script stands in the page, and no other page may show this one.
    """
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
        f"connect-src 'self' {bucket}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


HEADERS = {
    "content-security-policy": policy(os.environ.get("BUCKET_ORIGIN", "")),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}
_KEPT = "public, max-age=31536000, immutable"
_NAMED = re.compile(r'"((?:console|\.)/[a-z-]+\.(?:js|css|svg))"')


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    name = (event.get("pathParameters") or {}).get("file", PAGE)
    if name not in FILES:
        return _answer(404, "text/plain", "There is no such file.")
    # While a stack is updated, a new page may meet an old function: what that answers is not kept.
    kept = (event.get("queryStringParameters") or {}).get("v") == VERSION
    named = _NAMED.sub(rf'"\1?v={VERSION}"', FILES[name])
    return _answer(200, TYPES[Path(name).suffix], named, _KEPT if kept and name != PAGE else "no-cache")


def _answer(status: int, kind: str, body: str, kept: str = "no-cache") -> dict[str, Any]:
    headers = HEADERS | {"content-type": f"{kind}; charset=utf-8", "cache-control": kept}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
