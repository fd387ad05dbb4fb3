"""Keep what runs may cost in a calendar month (UTC) within the operator's limits, for each project and for the stack.

Before a job is submitted, the most that its run may cost is booked. Where the sum would pass a limit, first the
bookings of other runs are corrected by what these used: a run that was stopped before its training counts nothing, one
that has ended counts what it used, and is settled: nobody looks it up again. Where that is not enough, the booking is
taken back and the run waits. Once a minute, :meth:`Spending.affordable` says for all that wait whose turn has come.

An amount whose price is not known counts as what others were billed for as much, if that is known, else as nothing.
Such a run trains only after a person approved it.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Protocol

from tailor.costs import cents
from tailor.runs import Run, RunStore, State, find
from tailor.training.spent import spent

_GOES_ON = frozenset({State.PREPARED, State.AWAITING_APPROVAL, State.APPROVED, State.TRAINING})


@dataclass(frozen=True, slots=True)
class Booking:
    """US dollars that one run may cost, or has cost, in a month. ``settled``: the run has ended, and that is final."""

    run: str
    project: str
    amount: Decimal
    settled: bool = False


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

    def passed(self, sums: "Sums", project: str) -> str:
        """Return which limit the sums pass, as a sentence; empty if none."""
        own = sums.by_project[project]
        for amount, limit, whose in ((own, self.project, f"project {project}"), (sums.all, self.stack, "all projects")):
            if limit is not None and amount > limit:
                return f"${cents(amount)} would be booked for {whose} this month, and the limit is ${cents(limit)}"
        return ""


class Sums:
    """US dollars of bookings."""

    def __init__(self, bookings: Iterable[Booking]) -> None:
        self.all, self.by_project = Decimal(0), defaultdict[str, Decimal](Decimal)
        for booking in bookings:
            self.add(booking.project, booking.amount)

    def add(self, project: str, amount: Decimal) -> None:
        self.all += amount
        self.by_project[project] += amount


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
        month = _month(now)
        self.ledger.book(month, Booking(run.id, run.project, most(run, now)))
        if not self.limits.passed(Sums(self.ledger.bookings(month)), run.project):
            return ""
        self._correct(month, [], run.id, now)
        if reason := self.limits.passed(Sums(self.ledger.bookings(month)), run.project):
            self.ledger.take_back(month, run.id)
            return reason
        return ""

    def affordable(self, waiting: Iterable[Run], open_runs: Iterable[Run], now: datetime) -> list[Run]:
        """Return the waiting runs, in their order, for each of which there is room beside those before it.

        Corrects bookings first; looks up only runs that have ended since.
        """
        self._correct(_month(now), open_runs, "", now)
        sums, found = Sums(self.ledger.bookings(_month(now))), []
        for run in waiting:
            amount = most(run, now)
            sums.add(run.project, amount)
            if self.limits.passed(sums, run.project):
                sums.add(run.project, -amount)
            else:
                found.append(run)
        return found

    def outlook(self, run: Run, now: datetime) -> tuple[str, str]:
        """Return what is booked for the run's project this month, and why the run would have to wait; books nothing."""
        sums = Sums(each for each in self.ledger.bookings(_month(now)) if each.run != run.id)
        booked = sums.by_project[run.project]
        of = f" of ${cents(self.limits.project)}" if self.limits.project is not None else ""
        sums.add(run.project, most(run, now))
        return f"${cents(booked)}{of}", self.limits.passed(sums, run.project)

    def _correct(self, month: str, open_runs: Iterable[Run], but: str, now: datetime) -> None:
        """Lower the bookings of runs that used less. Those that are not among ``open_runs`` are looked up."""
        known = {run.id: run for run in open_runs}
        for booking in self.ledger.bookings(month):
            if booking.settled or booking.run == but:
                continue
            run = known.get(booking.run) or find(self.runs, booking.run)
            if run is not None and run.state in _GOES_ON:
                continue
            used = spent(run, now).most if run else None
            amount = booking.amount if used is None else min(used, booking.amount)
            corrected = replace(booking, amount=amount, settled=run is None or not run.is_open)
            if corrected != booking:
                self.ledger.book(month, corrected)


def _month(now: datetime) -> str:
    return f"{now:%Y-%m}"


def most(run: Run, now: datetime) -> Decimal:
    """Return what a run cost so far and may cost from here on, with a month of storage, and hosting."""
    so_far = spent(run, now).most or Decimal(0)
    if run.quote is None:
        return so_far
    amounts = (
        (line.high if line.high is not None else line.observed[1] if line.observed else Decimal(0)) * line.committed
        for line in run.quote.lines
    )
    return so_far + sum(amounts, Decimal(0))
