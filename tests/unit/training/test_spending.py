"""The costs of a month stay within the operator's limits, even of runs that a person approved."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tailor.aws.ledger import LedgerTable
from tailor.costs import Quote
from tailor.runs import Run, State
from tailor.training.spending import Booking, Ledger, MonthLimits, Spending, most
from tests.unit.aws.tables import made_in_moto
from tests.unit.steps.fakes import NOW, MemoryRuns, a_run

MONTH = f"{NOW:%Y-%m}"


@pytest.fixture
def ledger(monkeypatch: pytest.MonkeyPatch) -> Iterator[LedgerTable]:
    """In the table of the template."""
    with made_in_moto("ServingTable", "serving", monkeypatch):
        yield LedgerTable("serving")


def quoted(training: str | None, **line: Any) -> Quote:
    amounts = dict.fromkeys(("low", "expected", "high"), training)
    lines = [{"item": "training", "title": "Training", "every": "once", "how": "", **amounts, **line}]
    return Quote.model_validate({"model": "nova-micro", "method": "fine-tuning", "lines": lines})


class Month:
    def __init__(self, ledger: Ledger, project: str = "0", stack: str = "0") -> None:
        self.runs, self.ledger = MemoryRuns(), ledger
        self.spending = Spending(ledger, MonthLimits.of(Decimal(project), Decimal(stack)), self.runs)

    def add(self, name: str, training: str | None = "40", project: str = "colours", **line: Any) -> Run:
        run = a_run(State.APPROVED, f"{name}-0123456789ab", project=project, quote=quoted(training, **line))
        self.runs.create(run)
        return run

    def hold(self, run: Run, now: datetime = NOW) -> str:
        return self.spending.hold(run, now)

    def booked(self, month: str = MONTH) -> dict[str, Decimal]:
        return {booking.run: booking.amount for booking in self.ledger.bookings(month)}


def test_runs_train_until_the_projects_limit_and_other_projects_go_on(ledger: LedgerTable) -> None:
    month = Month(ledger, project="100")
    first, second, third = (month.add(name) for name in ("first", "second", "third"))
    assert not month.hold(first)
    assert not month.hold(first), "a second delivery books nothing more"
    assert not month.hold(second)
    reason = month.hold(third)
    assert reason == "$120.00 would be booked for project colours this month, and the limit is $100.00"
    assert month.booked() == {first.id: Decimal(40), second.id: Decimal(40)}
    assert not month.hold(month.add("other", project="animals"))


def test_the_stacks_limit_is_about_all_projects(ledger: LedgerTable) -> None:
    month = Month(ledger, project="100", stack="100")
    assert not month.hold(month.add("first"))
    assert not month.hold(month.add("other", project="animals"))
    assert "for all projects" in month.hold(month.add("third", project="plants"))


def test_next_month_there_is_room_again(ledger: LedgerTable) -> None:
    month = Month(ledger, project="50")
    assert not month.hold(month.add("first"))
    second = month.add("second")
    assert month.hold(second)
    assert not month.hold(second, NOW + timedelta(days=31))


def test_what_was_not_used_counts_no_more(ledger: LedgerTable) -> None:
    """One that a newer upload replaced, or that a person stopped, before it trained."""
    month = Month(ledger, project="50")
    first, second = month.add("first"), month.add("second")
    assert not month.hold(first)
    assert month.hold(second)
    month.runs.save(first.moved(State.SUPERSEDED, by="settle", now=NOW))
    assert not month.hold(second)
    assert month.booked() == {first.id: Decimal(0), second.id: Decimal(40)}


def test_what_still_trains_keeps_its_booking_and_what_is_gone_too(ledger: LedgerTable) -> None:
    month = Month(ledger, project="50")
    first = month.add("first")
    assert not month.hold(first)
    month.runs.save(first.moved(State.TRAINING, by="train", now=NOW))
    assert month.hold(month.add("second"))
    del month.runs.items[first.id]
    assert month.hold(month.add("third"))


def test_without_limits_nothing_is_written(ledger: LedgerTable) -> None:
    month = Month(ledger)
    assert not month.hold(month.add("first", "1000000"))
    assert not month.booked()


def test_two_at_once_do_not_both_take_what_is_left(ledger: LedgerTable) -> None:
    """The other one books between this one's booking and its look at the sum."""
    within = Month(ledger, project="50")
    first, other = within.add("first"), within.add("other")
    book = ledger.book

    def both(month: str, booking: Booking) -> None:
        book(month, booking)
        if booking.run == first.id:
            book(month, Booking(other.id, other.project, Decimal(40)))

    ledger.book = both  # type: ignore[method-assign]
    assert within.hold(first)
    assert within.booked() == {other.id: Decimal(40)}


@pytest.mark.parametrize(
    ("training", "line", "amount"),
    [
        ("40", {}, "40"),
        ("2", {"every": "day"}, "60"),
        (None, {"observed": ("5", "9")}, "9"),
        (None, {}, "0"),
    ],
)
def test_what_is_booked_for_a_run(training: str | None, line: Any, amount: str) -> None:
    run = a_run(State.APPROVED, quote=quoted(training, **line))
    assert most(run, NOW) == Decimal(amount)
