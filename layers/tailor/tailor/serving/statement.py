"""Usage in money: rows of usage added up, with what they cost at today's prices."""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from decimal import Decimal
from typing import Any

from tailor.printable import one_line
from tailor.serving.latency import percentile
from tailor.serving.prices import Pricing
from tailor.serving.usage import COUNTS, Usage
from tailor.token_prices import TokenPrices

_CENTS = Decimal("0.000001")  # a short answer costs a thousandth of a cent


@dataclass(frozen=True, slots=True)
class Line:
    """Added-up usage. ``cost_usd`` is of the tokens whose price is known; ``unpriced_requests`` are the others."""

    usage: Usage
    cost_usd: Decimal
    unpriced_requests: int

    @property
    def cost(self) -> Decimal | None:
        """Return US dollars, or None if a price is unknown."""
        return None if self.unpriced_requests else self.cost_usd

    def document(self) -> dict[str, Any]:
        """Return the line as JSON's values, flat, as it is a row of CSV too."""
        used = self.usage
        hour = None if used.hour is None else f"{used.day.isoformat()}T{used.hour:02}:00:00Z"
        names: dict[str, Any] = {
            "day": used.day.isoformat(),
            "hour": hour,
            "project": used.project,
            "version": used.run,
        }
        names |= {"base_model": used.model or None, "key": used.key, "tags": used.tags}
        counts = {name: getattr(used, name) for name in COUNTS}
        counts |= {"estimated_requests": counts.pop("estimated"), "fallback_requests": counts.pop("fallbacks")}
        latencies = {f"p{share}_ms": percentile(used.latencies, share / 100) for share in (50, 95, 99)}
        cost = None if self.cost is None else f"{self.cost.quantize(_CENTS):f}"
        known = {"cost_usd": cost, "known_cost_usd": f"{self.cost_usd.quantize(_CENTS):f}"}
        return names | counts | latencies | known | {"unpriced_requests": self.unpriced_requests}


def by_hour(usage: Usage) -> Usage:
    """Return a row's group if usage is told by the hour: the row itself, without counts."""
    which = usage.project, usage.day, usage.key, usage.run
    return Usage(*which, hour=usage.hour, model=usage.model, tags=usage.tags)


def by_day(usage: Usage) -> Usage:
    """Return a row's group if usage is told by the day."""
    return replace(by_hour(usage), hour=None)


def lines(rows: Iterable[Usage], pricing: Pricing, group: Callable[[Usage], Usage] = by_day) -> list[Line]:
    """Add rows up within their groups, in the order of the first of each."""
    known: dict[str, TokenPrices | None] = {}
    found: dict[tuple[Any, ...], Line] = {}
    for row in rows:
        if row.model not in known:
            known[row.model] = pricing(row.model) if row.model else None
        empty = group(row)
        key = tuple(getattr(empty, field.name) for field in fields(empty) if field.name != "latencies")
        found[key] = _with(found.get(key, Line(empty, Decimal(0), 0)), row, known[row.model])
    return list(found.values())


def total(found: Sequence[Line]) -> Line:
    """Return the sum of lines. Its names are those of the first."""
    first = found[0]
    result = Line(by_day(first.usage), Decimal(0), 0)
    for line in found:
        cost, unpriced = result.cost_usd + line.cost_usd, result.unpriced_requests + line.unpriced_requests
        result = Line(_sum(result.usage, line.usage), cost, unpriced)
    return result


def to_csv(found: Iterable[Line]) -> str:
    """Return lines as CSV with a header; tags are what callers wrote, and may hold what steers a terminal."""
    text = io.StringIO()
    documents = [line.document() for line in found]
    names = documents[0] if documents else Line(Usage("", date.min, "", ""), Decimal(0), 0).document()
    writer = csv.DictWriter(text, list(names), lineterminator="\n")
    writer.writeheader()
    for document in documents:
        writer.writerow(
            {name: one_line(value) if isinstance(value, str) else value for name, value in document.items()}
        )
    return text.getvalue()


def _with(line: Line, row: Usage, prices: TokenPrices | None) -> Line:
    cost = prices.cost(row.input_tokens, row.output_tokens) if prices else Decimal(0)
    unpriced = 0 if prices or not (row.input_tokens or row.output_tokens) else row.requests
    return Line(_sum(line.usage, row), line.cost_usd + cost, line.unpriced_requests + unpriced)


def _sum(one: Usage, other: Usage) -> Usage:
    counts = {name: getattr(one, name) + getattr(other, name) for name in COUNTS}
    return replace(one, **counts, latencies=dict(Counter(one.latencies) + Counter(other.latencies)))
