"""Keep what runs may cost in a calendar month (UTC) within the operator's limits, for each project and for the stack.

Before a job is submitted, the most that its run may cost is booked. Where the sum would pass a limit, first the
bookings of other runs are corrected by what these used: a run that was stopped before its training counts nothing, one
that has ended counts what it used. Where that is not enough, the booking is taken back and the run waits.

An amount whose price is not known counts as what others were billed for as much, if that is known, else as nothing.
Such a run trains only after a person approved it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from tailor.costs import cents
from tailor.runs import Run, RunStore, State, find
from tailor.training.approval import COMMITTED
from tailor.training.spent import spent

_GOES_ON = frozenset({State.PREPARED, State.AWAITING_APPROVAL, State.APPROVED, State.TRAINING})


@dataclass(frozen=True, slots=True)
class Booking:
    """US dollars that one run may cost, or has cost, in a month."""

    run: str
    project: str
    amount: Decimal


class Ledger(Protocol):
    """Bookings by month, ``2026-11``. The DynamoDB implementation is :class:`tailor.aws.ledger.LedgerTable`."""

    def bookings(self, month: str) -> list[Booking]:
        """Return a month's bookings, read consistently."""

    def book(self, month: str, booking: Booking) -> None:
        """Write a run's booking, in place of an earlier one."""

    def take_back(self, month: str, run: str) -> None:
        """Remove a run's booking, if there is one."""


@dataclass(frozen=True, slots=True)
class MonthLimits:
    """US dollars in a month. None: no limit."""

    project: Decimal | None = None
    stack: Decimal | None = None

    @classmethod
    def of(cls, project: Decimal, stack: Decimal) -> "MonthLimits":
        """Return the limits of the template's parameters, where 0 stands for none."""
        return cls(project or None, stack or None)

    def passed(self, bookings: Iterable[Booking], project: str) -> str:
        """Return which limit the bookings pass, as a sentence; empty if none."""
        known = list(bookings)
        whole = sum((each.amount for each in known), Decimal(0))
        own = sum((each.amount for each in known if each.project == project), Decimal(0))
        for amount, limit, whose in ((own, self.project, f"project {project}"), (whole, self.stack, "all projects")):
            if limit is not None and amount > limit:
                return f"${cents(amount)} would be booked for {whose} this month, and the limit is ${cents(limit)}"
        return ""


@dataclass(frozen=True, slots=True)
class Spending:
    """The ledger with its limits."""

    ledger: Ledger
    limits: MonthLimits
    runs: RunStore

    def hold(self, run: Run, now: datetime) -> str:
        """Book a run that is about to be submitted; return why it must wait, or an empty string.

        Booking first and looking after it keeps two runs at once from both taking what is left: then both wait.
        """
        if self.limits == MonthLimits():
            return ""
        month, own = f"{now:%Y-%m}", Booking(run.id, run.project, most(run, now))
        self.ledger.book(month, own)
        if not self.limits.passed(self.ledger.bookings(month), run.project):
            return ""
        self._correct(month, run.id, now)
        if reason := self.limits.passed(self.ledger.bookings(month), run.project):
            self.ledger.take_back(month, run.id)
            return reason
        return ""

    def outlook(self, run: Run, now: datetime) -> tuple[str, str]:
        """Return what is booked for the run's project this month, and why the run would have to wait; books nothing."""
        others = [each for each in self.ledger.bookings(f"{now:%Y-%m}") if each.run != run.id]
        booked = sum((each.amount for each in others if each.project == run.project), Decimal(0))
        of = f" of ${cents(self.limits.project)}" if self.limits.project is not None else ""
        own = Booking(run.id, run.project, most(run, now))
        return f"${cents(booked)}{of}", self.limits.passed([*others, own], run.project)

    def _correct(self, month: str, but: str, now: datetime) -> None:
        for booking in self.ledger.bookings(month):
            run = find(self.runs, booking.run) if booking.run != but else None
            if run is None or run.state in _GOES_ON:
                continue
            used = spent(run, now)
            if used.most is not None and used.most < booking.amount:
                self.ledger.book(month, replace(booking, amount=used.most))


def most(run: Run, now: datetime) -> Decimal:
    """Return what a run cost so far and may cost from here on, with a month of storage and hosting."""
    so_far = spent(run, now).most or Decimal(0)
    if run.quote is None:
        return so_far
    amounts = (
        (line.high if line.high is not None else line.observed[1] if line.observed else Decimal(0))
        * COMMITTED[line.every]
        for line in run.quote.lines
    )
    return so_far + sum(amounts, Decimal(0))
