"""Serve the console: one page and its scripts, the same for everyone. Its data comes from /v1 with the reader's key."""

import os
from pathlib import Path
from typing import Any

STATIC = Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = {path.name: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in TYPES}
PAGE = "index.html"


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
    "cache-control": "no-cache",
}


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    name = (event.get("pathParameters") or {}).get("file", PAGE)
    if name not in FILES:
        return _answer(404, "text/plain", "There is no such file.")
    return _answer(200, TYPES[Path(name).suffix], FILES[name])


def _answer(status: int, kind: str, body: str) -> dict[str, Any]:
    headers = HEADERS | {"content-type": f"{kind}; charset=utf-8"}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
