"""The account that an operation of these services runs in, and lists in pages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tailor_local.bedrock.errors import ServiceError
from tailor_local.bedrock.faults import Faults

PAGE = 100


@dataclass(frozen=True, slots=True)
class Setting:
    account: str
    region: str
    faults: Faults
    quota: Callable[[str], int]


def page[T](request: dict[str, Any], items: Sequence[T], wrong_token: str) -> tuple[list[T], dict[str, str]]:
    """Return a page of ``items``, and the member that leads to the next one, where there is one."""
    token = request.get("NextToken", "0")
    if not token.isdecimal():
        raise ServiceError(wrong_token, "The token is not valid.")
    start, size = int(token), request.get("MaxResults", PAGE)
    end = start + size
    return list(items[start:end]), {"NextToken": str(end)} if end < len(items) else {}
