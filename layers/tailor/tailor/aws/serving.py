"""Live versions, API keys and usage in one DynamoDB table.

=================== ============================ =========================================
``pk``              ``sk``                       item
=================== ============================ =========================================
``PROJECT#<name>``  ``LIVE``                     the alias: live version and previous ones
``PROJECT#<name>``  ``ASKED#<time of the pause>`` since when a paused version is wanted again
``KEYS``            SHA-256 of the key           the key's record
``USAGE#<project>`` ``<day>T<hour>#<key            counters of an hour, added to atomically; a whole day's
                    id>#<run>#<tags>``             in rows of earlier versions: ``<day>#<key id>#<run>``
``USAGE#<project>`` ``MONTH#<month>``            what a project with a budget has cost, in US dollars
``RATE#<key id>``   ``MINUTE#…`` or ``DAY#…``    counters of a limited key's windows
``RATE#<key id>``   ``MONTH#<month>``            what a key with a budget has cost
``SPEND#<month>``   run's id                     what a run may cost (:mod:`tailor.aws.ledger`)
=================== ============================ =========================================

``expiration`` (epoch seconds) is the table's time-to-live attribute.
"""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tailor.aws.keys import KeyTable
from tailor.aws.table import ConditionFailedError
from tailor.errors import LostRaceError
from tailor.serving.aliases import Alias
from tailor.serving.budgets import BudgetOwner
from tailor.serving.usage import COUNTS, Usage

KEEP_USAGE = timedelta(days=400)
KEEP_WINDOWS = timedelta(days=2)
KEEP_ASKED = timedelta(days=30)
_NEW = "attribute_not_exists(pk)"
_LATENCY = "l"
_LATENCIES = re.compile(rf"{_LATENCY}\d{{1,2}}")


class ServingTable(KeyTable):
    """Implements AliasStore, KeyStore and MeterStore. Raises tailor.errors."""

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

    def ask_return(self, project: str, paused_at: datetime, now: datetime) -> datetime:
        row = self._table.update(
            _asked_key(project, paused_at),
            "SET asked_at = if_not_exists(asked_at, :now), expiration = :end",
            {":now": now.isoformat(), ":end": _epoch(now.date(), KEEP_ASKED)},
            f"recording that {project} is wanted again",
        )
        return datetime.fromisoformat(str(row["asked_at"]))

    def return_asked(self, project: str, paused_at: datetime) -> datetime | None:
        """Return since when a paused version is wanted again, or None."""
        row = self._table.get(_asked_key(project, paused_at), f"reading whether {project} is wanted again")
        return datetime.fromisoformat(str(row["asked_at"])) if row else None

    # Usage

    def add_usage(self, usage: Usage) -> None:
        counts = {name: getattr(usage, name) for name in COUNTS}
        counts |= {f"{_LATENCY}{bucket}": count for bucket, count in usage.latencies.items()}
        added = {name: count for name, count in counts.items() if count}
        adds = ", ".join(f"{name} :{name}" for name in added)
        expression = (f"ADD {adds} " if adds else "") + "SET expiration = :end, last_at = :at"
        values: dict[str, Any] = {f":{name}": count for name, count in added.items()}
        values |= {":end": _epoch(usage.day, KEEP_USAGE), ":at": datetime.now(UTC).isoformat(timespec="seconds")}
        if usage.model:
            expression, values = f"{expression}, model = :model", values | {":model": usage.model}
        key = {"pk": f"USAGE#{usage.project}", "sk": _usage_key(usage)}
        self._table.update(key, expression, values, "counting usage", returns="NONE")

    def usage(self, project: str, first: date, last: date) -> list[Usage]:
        # '~' sorts after every character of the keys.
        values = {":pk": f"USAGE#{project}", ":first": first.isoformat(), ":last": f"{last.isoformat()}~"}
        rows = self._table.query("pk = :pk AND sk BETWEEN :first AND :last", values, f"reading the usage of {project}")
        return [_usage(project, row) for row in rows]

    def last_call(self, project: str, since: datetime) -> datetime | None:
        """Return the time of a project's last call on the day of ``since`` or later; None if there was none."""
        values = {":pk": f"USAGE#{project}", ":first": since.date().isoformat()}
        rows = self._table.query("pk = :pk AND sk >= :first", values, f"reading the last call of {project}")
        times = [datetime.fromisoformat(str(row["last_at"])) for row in rows if "last_at" in row]
        return max(times, default=None)

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

    def reserve_tokens(self, key: str, day: date, tokens: int, limit: int) -> int | None:
        if tokens > limit:
            return None
        try:
            row = self._table.update(
                {"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"},
                "ADD tokens :tokens SET expiration = :end",
                {":tokens": tokens, ":end": _epoch(day, KEEP_WINDOWS), ":room": limit - tokens},
                f"setting tokens of key {key} aside",
                condition="attribute_not_exists(tokens) OR tokens <= :room",
                returns="UPDATED_NEW",
            )
        except ConditionFailedError:
            return None
        return int(row["tokens"])

    def tokens(self, key: str, day: date) -> int:
        row = self._table.get({"pk": f"RATE#{key}", "sk": f"DAY#{day.isoformat()}"}, f"reading the tokens of key {key}")
        return int(row.get("tokens", 0)) if row else 0

    # Budgets

    def standing(self, project: str, key: str, month: str) -> tuple[Alias, dict[BudgetOwner, Decimal]]:
        owners = BudgetOwner("project", project), BudgetOwner("key", key)
        keys = [_alias_key(project), *(_spent_key(owner, month) for owner in owners)]
        item, *sums = self._table.get_all(keys, f"reading the live version of {project}", consistent=True)
        spent = {owner: Decimal(row["usd"]) for owner, row in zip(owners, sums, strict=True) if row}
        return Alias.model_validate(item) if item else Alias(project=project), spent

    def spent(self, owner: BudgetOwner, month: str) -> Decimal:
        row = self._table.get(_spent_key(owner, month), f"reading what {owner.kind} {owner.name} has cost")
        return Decimal(row["usd"]) if row else Decimal(0)

    def add_spent(self, owner: BudgetOwner, month: str, amount: Decimal) -> Decimal:
        row = self._table.update(
            _spent_key(owner, month),
            "ADD usd :amount SET expiration = :end",
            {":amount": amount, ":end": _end_of_month(month)},
            f"adding to what {owner.kind} {owner.name} has cost",
            returns="UPDATED_NEW",
        )
        return Decimal(row["usd"])

    def set_spent(self, owner: BudgetOwner, month: str, amount: Decimal) -> None:
        row = _spent_key(owner, month) | {"usd": amount, "expiration": _end_of_month(month)}
        self._table.put(row, f"setting what {owner.kind} {owner.name} has cost")


def _alias_key(project: str) -> dict[str, Any]:
    return {"pk": f"PROJECT#{project}", "sk": "LIVE"}


def _asked_key(project: str, paused_at: datetime) -> dict[str, Any]:
    return {"pk": f"PROJECT#{project}", "sk": f"ASKED#{paused_at.isoformat()}"}


def _usage_key(usage: Usage) -> str:
    if usage.hour is None:
        return f"{usage.day.isoformat()}#{usage.key}#{usage.run}"
    return f"{usage.day.isoformat()}T{usage.hour:02}#{usage.key}#{usage.run}#{usage.tags}"


def _usage(project: str, item: dict[str, Any]) -> Usage:
    when, key, run, *tags = item["sk"].split("#", 3)
    day, _, hour = when.partition("T")
    counts: dict[str, Any] = {name: int(item.get(name, 0)) for name in COUNTS}
    latencies = {int(name[1:]): int(count) for name, count in item.items() if _LATENCIES.fullmatch(name)}
    return Usage(
        project,
        date.fromisoformat(day),
        key,
        run,
        **counts,
        hour=int(hour) if hour else None,
        model=item.get("model", ""),
        tags="".join(tags),
        latencies=latencies,
    )


def _spent_key(owner: BudgetOwner, month: str) -> dict[str, str]:
    partition = f"RATE#{owner.name}" if owner.kind == "key" else f"USAGE#{owner.name}"
    return {"pk": partition, "sk": f"MONTH#{month}"}


def _end_of_month(month: str) -> int:
    return _epoch(date.fromisoformat(f"{month}-01"), KEEP_USAGE)


def _epoch(day: date, keep: timedelta) -> int:
    return int((datetime(day.year, day.month, day.day, tzinfo=UTC) + keep).timestamp())
