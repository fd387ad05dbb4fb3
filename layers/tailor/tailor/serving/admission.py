"""Admit a request before its body is looked at closely: its key's rate, its size, and what its model and sums are.

What costs nothing is checked first. DynamoDB is asked once about the live version and the sums of budgets, and beside
that the request is counted.
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from tailor.names import MAX_NAME, NAME
from tailor.serving import budgets, usage
from tailor.serving.aliases import Alias
from tailor.serving.body import check_size, read_json
from tailor.serving.budgets import BudgetOwner
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.usage import UsageStore


class StandingStore(UsageStore, Protocol):
    """Storage of live versions and sums. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def standing(self, project: str, key: str, month: str) -> tuple[Alias, dict[BudgetOwner, Decimal]]:
        """Return a project's alias, and what the project and a key have cost in a month, from one call."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that its key may make. ``headers`` are those of its rate limit.

    ``refused``: what the key's rate limit says against it, in place of the headers.
    """

    caller: Caller
    now: datetime
    document: Any
    alias: Alias | None
    spent: Mapping[BudgetOwner, Decimal]
    headers: dict[str, str]
    refused: ApiError | None = None


def admit(
    store: StandingStore, body: bytes, caller: Caller, now: datetime, *, default_per_minute: int | None
) -> Admitted:
    """Count a request, read its body's JSON, and find its model, without checking what the JSON says.

    Raises:
        ApiError: 400 or 413, the body is no JSON or has more than is checked.
    """
    check_size(body)
    with ThreadPoolExecutor(1) as beside:
        counting = beside.submit(usage.admit, store, caller, now, default_per_minute=default_per_minute)
        document = read_json(body)
        project = _project(document)
        alias, spent = store.standing(project, caller.key, budgets.month_of(now)) if project else (None, {})
    try:
        return Admitted(caller, now, document, alias, spent, counting.result())
    except ApiError as refusal:
        return Admitted(caller, now, document, alias, spent, {}, refusal)


def _project(document: Any) -> str | None:
    """Return the project of a body's model, or None where it names none."""
    model = document.get("model") if isinstance(document, dict) else None
    project = model.partition("@")[0] if isinstance(model, str) else ""
    return project if len(project) <= MAX_NAME and NAME.fullmatch(project) else None
