"""Read the JSON of a request, and refuse at once what would take long to check.

Checking a message costs far more than reading it: 100,000 of one letter took seconds. So how much there is, is counted
before anything is looked at: without a limit here, a stranger's megabytes would keep a function busy.
"""

from typing import Any

import orjson

from tailor.serving.errors import ApiError

MAX_BYTES = 6 * 2**20  # Lambda's limit
MAX_MESSAGES = 2_000
MAX_IMAGES = 20  # Converse's limit; a model may take fewer
MAX_VALUES = 30_000
MAX_DEPTH = 128
MAX_MEMBERS = 2_000  # of one object: each unknown name is described before the first is reported
MAX_SEPARATORS = 300_000  # commas and names, in texts too: more than a model's context holds
_IMAGES = frozenset({"image_url", "input_image"})


class Allowance:
    """Number of values that a request may still contain, including the arguments of its tool calls."""

    def __init__(self, values: int = MAX_VALUES) -> None:
        self._left = values

    def spend(self, document: Any, param: str | None = None) -> None:
        """Subtract the values in a document. Raises ApiError 400 where there are too many, or they are too deep."""
        found = [(document, 1)]
        while found:
            value, depth = found.pop()
            inner = value.values() if isinstance(value, dict) else value
            self._left -= len(inner)
            if self._left < 0:
                raise _too_much("request", f"more than {MAX_VALUES:,} values", param)
            if depth > MAX_DEPTH:
                raise _too_much("request", f"values more than {MAX_DEPTH} deep", param)
            if isinstance(value, dict) and len(value) > MAX_MEMBERS:
                raise _too_much("request", f"an object with more than {MAX_MEMBERS:,} members", param)
            found += [(each, depth + 1) for each in inner if isinstance(each, dict | list)]


def check_size(body: bytes) -> None:
    """Refuse a body that is too large to be read. Raises ApiError 413, or 400 where it has too many values."""
    if len(body) > MAX_BYTES:
        raise ApiError(
            413, "The request is too large: send fewer or smaller images", code="request_too_large", param=None
        )
    names, quoted = body.count(b'":'), body.count(b'\\":')  # those with a backslash stand in a text
    if names - quoted > MAX_VALUES:
        raise _too_much("request", f"more than {MAX_VALUES:,} values", None)
    if body.count(b",") + names > MAX_SEPARATORS:
        raise _too_much("request", f"more than {MAX_SEPARATORS:,} commas and names", None)


def read_body(body: bytes) -> Any:
    """Return a body's JSON. Raises ApiError: no JSON, a number beyond a double's range, or more than is checked."""
    check_size(body)
    return read_json(body)


def read_json(body: bytes) -> Any:
    """Return the JSON of a body whose size is checked. Raises ApiError as `read_body`."""
    try:
        document = orjson.loads(body)
    except ValueError as error:
        raise ApiError(400, f"the body is not valid JSON: {error}", code="invalid_json") from None
    if isinstance(document, dict):
        for name in ("messages", "input"):
            if isinstance(items := document.get(name), list):
                _check_number(name, items)
    if isinstance(document, dict | list):
        Allowance().spend(document)
    return document


def read_arguments(text: str, allowance: Allowance, param: str) -> dict[str, Any] | None:
    """Return the arguments of a tool call; None if they are not a JSON object. Raises ApiError as `read_body`."""
    try:
        arguments = orjson.loads(text or "{}")
    except ValueError:
        return None
    if not isinstance(arguments, dict):
        return None
    allowance.spend(arguments, param)
    return arguments


def _check_number(name: str, items: list[Any]) -> None:
    if len(items) > MAX_MESSAGES:
        raise _too_much("conversation", f"more than {MAX_MESSAGES:,} messages", name)
    contents = (item.get("content") for item in items if isinstance(item, dict))
    parts = (part for content in contents if isinstance(content, list) for part in content if isinstance(part, dict))
    # A part's type may be anything here, a list for example, which is in no set.
    if sum(isinstance(kind := part.get("type"), str) and kind in _IMAGES for part in parts) > MAX_IMAGES:
        message = f"{name}: a request takes at most {MAX_IMAGES} images"
        raise ApiError(400, message, code="too_many_images", param=name)


def _too_much(what: str, found: str, param: str | None) -> ApiError:
    return ApiError(400, f"{param or 'the body'}: the {what} has {found}", code="invalid_value", param=param)
