"""Detect jobs that stall. Bedrock sends no event when one hangs between two phases; its status stays InProgress.

The times of the phases show it. Half of the recipe's patience is a warning; after all of it the job is stuck. A job
that was asked to stop can hang too.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from tailor.recipe import Patience
from tailor.run_records import JobStatus

Phase = Literal["validation", "processing", "waiting", "training", "stopping", "importing"]
_PHASES: tuple[tuple[Phase, str], ...] = (
    ("validation", "validationDetails"),
    ("processing", "dataProcessingDetails"),
    ("training", "trainingDetails"),
)
_WORDS: Mapping[Phase, str] = {
    "validation": "checking the data",
    "processing": "processing the data",
    "waiting": "waiting for training to start",
    "training": "training",
    "stopping": "stopping",
    "importing": "its model is imported",
}


@dataclass(frozen=True, slots=True)
class Stall:
    """A job without progress for ``idle``. ``warn``: worth reporting; ``stuck``: past the recipe's patience."""

    level: Literal["warn", "stuck"]
    phase: Phase
    idle: timedelta
    patience: timedelta

    @property
    def message(self) -> str:
        hours, most = (each.total_seconds() / 3600 for each in (self.idle, self.patience))
        known = f"The job has shown no progress for {hours:.1f} hours while {_WORDS[self.phase]}"
        if self.level == "warn":
            return f"{known}. After {most:g} hours it counts as stuck"
        return f"{known}: more than the {most:g} hours of the recipe's patience. Jobs that hang here seldom recover"


def find_stall(job: Mapping[str, Any], patience: Patience, now: datetime) -> Stall | None:
    """Return the job's stall, or None. ``job`` is GetModelCustomizationJob's answer; ended jobs never stall."""
    status = job.get("status", JobStatus.IN_PROGRESS)
    if status not in (JobStatus.IN_PROGRESS, JobStatus.STOPPING):
        return None
    phase, since = _current(job)
    if status == JobStatus.STOPPING:
        phase = "stopping"
    if since is None:
        return None
    if job.get("importing"):
        phase = "importing"
    allowed = timedelta(hours=patience.deploying_hours if phase == "importing" else getattr(patience, f"{phase}_hours"))
    idle = now - since
    if idle >= allowed:
        return Stall("stuck", phase, idle, allowed)
    if idle >= allowed / 2:
        return Stall("warn", phase, idle, allowed)
    return None


def _current(job: Mapping[str, Any]) -> tuple[Phase, datetime | None]:
    """Return the job's phase and the time of its last change, or None if the job has no times at all.

    ``lastModifiedTime`` counts if the job is being stopped or has no details; otherwise a job without details is as old
    as its creation.
    """
    details = job.get("statusDetails") or {}
    states = [(phase, details.get(key) or {}) for phase, key in _PHASES]
    times = [state[key] for _, state in states for key in ("creationTime", "lastModifiedTime") if key in state]
    if job.get("lastModifiedTime") and (not times or job.get("status") == JobStatus.STOPPING):
        times.append(job["lastModifiedTime"])
    if job.get("creationTime"):
        times.append(job["creationTime"])
    since = max(times, default=None)
    running = next((phase for phase, state in states if state.get("status") == "InProgress"), None)
    if running:
        return running, since
    done = [phase for phase, state in states if state.get("status") == "Completed"]
    return ("waiting" if "validation" in done else "validation"), since
