"""What becomes of a customization job, told by events or found by reconcile."""

from typing import Any

import pytest

from tailor.run_records import PhaseRecord
from tailor.runs import State
from tailor.steps.track import track
from tests.unit.steps.fakes import NOW, trainers
from tests.unit.steps.setting import JOB, MODEL, Setting


@pytest.mark.parametrize(
    ("job", "state"),
    [
        ({"status": "Completed", "outputModelArn": MODEL, "trainingMetrics": {"trainingLoss": 0.5}}, State.TRAINED),
        ({"status": "Failed", "failureMessage": "Unable to parse Amazon S3 file"}, State.TRAINING_FAILED),
        ({"status": "Stopped"}, State.STOPPED),
    ],
)
def test_a_job_that_ended_moves_its_run_by_event_and_without_one(job: dict[str, Any], state: State) -> None:
    by_event, by_poll = Setting(), Setting()
    by_event.training(**job)
    moved = track(JOB, runs=by_event.runs, trainers=trainers(by_event.control), now=NOW)
    run = by_poll.training(**job)
    by_poll.reconcile()
    assert moved is not None
    assert moved.state == by_poll.runs.get(run.id).state == state
    assert moved.history[-1].reason == by_poll.runs.get(run.id).history[-1].reason


def test_a_repeated_or_late_event_changes_nothing(setting: Setting) -> None:
    setting.training(status="Completed", outputModelArn=MODEL)
    assert track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW) is not None
    setting.control.jobs[JOB]["status"] = "InProgress"
    assert track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW) is None


def test_a_job_of_somebody_else_is_none_of_our_business(setting: Setting) -> None:
    setting.control.jobs[JOB] = {"jobArn": JOB, "jobName": "theirs", "status": "Completed"}
    assert track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW) is None


def test_phases_are_kept_without_moving_the_run(setting: Setting) -> None:
    setting.training(statusDetails={"validationDetails": {"status": "Completed", "lastModifiedTime": NOW}})
    run = track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW)
    assert run is not None
    assert run.state == State.TRAINING
    assert run.job and run.job.phases == {"validation": PhaseRecord(status="Completed", since=NOW)}
    assert track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW) is None


def test_a_stop_that_never_reached_bedrock_is_asked_for_again(setting: Setting) -> None:
    setting.training()
    run = setting.runs.get("colours-scenes-0123456789ab")
    asked = {"stop_asked_by": "person:linh", "stop_reason": ""}
    setting.runs.save(run.updated(job=run.job and run.job.model_copy(update=asked)))
    setting.reconcile()  # notes how far the job is
    setting.reconcile()
    assert setting.control.jobs[JOB]["status"] == "Stopped"
    setting.reconcile()
    assert setting.runs.get(run.id).state == State.STOPPED


def test_a_job_that_ends_before_the_stop_arrives_still_ends_its_run(setting: Setting) -> None:
    run = setting.training()
    setting.stop(run)
    setting.control.jobs[JOB] |= {"status": "Completed", "outputModelArn": MODEL}
    stopped = track(JOB, runs=setting.runs, trainers=trainers(setting.control), now=NOW)
    assert stopped is not None
    assert stopped.state == State.STOPPED
    assert "person:linh stopped it: wrong data" in stopped.history[-1].reason
    assert MODEL in stopped.history[-1].reason
