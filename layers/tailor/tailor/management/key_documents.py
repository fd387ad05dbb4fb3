"""Documents about keys: that of the request, and those that it may manage."""

from datetime import date, datetime
from typing import Literal

from pydantic import Field

from tailor.management.documents import Document


class KeyDocument(Document):
    """The key of the request."""

    id: str
    object: Literal["key"] = "key"
    name: str
    projects: list[str]
    scopes: list[str]
    expires_at: datetime | None
    grants_until: datetime | None = Field(
        default=None, description="how long keys may last that it makes; null: as long as itself"
    )


class KeyLimits(Document):
    """Limits of a key; null where it has none of its own."""

    requests_per_minute: int | None
    tokens_per_day: int | None
    budget_usd: str | None = Field(description="of its calls in a calendar month (UTC)")


class KeyEntry(Document):
    """A key in a list, without its secret, which is stored nowhere."""

    id: str
    object: Literal["key"] = "key"
    name: str
    projects: list[str] = Field(description="as far as they are those of the request's key")
    shared: bool = Field(description="whether it is for other projects too: then it can't be changed here")
    scopes: list[str]
    state: Literal["usable", "expired", "revoked"]
    created_at: datetime
    created_by: str
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used: date | None = Field(description="day (UTC) of its last call of a model in the last 30 days")
    limits: KeyLimits
    strict: bool = Field(description="whether parameters without effect are refused")
    own: bool = Field(description="whether it is the request's own key")
    actions: list[str] = Field(description="what can be posted to /v1/keys/{key}/{action}")


class KeyList(Document):
    """A page of keys, the newest first. ``after: last_id`` gives the next page."""

    object: Literal["list"] = "list"
    data: list[KeyEntry]
    first_id: str | None
    last_id: str | None
    has_more: bool


class MadeKey(KeyEntry):
    """A new key with its secret, which is told only now."""

    secret: str
    replaces: str | None = Field(default=None, description="the key whose place it takes")
    replaced_until: datetime | None = Field(default=None, description="until when that one still works")
