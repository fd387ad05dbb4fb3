"""Waiting costs little: what many runs that wait ask of the table and of Bedrock in a minute, counted."""

import json
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, cast

import pytest

from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.run_records import StallRecord
from tailor.runs import Run, State
from tailor.steps.reconcile import ROOM_A_ROUND, Reconciler
from tailor.steps.services import RunServices
from tailor.steps.train import TrainServices, train
from tailor.storage import Storage
from tailor.training.line import JobQueue
from tailor.training.spending import Booking, MonthLimits, Spending
from tests.unit.steps.fakes import (
    NOW,
    QUOTE,
    MemoryAliases,
    MemoryBus,
    MemoryControl,
    MemoryFolders,
    MemoryRuns,
    MemoryWakeUps,
    OpenRegion,
    a_run,
)
from tests.unit.steps.test_train import MANIFEST

JOBS = 10  # the account's quota: all of them run
MONTH = f"{NOW:%Y-%m}"
MANY = (10, 100, 1000)
OPERATIONS = Path(__file__).parents[3] / "docs" / "operations.md"


def reconciler(services: RunServices, bus: MemoryBus, line: JobQueue) -> Reconciler:
    return Reconciler(services, bus, line, timedelta(minutes=3), MemoryFolders(), MemoryWakeUps())


class CountedRuns(MemoryRuns):
    checked = False

    def __init__(self, counts: Counter[str]) -> None:
        super().__init__()
        self.counts = counts

    def get(self, run_id: str) -> Run:
        self.counts["items"] += 1
        return super().get(run_id)

    def open_runs(self, unreadable: list[str] | None = None, most: int | None = None) -> list[Run]:
        found = super().open_runs(unreadable, most)
        self.counts["items"] += len(found)
        return found


class CountedLedger:
    def __init__(self, counts: Counter[str]) -> None:
        self.counts, self.items = counts, dict[tuple[str, str], Booking]()

    def bookings(self, month: str) -> list[Booking]:
        found = [booking for (when, _), booking in self.items.items() if when == month]
        self.counts["items"] += len(found)
        return found

    def book(self, month: str, booking: Booking) -> None:
        self.items[month, booking.run] = booking

    def take_back(self, month: str, run: str) -> None:
        self.items.pop((month, run), None)


class CountedRegion(OpenRegion):
    """What the account has at Bedrock; each call of the control plane counts."""

    def __init__(self, counts: Counter[str]) -> None:
        self.control, self.counts = MemoryControl(), counts

    def open_jobs(self) -> list[dict[str, Any]]:
        self.counts["bedrock"] += 1
        return [job for job in self.control.jobs.values() if job["status"] == "InProgress"]

    def __getattribute__(self, name: str) -> Any:
        if name.startswith(("foundation_", "find_")):
            self.counts["bedrock"] += 1
        return super().__getattribute__(name)


class CountedControl(MemoryControl):
    def __init__(self, region: CountedRegion) -> None:
        super().__init__()
        self.jobs, self._region = region.control.jobs, region

    def _maybe_fail(self, operation: str) -> None:
        self._region.counts["bedrock"] += 1
        super()._maybe_fail(operation)


class Busy:
    """A stack whose account is full: ten jobs run, and runs of many projects wait behind them."""

    def __init__(self, limit: int = 0) -> None:
        self.counts: Counter[str] = Counter()
        self.runs, self.region, self.bus = CountedRuns(self.counts), CountedRegion(self.counts), MemoryBus()
        self.control, self.ledger = CountedControl(self.region), CountedLedger(self.counts)
        self.spending = Spending(self.ledger, MonthLimits.of(Decimal(0), Decimal(limit)), self.runs)
        for number in range(JOBS):
            run = self.add(number + 40_000, State.TRAINING, "busy")
            arn = self.control.create_job({"jobName": run.id})
            self.runs.items[run.id] = run.updated(job=run.job and run.job.model_copy(update={"arn": arn}))
            self.ledger.book(MONTH, Booking(run.id, run.project, Decimal(5)))
        self.counts.clear()

    def add(self, number: int, state: State, kind: str = "scenes", phase: str = "") -> Run:
        recipe = Recipe(model="nova-micro")
        run = a_run(
            state,
            f"p{number % 40}-{kind}-{number:012}",
            project=f"p{number % 40}",
            recipe=recipe,
            quote=QUOTE,
            at=NOW + timedelta(seconds=number),
            **({"job": {"arn": "a"}} if state == State.TRAINING else {}),
        )
        stall = StallRecord(level="wait", phase=phase, message="other runs come first", since=NOW, at=NOW)
        self.runs.create(run.updated(stall=stall) if phase else run)
        return run

    def end_a_job(self) -> None:
        job = next(job for job in self.control.jobs.values() if job["status"] == "InProgress")
        job["status"] = "Failed"

    def train(self, run_id: str) -> Run | None:
        services = TrainServices(
            bucket=cast("Storage", Manifests()),
            bucket_name="tailor-bucket",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor-CustomizationRole",
            budget_limit=Decimal(50),
            tags={"application": "tailor"},
            offers=self.region,
            region="us-east-1",
            spending=self.spending,
        )
        return train(run_id, services, now=NOW)

    def minute(self) -> Counter[str]:
        """Return what a round of reconcile, and the steps that it asks for, cost beside following the ten jobs."""
        self.counts.clear()
        self.bus.sent.clear()
        line = JobQueue(self.region, self.spending)
        services = RunServices(self.runs, self.control, MemoryAliases())
        found = reconciler(services, self.bus, line).round(NOW + timedelta(hours=1))
        assert not found.failed
        for _, change in self.bus.sent:
            self.train(change.run)
        spent = +self.counts
        spent["asked"] = len(self.bus.sent)
        return spent


class Manifests:
    def read(self, key: str) -> bytes:
        return json.dumps(MANIFEST).encode()


def waiting(runs: int, phase: str, limit: int = 0) -> Busy:
    busy = Busy(limit)
    for number in range(runs):
        busy.add(number, State.APPROVED, phase=phase)
    return busy


@cache
def measured(runs: int) -> dict[str, tuple[int, int]]:
    """Return items read and calls of Bedrock's control plane in a minute, by what happens in it."""
    found: dict[str, Counter[str]] = {}
    line = waiting(runs, "turn")
    found["all wait for a job slot"] = line.minute()
    line.end_a_job()
    found["one job has ended"] = line.minute()
    assert found["one job has ended"]["asked"] == 1
    month = waiting(runs, "budget", limit=45)
    month.end_a_job()
    month.minute()
    found["all wait for the month's budget"] = month.minute()
    assert found["all wait for the month's budget"]["asked"] == 0
    arrival = Busy()
    new = [arrival.add(number, State.APPROVED) for number in range(runs)]
    for run in new:
        waits = arrival.train(run.id)
        assert waits is not None and waits.stall is not None
    found["all arrive in this minute"] = +arrival.counts
    return {what: (counts["items"], counts["bedrock"]) for what, counts in found.items()}


@pytest.mark.parametrize("runs", MANY)
def test_what_waits_reads_each_run_once_a_minute_and_asks_bedrock_as_often_as_few_do(runs: int) -> None:
    few = measured(10)
    for what, (items, calls) in measured(runs).items():
        if what == "all arrive in this minute":
            assert items <= 150 * runs, "a new run reads a bounded part of the others"
            assert calls <= 100, "beyond that, new runs join the line without asking"
        else:
            assert items <= 2 * runs + 100, what
            assert calls == few[what][1], what


def test_the_documents_table_is_what_is_counted() -> None:
    rows = {
        cells[0].strip(): tuple(cell.strip() for cell in cells[1:])
        for line in OPERATIONS.read_text(encoding="utf-8").splitlines()
        if len(cells := line.strip().strip("|").split("|")) == len(MANY) + 1
    }
    for what in measured(10):
        counted = tuple(f"{items:,}; {calls:,}" for items, calls in (measured(runs)[what] for runs in MANY))
        assert rows[what] == counted, what


def test_a_place_that_is_free_goes_to_one_run_and_the_next_minute_to_the_next() -> None:
    busy = waiting(5, "turn")
    for number in range(2):
        busy.end_a_job()
        assert busy.minute()["asked"] == 1
        assert busy.runs.items[f"p{number}-scenes-{number:012}"].state == State.TRAINING


def test_runs_without_a_budget_keep_no_place_in_the_line() -> None:
    """Ten of them, older than all others, would otherwise take every place until the month ends."""
    busy = waiting(JOBS, "budget", limit=45)
    new = busy.add(100, State.APPROVED)
    busy.end_a_job()
    busy.spending = Spending(busy.ledger, MonthLimits(), busy.runs)
    busy.train(new.id)
    assert busy.runs.items[new.id].state == State.TRAINING
    busy.end_a_job()
    assert busy.minute()["asked"] == 1, "without a limit they are called"


def test_a_run_is_called_when_a_booking_turns_out_to_be_less() -> None:
    busy = waiting(3, "budget", limit=50)
    busy.end_a_job()
    assert busy.minute()["asked"] == 0
    assert busy.minute()["asked"] == 1, "the job that ended was not billed: there is room for one"
    assert busy.runs.items["p0-scenes-000000000000"].state == State.TRAINING
    (settled,) = [booking for booking in busy.ledger.items.values() if booking.settled]
    assert settled.amount == 0


def test_a_run_whose_job_was_submitted_is_called_though_the_account_is_full() -> None:
    busy = waiting(3, "turn")
    busy.end_a_job()
    busy.control.create_job({"jobName": "p1-scenes-000000000001"})
    assert busy.minute()["asked"] == 1
    assert busy.runs.items["p1-scenes-000000000001"].state == State.TRAINING


def test_what_waits_for_room_for_a_deployment_is_asked_for_in_turns() -> None:
    busy = Busy()
    for number in range(3 * ROOM_A_ROUND):
        busy.add(number, State.TRAINED, phase="room")
    line = JobQueue(busy.region, busy.spending)
    services = RunServices(busy.runs, busy.control, MemoryAliases())
    found = reconciler(services, busy.bus, line).round(NOW + timedelta(hours=1))
    assert found.due == [f"p{number}-scenes-{number:012}" for number in range(ROOM_A_ROUND)]


def test_where_bedrock_does_not_tell_of_jobs_it_is_asked_once_and_the_rest_is_looked_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy = waiting(3, "turn")
    late = busy.add(50, State.AWAITING_APPROVAL)
    asked = Counter[str]()

    def fails() -> list[dict[str, Any]]:
        asked["jobs"] += 1
        raise RetryableError("not now")

    monkeypatch.setattr(busy.region, "open_jobs", fails)
    line = JobQueue(busy.region, busy.spending)
    services = RunServices(busy.runs, busy.control, MemoryAliases())
    found = reconciler(services, busy.bus, line).round(NOW + timedelta(days=9))
    assert list(found.failed) == ["the line"]
    assert asked["jobs"] == 1
    assert late.id in found.moved
