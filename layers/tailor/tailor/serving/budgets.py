"""Budgets of calls, by key and by project, in a calendar month (UTC): a notice at 80 %, a stop at 100 %.

Each answer adds its cost to the month's sum of its key and of its project, where those have a budget, and learns the
new sum from the same write: of all answers exactly one takes a sum over a mark, and announces it. An answer is counted
when it is complete, so those that are under way at that moment may exceed a budget.
"""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Literal, Protocol

from tailor.serving.aliases import Alias
from tailor.serving.errors import QUOTA, ApiError
from tailor.serving.keys import ApiKey, Caller

WARNING, FULL = 80, 100


@dataclass(frozen=True, slots=True)
class BudgetOwner:
    """A key (by its id) or a project (by its name) with a budget."""

    kind: Literal["key", "project"]
    name: str


@dataclass(frozen=True, slots=True)
class BudgetMark:
    """A sum that has just reached a share of its budget. ``month``: ``2026-11``."""

    owner: BudgetOwner
    project: str
    month: str
    percent: int
    limit: Decimal
    spent: Decimal
    at: datetime


class SpentStore(Protocol):
    """Storage of sums in US dollars. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def spent(self, owner: BudgetOwner, month: str) -> Decimal:
        """Return what an owner has cost in a month."""

    def add_spent(self, owner: BudgetOwner, month: str, amount: Decimal) -> Decimal:
        """Add to what an owner has cost in a month, and return the new sum."""

    def set_spent(self, owner: BudgetOwner, month: str, amount: Decimal) -> None:
        """Replace what an owner has cost in a month."""


type Announce = Callable[[BudgetMark], None]


def carry_over(store: SpentStore, old: ApiKey, new: ApiKey, now: datetime) -> None:
    """Have a key with a budget begin with what the one has cost this month whose place it takes."""
    if new.limits.cents_per_month is not None:
        month = month_of(now)
        store.set_spent(BudgetOwner("key", new.id), month, store.spent(BudgetOwner("key", old.id), month))


def month_of(now: datetime) -> str:
    """Return the calendar month of a moment, in UTC."""
    return f"{now.astimezone(UTC):%Y-%m}"


def budgets_of(caller: Caller, alias: Alias) -> dict[BudgetOwner, Decimal]:
    """Return the budgets that a request is under, in US dollars a month."""
    given = {
        BudgetOwner("key", caller.key): caller.limits.cents_per_month,
        BudgetOwner("project", alias.project): alias.cents_per_month,
    }
    return {owner: Decimal(cents) / 100 for owner, cents in given.items() if cents is not None}


def check(spent: Mapping[BudgetOwner, Decimal], caller: Caller, alias: Alias, now: datetime) -> None:
    """Refuse a request whose key or project has used its budget up.

    Args:
        spent: what they have cost this month.
    Raises:
        ApiError: 429, not to be tried again.
    """
    for owner, limit in budgets_of(caller, alias).items():
        if spent.get(owner, Decimal(0)) >= limit:
            whose = "this key's" if owner.kind == "key" else f"the project {owner.name}'s"
            message = f"{whose} budget of ${limit:.2f} for {month_of(now)} is used up: ask its operator"
            raise ApiError(429, message, code="insufficient_quota", type=QUOTA, should_retry=False)


def add(store: SpentStore, caller: Caller, alias: Alias, cost: Decimal, now: datetime, announce: Announce) -> None:
    """Add an answer's cost to the sums that have a budget; announce each mark that it reaches."""
    limits, month = budgets_of(caller, alias), month_of(now)
    if not cost:
        return
    for owner, spent in _beside_each_other(lambda owner: store.add_spent(owner, month, cost), limits):
        for percent in (WARNING, FULL):
            mark = limits[owner] * percent / 100
            if spent - cost < mark <= spent:
                announce(BudgetMark(owner, alias.project, month, percent, limits[owner], spent, now))


def _beside_each_other(
    ask: Callable[[BudgetOwner], Decimal], owners: dict[BudgetOwner, Decimal]
) -> Iterator[tuple[BudgetOwner, Decimal]]:
    if len(owners) < 2:
        return ((owner, ask(owner)) for owner in owners)
    with ThreadPoolExecutor(len(owners)) as pool:
        return zip(owners, list(pool.map(ask, owners)), strict=True)
