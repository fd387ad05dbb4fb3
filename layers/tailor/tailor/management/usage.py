"""Usage and cost of calls of a project's model: by day, by key and by version."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from tailor.management.access import READERS, AccessControl
from tailor.management.documents import ProjectUsageDocument, UsageBudget, UsageLine
from tailor.management.requests import UsageQuery
from tailor.serving import budgets, statement
from tailor.serving.aliases import AliasStore
from tailor.serving.errors import ApiError
from tailor.serving.keys import Caller
from tailor.serving.metering import MeterStore
from tailor.serving.prices import Pricing
from tailor.serving.schema import check
from tailor.serving.service import ApiAnswer
from tailor.serving.statement import Line
from tailor.serving.usage import Usage


class ProjectUsage:
    """Usage of projects, for keys that may look at them."""

    def __init__(self, access: AccessControl, store: MeterStore, aliases: AliasStore, pricing: Pricing) -> None:
        self._access = access
        self._store = store
        self._aliases = aliases
        self._pricing = pricing

    def show(self, project: str, query: Mapping[str, str], caller: Caller) -> ApiAnswer:
        """Answer ``GET /v1/models/{id}/usage``. Raises ApiError."""
        key = self._access.key(caller, READERS)
        if project not in key.projects:
            raise ApiError(404, f"there is no model {project!r:.80} for this key", code="model_not_found", param="id")
        asked = check(UsageQuery, dict(query))
        now = datetime.now(UTC)
        first = now.date() - timedelta(days=asked.days - 1)
        rows = self._store.usage(project, first, now.date())
        every = self._lines(rows, _all)
        answer = ProjectUsageDocument(
            id=project,
            first_day=first,
            last_day=now.date(),
            total=_line("", every[0]) if every else None,
            days=[_line(line.usage.day.isoformat(), line) for line in self._lines(rows, _day)],
            keys=[_line(line.usage.key, line) for line in self._lines(rows, _key)],
            versions=[_line(line.usage.run, line) for line in self._lines(rows, _version)],
            budget=self._budget(project, now),
        )
        return ApiAnswer(answer.model_dump_json())

    def _lines(self, rows: Iterable[Usage], group: Callable[[Usage], Usage]) -> list[Line]:
        return statement.lines(rows, self._pricing, group)

    def _budget(self, project: str, now: datetime) -> UsageBudget | None:
        cents = self._aliases.alias(project).cents_per_month
        if cents is None:
            return None
        month = budgets.month_of(now)
        spent = self._store.spent(budgets.BudgetOwner("project", project), month)
        return UsageBudget(month=month, limit_usd=f"{cents / 100:.2f}", spent_usd=f"{spent:.6f}")


def _all(row: Usage) -> Usage:
    return Usage(row.project, row.day.min, "", "")


def _day(row: Usage) -> Usage:
    return replace(_all(row), day=row.day)


def _key(row: Usage) -> Usage:
    return replace(_all(row), key=row.key)


def _version(row: Usage) -> Usage:
    return replace(_all(row), run=row.run)


def _line(name: str, line: Line) -> UsageLine:
    return UsageLine.model_validate({"name": name} | line.document(), extra="ignore")
