"""Live versions, API keys and usage in one DynamoDB table.

=================== ============================ =========================================
``pk``              ``sk``                       item
=================== ============================ =========================================
``PROJECT#<name>``  ``LIVE``                     the alias: live version and previous ones
``KEYS``            SHA-256 of the key           the key's record
``USAGE#<project>`` ``<day>#<key id>#<run>``     counters, added to atomically
``RATE#<key id>``   ``MINUTE#…`` or ``DAY#…``    counters of a limited key's windows
``SPEND#<month>``   run's id                     what a run may cost (:mod:`tailor.aws.ledger`)
=================== ============================ =========================================

``expiration`` (epoch seconds) is the table's time-to-live attribute.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tailor.aws.keys import KeyTable
from tailor.aws.table import ConditionFailedError
from tailor.errors import LostRaceError
from tailor.serving.aliases import Alias
from tailor.serving.usage import Usage

KEEP_USAGE = timedelta(days=400)
KEEP_WINDOWS = timedelta(days=2)
_NEW = "attribute_not_exists(pk)"


class ServingTable(KeyTable):
    """Implements AliasStore, KeyStore and UsageStore. Raises tailor.errors."""

    # Aliases

    def alias(self, project: str) -> Alias:
        item = self._table.get(_alias_key(project), f"reading the live version of {project}", consistent=True)
        return Alias.model_validate(item) if item else Alias(project=project)

    def save_alias(self, alias: Alias) -> Alias:
        from tailor.aws.items import as_item  # no answer waits for it

        new = alias.model_copy(update={"revision": alias.revision + 1})
        unchanged, seen = ("revision = :seen", {":seen": alias.revision}) if alias.revision else (_NEW, None)
        row = _alias_key(alias.project) | as_item(new)
        try:
            self._table.put(row, f"writing the live version of {alias.project}", condition=unchanged, values=seen)
        except ConditionFailedError as error:
            raise LostRaceError(
                f"somebody else moved {alias.project}'s live version first", hint="try again"
            ) from error
        return new

    # Usage

    def add_usage(self, usage: Usage) -> None:
        self._table.update(
            {"pk": f"USAGE#{usage.project}", "sk": f"{usage.day.isoformat()}#{usage.key}#{usage.run}"},
            "ADD requests :r, input_tokens :i, output_tokens :o SET expiration = :end",
            {
                ":r": usage.requests,
                ":i": usage.input_tokens,
                ":o": usage.output_tokens,
                ":end": _epoch(usage.day, KEEP_USAGE),
            },
            "counting usage",
            returns="NONE",
        )

    def usage(self, project: str, first: date, last: date) -> list[Usage]:
        # '~' sorts after every character of the keys.
        values = {":pk": f"USAGE#{project}", ":first": first.isoformat(), ":last": f"{last.isoformat()}~"}
        rows = self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values, f"reading the usage of {project}")
        return [_usage(project, row) for row in rows]

    def count_request(self, key: str, minute: datetime, limit: int) -> int | None:
        try:
            row = self._table.update(
                {"pk": f"RATE#{key}", "sk": f"MINUTE#{minute.isoformat()}"},
                "ADD requests :one SET expiration = :end",
                {":one": 1, ":end": _epoch(minute.date(), KEEP_WINDOWS), ":limit": limit},
                f"counting a request of key {key}",
                condition="attribute_not_exists(requests) OR requests < :limit",
                returns="UPDATED_NEW",
            )
        except ConditionFailedError:
            return None
        return int(row["requests"])

    def add_tokens(self, key: str, day: date, tokens: int) -> None:
        self._table.update(
            {"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"},
            "ADD tokens :tokens SET expiration = :end",
            {":tokens": tokens, ":end": _epoch(day, KEEP_WINDOWS)},
            f"counting tokens of key {key}",
            returns="NONE",
        )

    def tokens(self, key: str, day: date) -> int:
        row = self._table.get({"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"}, f"reading the tokens of key {key}")
        return int(row.get("tokens", 0)) if row else 0


def _alias_key(project: str) -> dict[str, Any]:
    return {"pk": f"PROJECT#{project}", "sk": "LIVE"}


def _usage(project: str, item: dict[str, Any]) -> Usage:
    day, key, run = item["sk"].split("#", 2)
    counts = (int(item["requests"]), int(item["input_tokens"]), int(item["output_tokens"]))
    return Usage(project, date.fromisoformat(day), key, run, *counts)


def _epoch(day: date, keep: timedelta) -> int:
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + keep).timestamp())
