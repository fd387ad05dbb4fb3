"""Pages of a list, by the query parameters that client libraries send: ``limit``, and ``after`` or ``after_id``."""

from collections.abc import Mapping, Sequence
from typing import Any

from tailor.serving.errors import ApiError

MOST = 1000


def page(items: Sequence[Mapping[str, Any]], query: Mapping[str, str]) -> dict[str, Any]:
    """Return the list object of the wanted page of ``items``, which are sorted by their ``id``.

    Raises:
        ApiError: 400, ``limit`` is not a whole number from 1 to ``MOST``.
    """
    limit = query.get("limit", str(MOST))
    if not (limit.isascii() and limit.isdecimal() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST):
        raise ApiError(400, f"limit: a whole number from 1 to {MOST}", code="invalid_value", param="limit")
    after = query.get("after") or query.get("after_id") or ""
    following = [item for item in items if item["id"] > after]
    shown = following[: int(limit)]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "last_id": shown[-1]["id"] if shown else None,
        "has_more": len(following) > len(shown),
    }
