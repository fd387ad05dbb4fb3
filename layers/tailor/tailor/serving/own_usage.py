"""``GET /v1/usage``: what a key has used, with its cost, told to the key itself."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tailor.serving import budgets, statement
from tailor.serving.budgets import BudgetOwner
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.metering import MeterStore
from tailor.serving.prices import Pricing

MOST_DAYS, USUAL_DAYS = 92, 31
_GROUPS = {"day": statement.by_day, "hour": statement.by_hour}


def own_usage(
    store: MeterStore, pricing: Pricing, caller: Caller, query: Mapping[str, str], now: datetime
) -> dict[str, Any]:
    """Return the usage of a key in all its projects.

    Args:
        query: ``days`` up to and including today (UTC), and ``by``: ``day`` or ``hour``.
    Raises:
        ApiError: 400, a parameter can't be used.
    """
    days, by = query.get("days", str(USUAL_DAYS)), query.get("by", "day")
    if not (days.isascii() and days.isdecimal() and 1 <= int(days[:5]) <= MOST_DAYS):
        raise ApiError(400, f"days: a whole number from 1 to {MOST_DAYS}", code="invalid_value", param="days")
    if by not in _GROUPS:
        raise ApiError(400, f"by: one of {', '.join(_GROUPS)}", code="invalid_value", param="by")
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=int(days) - 1)
    rows = [row for project in caller.projects for row in store.usage(project, first, today) if row.key == caller.key]
    found = statement.lines(rows, pricing, _GROUPS[by])
    return {
        "object": "usage",
        "key": caller.key,
        "from": first.isoformat(),
        "to": today.isoformat(),
        "currency": "USD",
        "data": [line.document() for line in found],
        "total": _sums(statement.total(found)) if found else None,
        "budget": _budget(store, caller, now),
    }


def _sums(line: statement.Line) -> dict[str, Any]:
    named = ("day", "hour", "project", "version", "base_model", "key", "tags")
    return {name: value for name, value in line.document().items() if name not in named}


def _budget(store: MeterStore, caller: Caller, now: datetime) -> dict[str, Any] | None:
    """Return the key's budget and what it has cost this month, or None without a budget."""
    if caller.limits.cents_per_month is None:
        return None
    spent = store.spent(BudgetOwner("key", caller.key), budgets.month_of(now))
    limit = Decimal(caller.limits.cents_per_month) / 100
    return {"month": budgets.month_of(now), "limit_usd": f"{limit:.2f}", "spent_usd": f"{spent:.6f}"}
