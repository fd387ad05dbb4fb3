"""API keys: created and shown once, stored only as their SHA-256.

A key has 200 random bits, so it can't be guessed and no table of digests can be computed in advance: a salt or a slow
hash would add nothing, while the plain digest finds the key with one read. The table reveals no key.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, Self, get_args

from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError
from tailor.names import check_name

_RANDOM_BYTES = 25
KEY = re.compile(r"tailor-[a-z0-9-]{1,63}-[a-z2-7]{40}")
ID_LENGTH = 16
MAX_PROJECTS = 20
REMEMBERED_SECONDS = 60.0  # how long a revoked key may still work
_MOST_REMEMBERED = 1000

Scope = Literal["chat", "approve", "read", "operate", "upload", "keys"]
"""Permission of a key for its projects. ``chat``: call models; ``approve``: decide costs; ``read``: see runs and
reports; ``operate``: upload, stop, retire and promote runs, roll back, take offline; ``upload``: upload datasets;
``keys``: list, create, rotate and revoke keys."""
SCOPES: tuple[Scope, ...] = get_args(Scope)
LENT_SCOPES: tuple[Scope, ...] = tuple(scope for scope in SCOPES if scope != "keys")
"""Scopes that a key may give to others. Keys that manage keys are made with AWS credentials alone."""


# Dataclasses, not records: the authorizer reads one key, and importing pydantic takes longer than all its work.


@dataclass(frozen=True, slots=True, kw_only=True)
class RateLimits:
    """Limits of a key, each at least 1. None: no limit of its own; Bedrock's and the API's limits still apply.

    ``tokens_per_day``: input and output, counted after each answer (UTC). ``cents_per_month``: a budget in US cents, by
    calendar month (UTC); see :mod:`tailor.serving.budgets`.
    """

    requests_per_minute: int | None = None
    tokens_per_day: int | None = None
    cents_per_month: int | None = None

    @classmethod
    def parse(cls, given: Mapping[str, Any]) -> Self:
        """Return the limits in a row or an authorizer's context; unknown names are dropped."""
        return cls(**{field.name: int(given[field.name]) for field in fields(cls) if given.get(field.name)})

    def document(self) -> dict[str, int]:
        """Return the limits that are set."""
        found = ((field.name, getattr(self, field.name)) for field in fields(self))
        return {name: value for name, value in found if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """A key's record, without its secret. ``digest``: SHA-256 of the key, 64 hex digits.

    ``strict``: parameters that would have no effect are refused. ``grants_until``: how long keys may last that this one
    makes, if it has the scope ``keys``; None: as long as itself.
    """

    digest: str
    name: str
    projects: tuple[str, ...]
    scopes: tuple[Scope, ...] = ("chat",)
    created_at: datetime
    created_by: str = ""
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    limits: RateLimits = RateLimits()
    strict: bool = False
    grants_until: datetime | None = None

    @property
    def id(self) -> str:
        """Return the key's name in lists and logs: the start of its digest."""
        return self.digest[:ID_LENGTH]

    def usable(self, now: datetime) -> bool:
        """Return whether the key is neither revoked nor expired."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Return the key of a stored row. Unknown fields are dropped, as for every record."""
        return cls(
            digest=row["digest"],
            name=row["name"],
            projects=tuple(row["projects"]),
            scopes=_known_scopes(row.get("scopes", ("chat",))),
            created_at=datetime.fromisoformat(row["created_at"]),
            created_by=row.get("created_by", ""),
            expires_at=_moment(row.get("expires_at")),
            revoked_at=_moment(row.get("revoked_at")),
            limits=RateLimits.parse(row.get("limits", {})),
            strict=bool(row.get("strict", False)),
            grants_until=_moment(row.get("grants_until")),
        )

    def to_row(self) -> dict[str, Any]:
        """Return the key as a row to store; leaves out what is not set."""
        row: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        row |= {"limits": self.limits.document()}
        row |= {name: value.isoformat() for name, value in row.items() if isinstance(value, datetime)}
        return {name: value for name, value in row.items() if value is not None}


def _known_scopes(given: Sequence[str]) -> tuple[Scope, ...]:
    return tuple(scope for scope in SCOPES if scope in given)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


class KeyStore(Protocol):
    """Storage of keys. The DynamoDB implementation is :class:`tailor.aws.keys.KeyTable`."""

    def key(self, digest: str) -> ApiKey | None:
        """Return the key with this digest, or None."""

    def add_key(self, key: ApiKey) -> None:
        """Store a new key."""

    def all_keys(self) -> list[ApiKey]:
        """Return all keys, including revoked and expired ones, oldest first."""

    def expire_key(self, key_id: str, at: datetime) -> ApiKey:
        """Let a key expire at ``at``, or earlier if it would anyway, and return it. Raises NotFoundError."""

    def revoke_key(self, key_id: str, now: datetime) -> ApiKey:
        """Revoke a key and return it. Idempotent: keeps the first time. Raises NotFoundError."""


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a key as 64 hex digits."""
    return hashlib.sha256(secret.encode()).hexdigest()


def create(
    store: KeyStore,
    name: str,
    projects: list[str],
    *,
    scopes: Sequence[Scope] = ("chat",),
    by: str = "",
    expires_at: datetime | None = None,
    limits: RateLimits | None = None,
    strict: bool = False,
    grants_until: datetime | None = None,
    now: datetime | None = None,
) -> tuple[str, ApiKey]:
    """Create and store a key. Return its secret, which is available only now, and its record.

    Raises:
        InvalidInputError: the name, projects, scopes, limits or expiry date are invalid.
    """
    now = now or datetime.now(UTC)
    if not 1 <= len(name) <= 100 or not name.isprintable():
        raise InvalidInputError("a key's name has 1 to 100 printable characters", hint="say who uses the key")
    if not 1 <= len(set(projects)) <= MAX_PROJECTS:
        raise InvalidInputError(f"a key is for 1 to {MAX_PROJECTS} projects", hint="make one key for each app")
    for project in projects:
        check_name(project, "project")
    if not scopes or not set(scopes) <= set(SCOPES):
        raise InvalidInputError(f"a key's scopes are one or more of {', '.join(SCOPES)}", hint="use chat for apps")
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError("the expiry date is in the past", hint="give a date in the future")
    limits = limits or RateLimits()
    if "keys" in scopes and limits.document():
        message = "a key with the scope keys has no limits: the keys that it makes would not have them"
        raise InvalidInputError(message, hint="leave out the limits, or the scope")
    random = base64.b32encode(secrets.token_bytes(_RANDOM_BYTES)).decode().lower()
    secret = f"tailor-{projects[0]}-{random}"
    key = ApiKey(
        digest=digest_of(secret),
        name=name,
        projects=tuple(dict.fromkeys(projects)),
        scopes=tuple(scope for scope in SCOPES if scope in scopes),
        created_at=now,
        created_by=by,
        expires_at=expires_at,
        limits=limits,
        strict=strict,
        grants_until=grants_until,
    )
    store.add_key(key)
    return secret, key


@dataclass(frozen=True, slots=True)
class Rotated:
    """A key with a new secret, which is available only now, and the ``old`` one that it replaces."""

    secret: str
    key: ApiKey
    old: ApiKey


def rotate(
    store: KeyStore, key_id: str, *, until: datetime, by: str, expires_at: datetime | None, now: datetime
) -> Rotated:
    """Create a key of the same name, projects, scopes and limits, and let the old one expire at ``until``.

    Raises:
        NotFoundError: there is no such key.
        InvalidInputError: it works no more, or the new expiry date is in the past.
    """
    found = [key for key in store.all_keys() if key.id == key_id]
    if not found:
        raise NotFoundError(f"there is no key {key_id!r}", hint="see the ids with: tailor keys list")
    if not found[0].usable(now):
        message = f"key {key_id} is revoked or expired: there is nothing to rotate"
        raise InvalidInputError(message, hint="make a new one with: tailor keys create")
    same = found[0]
    secret, key = create(
        store,
        same.name,
        list(same.projects),
        scopes=same.scopes,
        by=by,
        expires_at=expires_at,
        limits=same.limits,
        strict=same.strict,
        grants_until=same.grants_until,
        now=now,
    )
    return Rotated(secret, key, store.expire_key(key_id, until))


def secret_in(headers: Mapping[str, Any]) -> str | None:
    """Return the key in a request's headers, or None if nothing there looks like one.

    Clients send it as ``Authorization: Bearer``, ``x-api-key`` or ``api-key``. The first that looks like a key counts.
    """
    given = {str(name).lower(): str(value or "").strip() for name, value in headers.items()}
    scheme, _, token = given.get("authorization", "").partition(" ")
    values = (token.strip() if scheme.lower() == "bearer" else "", given.get("x-api-key", ""), given.get("api-key", ""))
    return next((value for value in values if KEY.fullmatch(value)), None)


def authenticate(
    find: Callable[[str], ApiKey | None], headers: Mapping[str, Any], now: datetime | None = None
) -> ApiKey:
    """Return the key in a request's headers. Raises the same NotAllowedError for every fault.

    Args:
        find: returns the key with a digest, or None. A value that does not look like a key needs no call.
    """
    secret = secret_in(headers)
    key = find(digest_of(secret)) if secret else None
    if key is None or not key.usable(now or datetime.now(UTC)):
        raise NotAllowedError("this key is not valid")
    return key


class RecentKeys:
    """Finds keys, and remembers each for a minute. An unknown one is looked up every time."""

    def __init__(self, store: KeyStore) -> None:
        self._store = store
        self._found: dict[str, tuple[float, ApiKey]] = {}

    def key(self, digest: str) -> ApiKey | None:
        """Return the key with this digest, or None."""
        now = time.monotonic()
        at, key = self._found.get(digest, (0.0, None))
        if key is not None and now - at < REMEMBERED_SECONDS:
            return key
        if (key := self._store.key(digest)) is not None:
            if len(self._found) >= _MOST_REMEMBERED:
                self._found.clear()
            self._found[digest] = (now, key)
        return key


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """The key of a request, as API Gateway passes it from the authorizer to the function: plain strings.

    It may be a minute old. ``digest`` finds the key's record if that is too old.
    """

    key: str
    projects: tuple[str, ...]
    scopes: tuple[Scope, ...] = ("chat",)
    limits: RateLimits = RateLimits()
    expires_at: datetime | None = None
    digest: str = ""
    strict: bool = False

    def to_context(self) -> dict[str, str]:
        """Return the authorizer's context: strings only."""
        context = {"key": self.key, "projects": ",".join(self.projects), "scopes": ",".join(self.scopes)}
        if self.digest:
            context["digest"] = self.digest
        context |= {name: str(value) for name, value in self.limits.document().items()}
        if self.strict:
            context["strict"] = "true"
        if self.expires_at:
            context["expires_at"] = self.expires_at.isoformat()
        return context

    @classmethod
    def from_context(cls, context: Mapping[str, Any]) -> Self:
        """Return the caller described by an authorizer's context."""
        return cls(
            key=str(context["key"]),
            projects=tuple(str(context["projects"]).split(",")),
            scopes=_known_scopes(str(context.get("scopes", "chat")).split(",")),
            limits=RateLimits.parse(context),
            expires_at=_moment(context.get("expires_at")),
            digest=str(context.get("digest", "")),
            strict=context.get("strict") == "true",
        )

    @classmethod
    def of(cls, key: ApiKey) -> Self:
        """Return the caller for a key."""
        return cls(
            key=key.id,
            projects=key.projects,
            scopes=key.scopes,
            limits=key.limits,
            expires_at=key.expires_at,
            digest=key.digest,
            strict=key.strict,
        )
