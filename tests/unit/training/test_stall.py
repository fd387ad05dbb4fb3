from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tailor.recipe import Patience
from tailor.training.stall import find_stall

START = datetime(2026, 8, 1, tzinfo=UTC)
PATIENCE = Patience(validation_hours=6, processing_hours=12, waiting_hours=12, training_hours=72)


def after(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def phase(status: str, changed: float) -> dict[str, Any]:
    return {"status": status, "creationTime": START, "lastModifiedTime": after(changed)}


def job(validation: Any = None, processing: Any = None, training: Any = None, **more: Any) -> dict[str, Any]:
    parts = {"validationDetails": validation, "dataProcessingDetails": processing, "trainingDetails": training}
    details = {key: value for key, value in parts.items() if value}
    return {"status": "InProgress", "creationTime": START, "statusDetails": details, **more}


# Fields of the report that this is for: validation completed, training NotStarted for 25 to 74 hours, no message.
HUNG = job(phase("Completed", 0.1), None, phase("NotStarted", 0.1))


@pytest.mark.parametrize(
    ("document", "hours", "level", "in_phase"),
    [
        (HUNG, 5, None, None),
        (HUNG, 7, "warn", "waiting"),
        (HUNG, 25, "stuck", "waiting"),
        (job(phase("InProgress", 0)), 2, None, None),
        (job(phase("InProgress", 0)), 3, "warn", "validation"),
        (job(phase("InProgress", 0)), 6, "stuck", "validation"),
        (job(phase("Completed", 1), phase("InProgress", 2)), 14.1, "stuck", "processing"),
        (job(phase("Completed", 1), phase("Completed", 2), phase("InProgress", 3)), 30, None, None),
        (job(phase("Completed", 1), phase("Completed", 2), phase("InProgress", 3)), 76, "stuck", "training"),
        (job(), 7, "stuck", "validation"),
        ({"status": "InProgress", "creationTime": START, "lastModifiedTime": after(5)}, 7, None, None),
    ],
)
def test_levels(document: dict[str, Any], hours: float, level: str | None, in_phase: str | None) -> None:
    found = find_stall(document, PATIENCE, after(hours))
    assert (found.level if found else None) == level
    assert (found.phase if found else None) == in_phase


@pytest.mark.parametrize("status", ["Completed", "Failed", "Stopped"])
def test_a_job_that_has_ended_can_not_stall(status: str) -> None:
    assert find_stall({**HUNG, "status": status}, PATIENCE, after(1000)) is None


@pytest.mark.parametrize(("hours", "level"), [(52, None), (53.5, "warn"), (57, "stuck")])
def test_a_job_that_was_told_to_stop_can_hang_too(hours: float, level: str | None) -> None:
    asked = {**HUNG, "status": "Stopping", "lastModifiedTime": after(50)}
    found = find_stall(asked, PATIENCE, after(hours))
    assert (found and (found.level, found.phase)) == (level and (level, "stopping"))


def test_progress_in_a_phase_starts_the_clock_anew() -> None:
    document = job(phase("Completed", 1), phase("Completed", 2), phase("InProgress", 70))
    assert find_stall(document, PATIENCE, after(80)) is None


def test_the_message_says_where_and_how_long() -> None:
    stuck = find_stall(HUNG, PATIENCE, after(25))
    assert stuck is not None
    assert "24.9 hours" in stuck.message
    assert "waiting for training to start" in stuck.message
    assert "12 hours" in stuck.message
    warned = find_stall(HUNG, PATIENCE, after(7))
    assert warned is not None
    assert "counts as stuck" in warned.message
