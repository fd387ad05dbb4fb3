"""Keys over the API: list, create, rotate and revoke those of the projects of a key with the scope ``keys``.

A key grants nothing that it does not have itself: no other project or scope, no higher rate, no longer life than its
record allows. It grants no scope ``keys`` either, so whoever steals it can't make another one like it: revoking it ends
that. A key that is also for other projects than the caller's is shown, without their names, and can't be touched.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from tailor.management.access import KEY_MANAGERS, AccessControl, own, signature
from tailor.management.key_documents import KeyEntry, KeyLimits, KeyList, MadeKey
from tailor.management.pages import page_of
from tailor.management.requests import KeyRequest, KeysQuery, RevokeRequest, RotateRequest
from tailor.serving import budgets, keys, usage
from tailor.serving.errors import ApiError
from tailor.serving.keys import LENT_SCOPES, ApiKey, Caller, KeyStore, RateLimits
from tailor.serving.metering import MeterStore
from tailor.serving.schema import check, read
from tailor.serving.service import ApiAnswer

MOST_KEYS = 100
"""Keys of a project that work at the same time, as far as the API makes them."""


class KeyManagement:
    """Keys of projects, for keys that may manage them.

    ``default_per_minute``: requests of a key without a limit of its own, which none made here exceeds; 0: no limit.
    """

    def __init__(self, access: AccessControl, store: KeyStore, meter: MeterStore, default_per_minute: int = 0) -> None:
        self._access = access
        self._store = store
        self._meter = meter
        self._default_per_minute = default_per_minute

    def list_keys(self, query: Mapping[str, str], caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/keys``: a page of the keys that may act on the caller's projects, the newest first."""
        manager = self._access.key(caller, KEY_MANAGERS)
        asked, now = check(KeysQuery, dict(query)), datetime.now(UTC)
        if asked.project is not None:
            own(asked.project, manager, "project")
        wanted = {asked.project} if asked.project else set(manager.projects)
        found = [
            key
            for key in reversed(self._store.all_keys())
            if wanted & set(key.projects) and (asked.state is None or _state(key, now) == asked.state)
        ]
        shown, more = page_of(found, asked.after, asked.limit, lambda key: key.id)
        used = usage.last_used(
            self._meter, {each for key in shown for each in key.projects} & set(manager.projects), now
        )
        entries = [KeyEntry.model_validate(self._entry(key, manager, now, used.get(key.id))) for key in shown]
        answer = KeyList(
            data=entries,
            first_id=entries[0].id if entries else None,
            last_id=entries[-1].id if entries else None,
            has_more=more,
        )
        return ApiAnswer(answer.model_dump_json())

    def create(self, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/keys``. Raises ApiError 403 for what the caller's key does not have itself."""
        manager = self._access.key(caller, KEY_MANAGERS)
        asked, now = read(KeyRequest, body), datetime.now(UTC)
        for project in asked.projects:
            own(project, manager, "projects")
        for scope in asked.scopes:
            if scope not in _lent(manager):
                message = f"this key can't give the scope {scope}: it gives {', '.join(_lent(manager)) or 'none'}"
                raise ApiError(403, message, code="access_denied", param="scopes")
        limits = RateLimits(
            requests_per_minute=asked.requests_per_minute,
            tokens_per_day=asked.tokens_per_day,
            cents_per_month=None if asked.budget_usd is None else int(Decimal(asked.budget_usd) * 100),
        )
        if self._asks_faster(limits):
            message = f"a key made here makes at most {self._default_per_minute} requests a minute"
            raise ApiError(403, message, code="access_denied", param="requests_per_minute")
        _check_room(self._store.all_keys(), asked.projects, now)
        secret, made = keys.create(
            self._store,
            _printable(asked.name),
            list(asked.projects),
            scopes=asked.scopes,
            by=signature(manager),
            expires_at=_expiry(manager, asked.days, now),
            limits=limits,
            strict=asked.strict,
            now=now,
        )
        answer = MadeKey.model_validate(self._entry(made, manager, now, None) | {"secret": secret})
        return ApiAnswer(answer.model_dump_json(), facts={"key": manager.id, "action": "create-key", "made": made.id})

    def rotate(self, key_id: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/keys/{key}/rotate``: the same key with a new secret. A repeat makes one more."""
        manager = self._access.key(caller, KEY_MANAGERS)
        asked, now = read(RotateRequest, body or b"{}"), datetime.now(UTC)
        known = self._store.all_keys()
        old = _find(known, key_id, manager)
        if not old.usable(now):
            raise ApiError(409, "this key is revoked or expired: make a new one", code="key_not_usable", param="key")
        if not set(old.scopes) <= set(_lent(manager)):
            message = (
                f"this key can't give {', '.join(old.scopes)}, which that key has: its secret is not given out here"
            )
            raise ApiError(403, message, code="access_denied", param="key")
        if self._asks_faster(old.limits):
            message = f"that key makes more than {self._default_per_minute} requests a minute: its operator rotates it"
            raise ApiError(403, message, code="access_denied", param="key")
        _check_room(known, old.projects, now)
        made = keys.rotate(
            self._store,
            old.id,
            until=now + timedelta(hours=asked.grace_hours),
            by=signature(manager),
            expires_at=_expiry(manager, asked.days, now),
            now=now,
        )
        budgets.carry_over(self._meter, made.old, made.key, now)
        replaced = {"secret": made.secret, "replaces": old.id, "replaced_until": made.old.expires_at}
        answer = MadeKey.model_validate(self._entry(made.key, manager, now, None) | replaced)
        facts = {"key": manager.id, "action": "rotate-key", "made": made.key.id, "replaces": old.id}
        return ApiAnswer(answer.model_dump_json(), facts=facts)

    def revoke(self, key_id: str, body: bytes, caller: Caller) -> ApiAnswer:
        """Answer ``POST /v1/keys/{key}/revoke``. A repeat changes nothing."""
        manager = self._access.key(caller, KEY_MANAGERS)
        read(RevokeRequest, body or b"{}")
        now = datetime.now(UTC)
        revoked = self._store.revoke_key(_find(self._store.all_keys(), key_id, manager).id, now)
        answer = KeyEntry.model_validate(self._entry(revoked, manager, now, None))
        return ApiAnswer(
            answer.model_dump_json(), facts={"key": manager.id, "action": "revoke-key", "revoked": revoked.id}
        )

    def _asks_faster(self, limits: RateLimits) -> bool:
        """Return whether a key with these limits makes more requests a minute than one without limits."""
        return 0 < self._default_per_minute < (limits.requests_per_minute or 0)

    def _entry(self, key: ApiKey, manager: ApiKey, now: datetime, used: date | None) -> dict[str, object]:
        """Return what a manager may know of a key, and do with it."""
        shared = not set(key.projects) <= set(manager.projects)
        cents = key.limits.cents_per_month
        lent = set(key.scopes) <= set(_lent(manager)) and not self._asks_faster(key.limits)
        actions = ["rotate", "revoke"] if lent else ["revoke"]
        return {
            "id": key.id,
            "name": key.name,
            "projects": [project for project in key.projects if project in manager.projects],
            "shared": shared,
            "scopes": list(key.scopes),
            "state": _state(key, now),
            "created_at": key.created_at,
            "created_by": key.created_by,
            "expires_at": key.expires_at,
            "revoked_at": key.revoked_at,
            "last_used": used,
            "limits": KeyLimits(
                requests_per_minute=key.limits.requests_per_minute,
                tokens_per_day=key.limits.tokens_per_day,
                budget_usd=None if cents is None else f"{Decimal(cents) / 100:.2f}",
            ),
            "strict": key.strict,
            "own": key.digest == manager.digest,
            "actions": [] if shared or not key.usable(now) else actions,
        }


def _find(known: Iterable[ApiKey], key_id: str, manager: ApiKey) -> ApiKey:
    """Return a key of the manager's projects. Raises ApiError 404, and 403 if it is for others too."""
    found = next((key for key in known if key.id == key_id), None)
    if found is None or not set(found.projects) & set(manager.projects):
        raise ApiError(404, "there is no such key", code="key_not_found", param="key")
    if not set(found.projects) <= set(manager.projects):
        message = "that key is for other projects too: its operator must change it"
        raise ApiError(403, message, code="access_denied", param="key")
    return found


def _check_room(known: Iterable[ApiKey], projects: tuple[str, ...], now: datetime) -> None:
    """Refuse one more key where a project has its most. Raises ApiError 409."""
    usable = [key for key in known if key.usable(now)]
    for project in projects:
        if sum(project in key.projects for key in usable) >= MOST_KEYS:
            message = f"{project} has {MOST_KEYS} keys that work: revoke those that nobody uses"
            raise ApiError(409, message, code="too_many_keys", param="projects")


def _lent(manager: ApiKey) -> tuple[keys.Scope, ...]:
    """Return the scopes that a key may give to others: its own, except ``keys``."""
    return tuple(scope for scope in LENT_SCOPES if scope in manager.scopes)


def _expiry(manager: ApiKey, days: int, now: datetime) -> datetime:
    """Return when a key ends that shall last some days: never after what its maker may grant."""
    latest = manager.grants_until or manager.expires_at
    wanted = now + timedelta(days=days)
    return min(wanted, latest) if latest else wanted


def _printable(name: str) -> str:
    """Return a name as lists and histories may show it: controls, and what reorders text, are replaced."""
    return "".join(char if char.isprintable() else " " if char.isspace() else "\ufffd" for char in name)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "revoked"
    return "usable" if key.usable(now) else "expired"
