import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tailor.errors import ConflictError, InvalidInputError, QuotaError, RetryableError
from tailor.notices.messages import message_for_stall
from tailor.recipe import Budget, Recipe
from tailor.runs import Run, State
from tailor.steps.steer import approve, decline
from tailor.steps.train import TrainServices, train
from tailor.storage import FolderStorage
from tailor.training.spending import MonthLimits, Spending
from tests.unit.steps.fakes import LINE, NOW, QUOTE, MemoryControl, MemoryRuns, OpenRegion, a_run, unlimited

MANIFEST = {
    "schema": 1,
    "method": "fine-tuning",
    "model": "nova-micro",
    "rows": {"train": 800, "validation": 100, "test": 100},
    "files": [
        {"key": f"prepared/{name}.jsonl", "sha256": "0" * 64, "bytes": 1, "rows": 1} for name in ("train", "test")
    ],
    "media": {"images": 0, "videos": 0, "bytes": 0},
    "tokens": {"low": 1000, "expected": 1200, "high": 1500},
}


class Setting:
    def __init__(self, tmp_path: Path) -> None:
        self.runs, self.control, self.bucket = MemoryRuns(), MemoryControl(), FolderStorage(tmp_path)

    def add(self, state: State, limit: str | None = None, **fields: Any) -> Run:
        budget = Budget(limit=Decimal(limit) if limit else None)
        run = a_run(state, recipe=Recipe(model="nova-micro", budget=budget), **fields)
        self.runs.create(run)
        self.bucket.write(f"{run.files}prepared/manifest.json", json.dumps(MANIFEST).encode())
        return run

    def train(self, run: Run, spending: Spending | None = None) -> Run | None:
        services = TrainServices(
            bucket=self.bucket,
            bucket_name="tailor-bucket",
            runs=self.runs,
            control=self.control,
            role_arn="arn:aws:iam::123456789012:role/tailor-CustomizationRole",
            budget_limit=Decimal(50),
            tags={"application": "tailor"},
            offers=OpenRegion(),
            region="us-east-1",
            spending=spending or unlimited(self.runs),
        )
        return train(run.id, services, now=NOW)


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_an_approved_run_becomes_a_job_of_its_own_name(setting: Setting) -> None:
    run = setting.train(setting.add(State.APPROVED))
    assert run is not None
    assert run.state == State.TRAINING
    (request,) = setting.control.requests
    assert request["jobName"] == run.id
    assert run.job_arn in setting.control.jobs


def test_a_price_that_is_not_known_waits_for_a_yes(setting: Setting) -> None:
    run = setting.train(setting.add(State.PREPARED))
    assert run is not None
    assert run.state == State.AWAITING_APPROVAL
    assert "not known" in run.history[-1].reason
    assert not setting.control.requests


def test_a_yes_and_a_no_are_recorded_and_only_count_while_the_run_waits(setting: Setting) -> None:
    for answer, state in ((approve, State.APPROVED), (decline, State.DECLINED)):
        run = setting.add(State.AWAITING_APPROVAL, id=f"colours-{answer.__name__}-0123456789ab")
        answered = answer(run, setting.runs, by="person:linh", reason="fine", now=NOW)
        assert (answered.state, answered.history[-1].by, answered.history[-1].reason) == (state, "person:linh", "fine")
        with pytest.raises(ConflictError, match="does not wait for approval"):
            answer(answered, setting.runs, by="person:linh", reason="", now=NOW)


def test_an_approved_run_waits_where_the_month_is_used_up_and_says_so_once(setting: Setting) -> None:
    class Full(Spending):
        def hold(self, run: Run, now: datetime) -> str:
            return "$60.00 would be booked for all projects this month, and the limit is $50.00"

    run = setting.add(State.APPROVED)
    full = Full(None, MonthLimits(), setting.runs)  # type: ignore[arg-type]
    waiting = setting.train(run, spending=full)
    assert waiting is not None
    assert (waiting.state, setting.control.requests) == (State.APPROVED, [])
    told = message_for_stall(waiting)
    assert told is not None
    assert (told.title, told.severity) == ("colours: the monthly budget is used up", "warning")
    assert "the limit is $50.00" in told.text
    assert setting.train(run, spending=full) is None, "it is told once"
    assert setting.train(run) is not None
    assert setting.runs.get(run.id).state == State.TRAINING


def test_a_second_delivery_does_nothing(setting: Setting) -> None:
    run = setting.add(State.APPROVED)
    assert setting.train(run) is not None
    assert setting.train(run) is None
    assert len(setting.control.requests) == 1


@pytest.mark.parametrize("end", [State.SUPERSEDED, State.STOPPED])
def test_a_job_that_was_not_noted_before_its_folder_ended_the_run_is_stopped(setting: Setting, end: State) -> None:
    """The function was cut short after it submitted the job, and is called again."""
    run = setting.add(State.APPROVED)
    setting.control.jobs[run.id] = {"jobArn": run.id, "status": "InProgress"}
    ended = setting.runs.save(run.moved(end, by="settle", now=NOW))
    assert setting.train(ended) is None
    assert setting.control.jobs[run.id]["status"] == "Stopped"


def test_a_function_killed_after_submitting_finds_its_job_again(setting: Setting) -> None:
    run = setting.add(State.APPROVED)
    trained = setting.train(run)
    setting.runs.items[run.id] = run
    again = setting.train(run)
    assert trained is not None
    assert again is not None
    assert again.job_arn == trained.job_arn
    assert len(setting.control.jobs) == 1


def test_a_run_that_is_stopped_while_it_is_submitted_leaves_no_job(setting: Setting) -> None:
    class Slow(MemoryControl):
        def create_job(self, request: Any) -> str:
            setting.runs.save(setting.runs.get(run.id).moved(State.STOPPED, by="person:linh", now=NOW))
            return super().create_job(request)

    run = setting.add(State.APPROVED)
    setting.control = Slow()
    with pytest.raises(ConflictError):
        setting.train(run)
    assert [job["status"] for job in setting.control.jobs.values()] == ["Stopped"]


def test_a_full_account_makes_the_run_wait_and_is_no_failure(setting: Setting) -> None:
    run = setting.add(State.APPROVED)
    setting.control.fail["create_job"] = QuotaError("10 jobs are scheduled")
    waiting = setting.train(run)
    assert waiting is not None
    assert waiting.state == State.APPROVED
    assert waiting.stall and "10 jobs" in waiting.stall.message
    again = setting.train(run)
    assert again is not None
    assert again.state == State.TRAINING


def test_what_bedrock_refuses_for_good_ends_the_run_with_its_words(setting: Setting) -> None:
    setting.control.fail["create_job"] = InvalidInputError("the model does not exist here")
    run = setting.train(setting.add(State.APPROVED))
    assert run is not None
    assert run.state == State.TRAINING_FAILED
    assert "the model does not exist here" in run.history[-1].reason


def test_what_may_pass_is_left_to_a_retry(setting: Setting) -> None:
    run = setting.add(State.APPROVED)
    setting.control.fail["create_job"] = RetryableError("internal error")
    with pytest.raises(RetryableError):
        setting.train(run)
    assert setting.runs.get(run.id).state == State.APPROVED


def test_an_approval_has_a_deadline(setting: Setting) -> None:
    quote = QUOTE | {"lines": [LINE | {"high": "500"}]}
    run = setting.train(setting.add(State.PREPARED, quote=quote))
    assert run is not None
    assert run.quote and run.quote.approval and run.quote.approval.until == NOW + timedelta(hours=72)
