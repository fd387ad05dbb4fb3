"""API keys in the table that :mod:`tailor.aws.serving` describes; all that the authorizer reads."""

from datetime import datetime

from tailor.aws.table import Table
from tailor.errors import NotFoundError
from tailor.serving.keys import ID_LENGTH, ApiKey

_KEYS = "KEYS"


class KeyTable:
    """Implements KeyStore. Raises tailor.errors."""

    def __init__(self, table_name: str) -> None:
        self._table = Table(table_name)

    def key(self, digest: str) -> ApiKey | None:
        row = self._table.get(_row_key(digest), "reading a key")
        return ApiKey.from_row(row) if row else None

    def add_key(self, key: ApiKey) -> None:
        row = _row_key(key.digest) | key.to_row()
        self._table.put(row, f"adding key {key.id}", condition="attribute_not_exists(pk)")

    def all_keys(self) -> list[ApiKey]:
        rows = self._table.query("pk = :keys", {":keys": _KEYS}, "listing keys")
        return sorted(map(ApiKey.from_row, rows), key=lambda key: key.created_at)

    def expire_key(self, key_id: str, at: datetime) -> ApiKey:
        key = _row_key(self._digest(key_id))
        found = self._table.get(key, f"reading key {key_id}", consistent=True)
        known = ApiKey.from_row(found) if found else None
        if known and known.expires_at and known.expires_at <= at:
            return known
        then = {":at": at.isoformat()}
        return ApiKey.from_row(self._table.update(key, "SET expires_at = :at", then, f"letting key {key_id} expire"))

    def revoke_key(self, key_id: str, now: datetime) -> ApiKey:
        row = self._table.update(
            _row_key(self._digest(key_id)),
            "SET revoked_at = if_not_exists(revoked_at, :now)",
            {":now": now.isoformat()},
            f"revoking key {key_id}",
        )
        return ApiKey.from_row(row)

    def _digest(self, key_id: str) -> str:
        """Return the digest of the key with this id. Raises NotFoundError."""
        found = []
        if len(key_id) == ID_LENGTH:
            values = {":keys": _KEYS, ":id": key_id}
            found = self._table.query("pk = :keys AND begins_with(sk, :id)", values, f"finding key {key_id}")
        if not found:
            raise NotFoundError(f"there is no key {key_id!r}", hint="see the ids with: tailor keys list")
        return str(found[0]["sk"])


def _row_key(digest: str) -> dict[str, str]:
    return {"pk": _KEYS, "sk": digest}
