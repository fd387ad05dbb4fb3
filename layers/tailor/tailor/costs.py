"""Costs of a run: amounts as ranges, and the quote that prepare makes and people approve. US dollars.

An unknown amount is None and reported as unknown; it never counts as 0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

Every = Literal["once", "month", "day", "hour"]
PERIODS: Mapping[Every, str] = {"once": "once", "month": "a month", "day": "a day", "hour": "an hour"}
Moment = Annotated[datetime, PlainSerializer(datetime.isoformat, return_type=str, when_used="json")]
"""A time that is written with its offset, ``2026-11-22T10:00:00+00:00``."""
CENT = Decimal("0.01")
COMMITTED: Mapping[Every, int] = {"once": 1, "month": 1, "day": 30, "hour": 720}
"""How many periods of each kind of cost a run commits to: a month of storage, and of hosting without an end."""


@dataclass(frozen=True, slots=True)
class Range:
    """The least, likely and largest amount of something."""

    low: Decimal
    expected: Decimal
    high: Decimal

    @classmethod
    def of(cls, low: float | Decimal, expected: float | Decimal, high: float | Decimal) -> "Range":
        return cls(*(Decimal(str(value)) for value in (low, expected, high)))

    @classmethod
    def exactly(cls, value: float | Decimal) -> "Range":
        return cls.of(value, value, value)

    def times(self, other: "Range | Decimal | int") -> "Range":
        factor = other if isinstance(other, Range) else Range.exactly(other)
        return Range(self.low * factor.low, self.expected * factor.expected, self.high * factor.high)

    def plus(self, other: "Range") -> "Range":
        return Range(self.low + other.low, self.expected + other.expected, self.high + other.high)

    def perhaps(self, *, likely: bool = False) -> "Range":
        """Return the range of something that may not happen: its low end is 0."""
        return Range(Decimal(0), self.expected if likely else Decimal(0), self.high)

    def __str__(self) -> str:
        """Return ``1,200`` or ``800 to 1,600``."""
        return f"{self.low:,.0f}" if self.low == self.high else f"{self.low:,.0f} to {self.high:,.0f}"


NOTHING = Range.exactly(0)


@dataclass(frozen=True, slots=True)
class Advice:
    """Something to know before paying. ``code`` is stable."""

    code: str
    message: str
    fix: str


def field_names(document: BaseModel) -> tuple[str, ...]:
    """Return the names of a document's fields, then of those that this version does not know."""
    return (*type(document).model_fields, *(document.model_extra or {}))


class _Document(BaseModel):
    """A part of a quote, written with all of its fields, also those that this version does not know.

    ``_if_set`` are left out while they are None: earlier versions did not have them.
    """

    model_config = ConfigDict(extra="allow", frozen=True)
    _if_set: ClassVar[tuple[str, ...]] = ()

    @model_serializer(mode="wrap")
    def _in_full(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = dump(self)
        names = (name for name in field_names(self) if name not in self._if_set or getattr(self, name) is not None)
        return {name: found.get(name) for name in names}


class CostLine(_Document):
    """One cost item. Its three amounts are all known or all None."""

    _if_set: ClassVar[tuple[str, ...]] = ("periods",)

    item: str = Field(description="training, storage, evaluation, judge, hosting, teacher, headroom")
    title: str
    every: Every
    low: Decimal | None = None
    expected: Decimal | None = None
    high: Decimal | None = None
    how: str = Field(description="how the amount comes about, or why it is unknown")
    price_as_of: date | None = None
    price_source: str | None = None
    price_from: str = Field(default="", description="whose the price is: yours, AWS's Price List or the catalogue's")
    observed: tuple[Decimal, Decimal] | None = Field(
        default=None, description="what others paid for as much, where no price is known: it bounds, and is no price"
    )

    periods: Decimal | None = Field(default=None, description="how often it is paid until its end, if that is known")

    @property
    def known(self) -> bool:
        return self.high is not None

    @property
    def committed(self) -> Decimal:
        """Return how often a run that begins is to pay it."""
        return Decimal(COMMITTED[self.every]) if self.periods is None else self.periods

    @property
    def whole(self) -> Range | None:
        """Return all that a run commits to with it; None if the amount is unknown."""
        if self.low is None or self.expected is None or self.high is None:
            return None
        return Range(self.low, self.expected, self.high).times(self.committed)


class Approval(_Document):
    """The question whether to spend, as train asked it."""

    reason: str = Field(default="", description="why a person decides")
    until: Moment


class Quote(_Document):
    """A run's cost in advance. ``totals`` and ``unknown`` are derived from the lines each time it is written."""

    model: str
    method: str
    currency: str = "USD"
    lines: tuple[CostLine, ...]
    assumptions: tuple[str, ...] = ()
    advice: tuple[Advice, ...] = Field(default=(), description="what to know before paying")
    training_tokens: tuple[int, int, int] | None = Field(default=None, description="billed: low, expected, high")
    approval: Approval | None = Field(default=None, description="set by train if a person must decide")

    def total(self, every: Every = "once") -> Range | None:
        """Return the sum of a period's lines, or None if any of them is unknown."""
        lines = [line for line in self.lines if line.every == every]
        total = NOTHING
        for line in lines:
            if line.low is None or line.expected is None or line.high is None:
                return None
            total = total.plus(Range(line.low, line.expected, line.high))
        return total

    @property
    def totals(self) -> dict[Every, list[str] | None]:
        """Low, expected and high by period, in whole cents as text; None for an unknown total."""
        usual: tuple[Every, ...] = ("once", "month", "day")
        hourly: tuple[Every, ...] = ("hour",) if any(line.every == "hour" for line in self.lines) else ()
        return {every: _in_cents(self.total(every)) for every in usual + hourly}

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(line.title for line in self.lines if not line.known)

    def document(self) -> dict[str, Any]:
        """Return the quote as JSON with amounts as strings, read by ``Quote.model_validate``."""
        return self.model_dump(mode="json")

    @model_validator(mode="before")
    @classmethod
    def _without_derived(cls, stored: Any) -> Any:
        derived = {"totals", "unknown"}
        return {n: value for n, value in stored.items() if n not in derived} if isinstance(stored, dict) else stored

    @model_serializer(mode="wrap")
    def _in_full(self, dump: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found = dump(self)
        names = (name for name in field_names(self) if name != "approval" or self.approval is not None)
        document = {name: found.get(name) for name in names}
        return document | {"totals": self.totals, "unknown": list(self.unknown)}


def cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT)


def _in_cents(total: Range | None) -> list[str] | None:
    return None if total is None else [str(cents(amount)) for amount in (total.low, total.expected, total.high)]
