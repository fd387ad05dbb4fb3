"""Serve the console: one page and its scripts, the same for everyone. Its data comes from /v1 with the reader's key."""

import hashlib
import os
import re
from collections.abc import Iterable
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

STATIC = Path(__file__).with_name("static")
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
FILES = {path.name: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in TYPES}
PAGE = "index.html"
VERSION = hashlib.sha256("".join(text for _, text in sorted(FILES.items())).encode()).hexdigest()[:12]
"""A digest of all files. Their addresses name it, so that a browser keeps them and asks for the page alone."""
FIRST = "first.js"
"""The file with all that the first view needs: asking for each module would start a function for each at once, on a new
account most of those that may run."""

_IMPORT = re.compile(r'^import (\{ [\w, ]+ \}) from "\./([a-z]+)\.js";$', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?(?:const|class|function\*?) (\w+))", re.MULTILINE)
_NAMED = re.compile(r'"((?:console|\.)/)([a-z-]+\.(?:js|css|svg))"')


def first_modules() -> list[str]:
    """Name what the page's script imports, and itself, each behind what it imports. Raises CycleError."""
    found: dict[str, list[str]] = {}
    waiting = ["app"]
    while waiting:
        name = waiting.pop()
        found[name] = [imported[2] for imported in _IMPORT.finditer(FILES[f"{name}.js"])]
        waiting += [each for each in found[name] if each not in found]
    return list(TopologicalSorter(found).static_order())


def joined(names: Iterable[str]) -> str:
    """Return one module that exports what these do: each has its own names in a function that is called once."""
    parts, exports = [], []
    for name in names:
        text = FILES[f"{name}.js"]
        given = ", ".join(exported[2] for exported in _EXPORT.finditer(text))
        body = _EXPORT.sub(r"\1", _IMPORT.sub(r"const \1 = \2_js;", text))
        parts.append(f"const {name}_js = (() => {{\n{body}return {{ {given} }};\n}})();\n")
        exports += [f"export const {{ {given} }} = {name}_js;\n"] if given else []
    return "".join(parts + exports)


def _served() -> dict[str, str]:
    """Return the files as browsers get them: the first modules in one, and each address with the version."""
    first = first_modules()
    inside = {f"{name}.js" for name in first}
    files = {name: text for name, text in FILES.items() if name not in inside} | {FIRST: joined(first)}

    def address(found: re.Match[str]) -> str:
        return f'"{found[1]}{FIRST if found[2] in inside else found[2]}?v={VERSION}"'

    return {name: _NAMED.sub(address, text) for name, text in files.items()}


SERVED = _served()


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


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    name = (event.get("pathParameters") or {}).get("file", PAGE)
    if name not in SERVED:
        return _answer(404, "text/plain", "There is no such file.")
    # While a stack is updated, a new page may meet an old function: what that answers is not kept.
    kept = (event.get("queryStringParameters") or {}).get("v") == VERSION
    return _answer(200, TYPES[Path(name).suffix], SERVED[name], _KEPT if kept and name != PAGE else "no-cache")


def _answer(status: int, kind: str, body: str, kept: str = "no-cache") -> dict[str, Any]:
    headers = HEADERS | {"content-type": f"{kind}; charset=utf-8", "cache-control": kept}
    return {"statusCode": status, "headers": headers, "body": body, "isBase64Encoded": False}
