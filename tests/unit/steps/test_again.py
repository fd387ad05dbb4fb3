"""A run that has ended without a model is tried again: by a person, or by who uploads the same folder once more."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from tailor.costs import Quote
from tailor.errors import ConflictError
from tailor.notices.messages import message_for
from tailor.recipe import Recipe
from tailor.run_records import JobRecord
from tailor.runs import Run, State
from tailor.steps.folders import fingerprint
from tailor.steps.track import track
from tailor.steps.train import TrainServices, train
from tailor.training.request import MOST_ATTEMPTS, job_name, run_id_of
from tailor.training.spent import spent
from tests.unit.steps.fakes import NOW, DatedStorage, OpenRegion, a_run, trainers, unlimited
from tests.unit.steps.setting import Setting
from tests.unit.steps.uploads import Uploads, message

PREFIX = "uploads/colours/scenes/"
KEY = f"{PREFIX}data.csv"
QUOTE = {"model": "nova-micro", "method": "fine-tuning", "lines": []}
JOB = "arn:aws:bedrock:us-east-1:123456789012:model-customization-job/amazon.nova-lite-v1:0:300k/abcdefghi123"
LATER = NOW + timedelta(hours=1)


class Bucket(DatedStorage):
    """A folder of one file, and the manifest of every run."""

    def __init__(self) -> None:
        super().__init__()
        self.put(KEY, "e", NOW - timedelta(hours=1))

    def read(self, key: str, start: int = 0, length: int | None = None) -> bytes:
        manifest = {"rows": {"train": 800, "validation": 100, "test": 100}, "tokens": {"expected": 1000}, "media": {}}
        return json.dumps(manifest).encode()


@pytest.fixture
def setting(setting: Setting) -> Setting:
    setting.bucket = Bucket()
    return setting


def ended(setting: Setting, state: State, path: State = State.PREPARED, **job: object) -> Run:
    """A run of the folder as it lies there, that came to ``state`` from ``path``."""
    mark = fingerprint(PREFIX, list(setting.bucket.list(PREFIX)))
    run = a_run(path, "colours-scenes-0123456789ab", fingerprint=mark, recipe=Recipe(model="nova-micro"), quote=QUOTE)
    run = run.moved(state, by="person:linh", now=NOW, job=JobRecord.model_validate(job) if job else run.job)
    setting.runs.create(run)
    return run


ENDS: dict[str, tuple[Callable[[Setting], Run], State]] = {
    "stopped before it was prepared": (lambda setting: ended(setting, State.STOPPED, State.PREPARING), State.RECEIVED),
    "stopped after it": (lambda setting: ended(setting, State.STOPPED), State.PREPARED),
    "stopped while training": (lambda setting: ended(setting, State.STOPPED, State.TRAINING, arn=JOB), State.PREPARED),
    "declined": (lambda setting: ended(setting, State.DECLINED, State.AWAITING_APPROVAL), State.PREPARED),
    "training failed": (lambda setting: ended(setting, State.TRAINING_FAILED, State.TRAINING, arn=JOB), State.PREPARED),
    "superseded": (lambda setting: ended(setting, State.SUPERSEDED, State.APPROVED), State.PREPARED),
    "rejected": (lambda setting: ended(setting, State.REJECTED, State.PREPARING), State.RECEIVED),
}


@pytest.mark.parametrize("case", ENDS)
def test_a_person_has_it_tried_again_and_keeps_what_was_prepared(setting: Setting, case: str) -> None:
    begin, state = ENDS[case]
    run = begin(setting)
    again = setting.retry(run, "the role is mended")
    assert (again.state, again.history[-1].by, again.history[-1].reason) == (state, "person:linh", "the role is mended")
    assert again.quote == (run.quote if state == State.PREPARED else None)
    assert again.id == run.id


@pytest.mark.parametrize("case", [case for case in ENDS if case != "superseded"])
def test_the_same_upload_once_more_has_it_tried_again_and_a_late_message_does_not(setting: Setting, case: str) -> None:
    begin, state = ENDS[case]
    run = begin(setting)
    setting.runs.items = {}
    # The run that this stack derives from the folder.
    [made] = uploaded(setting, NOW)
    run = run.model_copy(update={"id": made})
    setting.runs.items[made] = run
    for early in (NOW - timedelta(hours=1), NOW):
        assert not uploaded(setting, early)
        assert setting.runs.get(made).state == run.state
    assert uploaded(setting, LATER) == [made]
    assert setting.runs.get(made).state == state
    assert not uploaded(setting, LATER), "the same message twice"


def uploaded(setting: Setting, at: datetime) -> list[str]:
    """Tell of the file as of a time, wait until its folder is quiet, and return the runs that begin."""
    uploads = Uploads(setting.bucket, setting.runs)
    uploads.receive([message(KEY, at)], at)
    settled = uploads.settle(PREFIX, at + timedelta(hours=2))
    return [settled.run.id] if settled.run else []


@pytest.mark.parametrize("state", [State.TRAINING, State.LIVE, State.RETIRED, State.AWAITING_APPROVAL])
def test_the_same_upload_changes_nothing_about_a_run_that_goes_on_or_has_a_model(
    setting: Setting, state: State
) -> None:
    [made] = uploaded(setting, NOW)
    setting.runs.items[made] = a_run(state, made)
    assert not uploaded(setting, LATER)
    assert setting.runs.get(made).state == state


def test_each_try_has_a_job_of_its_own_and_the_cost_of_those_before(setting: Setting) -> None:
    known = {"every": "once", "low": "2", "expected": "2", "high": "3", "how": "", "title": ""}
    quote = {**QUOTE, "lines": [{"item": "training", **known}, {"item": "headroom", **known}]}
    run = ended(
        setting,
        State.TRAINING_FAILED,
        State.TRAINING,
        arn=JOB,
        phases={"training": {"status": "Completed", "since": NOW}},
    )
    setting.runs.items[run.id] = run.updated(quote=Quote.model_validate(quote))
    before = spent(setting.runs.get(run.id), NOW)
    assert (before.least, before.most) == (Decimal(4), Decimal(6))
    again = setting.retry(run)
    assert job_name(again) == f"{run.id}-2"
    assert run_id_of(job_name(again)) == run.id
    assert spent(again, NOW) == before
    services = TrainServices(
        bucket=setting.bucket,
        bucket_name="data",
        runs=setting.runs,
        control=setting.control,
        offers=OpenRegion(),
        region="us-east-1",
        spending=unlimited(setting.runs),
        role_arn="arn:aws:iam::123456789012:role/r",
        budget_limit=Decimal(50),
        tags={},
    )
    assert train(run.id, services, now=NOW) is not None
    assert [request["jobName"] for request in setting.control.requests] == [f"{run.id}-2"]
    arn = setting.runs.get(run.id).job_arn
    setting.control.jobs[arn] |= {"status": "Completed", "outputModelArn": "arn:model"}
    assert track(arn, runs=setting.runs, trainers=trainers(setting.control), now=NOW) is not None
    trained = spent(setting.runs.get(run.id), NOW)
    assert (trained.least, trained.most) == (Decimal(6), Decimal(9)), "two trainings, and one look at the base model"


def test_a_run_that_was_above_the_budget_asks_again(setting: Setting) -> None:
    declined = ended(setting, State.DECLINED, State.AWAITING_APPROVAL)
    again = setting.retry(declined)
    message = message_for(again, again.history[-1])
    assert message is not None
    assert "is retried" in message.title


def test_what_changed_since_and_what_was_tried_too_often_is_refused(setting: Setting) -> None:
    run = ended(setting, State.STOPPED)
    setting.bucket.put(KEY, "another", NOW)
    with pytest.raises(ConflictError, match="no longer holds"):
        setting.retry(run)
    setting.bucket.put(KEY, "e", NOW - timedelta(hours=1))
    setting.runs.items[run.id] = run.updated(job=JobRecord(attempt=MOST_ATTEMPTS))
    with pytest.raises(ConflictError, match="was tried 99 times"):
        setting.retry(run)


@pytest.mark.parametrize("attempt", [2, 9, 10, MOST_ATTEMPTS])
def test_a_jobs_name_leads_to_its_run_whatever_its_number(attempt: int) -> None:
    run = a_run(State.PREPARED).updated(job=JobRecord(attempt=attempt))
    assert run_id_of(job_name(run)) == run.id
    assert len(job_name(run)) <= 63
