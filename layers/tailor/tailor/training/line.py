"""Decide which runs submit their jobs next if the account limits jobs: fair between projects, oldest first.

A run that comes while few runs are open sees itself whether it has its turn. Any other waits, and
:class:`JobQueue` works out the order once for all that wait, so that waiting costs no calls of each run's own.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tailor import catalog
from tailor.runs import Run, State
from tailor.training.request import job_name
from tailor.training.spending import Spending

WAITING = frozenset({State.PREPARED, State.APPROVED})
FEW = 100
"""Maximum number of open runs for which a new run determines its place itself."""
TURN, BUDGET = "turn", "budget"
"""Phases of a waiting run's stall: it waits for its turn, or for the monthly limits."""


class Jobs(Protocol):
    """The account's customization jobs; implemented by :class:`tailor.aws.bedrock.Bedrock`."""

    def open_jobs(self) -> list[dict[str, Any]]:
        """Return summaries of the running jobs, of any stack."""


@dataclass(frozen=True, slots=True)
class JobQueue:
    """The queue of waiting runs that were examined before."""

    jobs: Jobs
    spending: Spending

    def called(self, open_runs: Sequence[Run], now: datetime) -> frozenset[str]:
        """Return the ids of the runs that may submit their jobs now.

        Asks Bedrock once if a run waits, and reads the month's bookings if one waits for the month's limits.
        """
        waiting = [run for run in open_runs if waits_for(run)]
        if not waiting:
            return frozenset()
        jobs = self.jobs.open_jobs()
        names = {str(job["jobName"]) for job in jobs}
        held = [run for run in waiting if waits_for(run) == BUDGET]
        within = self.spending.affordable(held, open_runs, now) if held else []
        ready = [run for run in waiting if waits_for(run) == TURN] + within
        # A run whose job is there was cut short after it had submitted it.
        submitted = {run.id for run in ready if job_name(run) in names}
        return frozenset(first_in_line(ready, open_runs, room_for_jobs(jobs)) | submitted)


def waits_for(run: Run) -> str:
    """Return what an examined run waits for: ``turn`` or ``budget``; empty for other runs."""
    waits = run.state in WAITING and run.stall is not None and run.stall.phase in {TURN, BUDGET}
    return run.stall.phase if run.stall and waits else ""


def room_for_jobs(running: Sequence[Mapping[str, Any]]) -> int:
    """Return how many more jobs the account may have; never negative."""
    return max(catalog.quotas().customization_jobs - len(running), 0)


def has_its_turn(run: Run, open_runs: Iterable[Run], room: int) -> bool:
    """Return whether a new run is among the first ``room`` of all that could start.

    Args:
        open_runs: of an index, which may not know the run yet.
    """
    others = [other for other in open_runs if other.id != run.id]
    able = [other for other in others if other.state in WAITING and waits_for(other) != BUDGET]
    return run.id in first_in_line([run, *able], others, room)


def first_in_line(waiting: Iterable[Run], open_runs: Iterable[Run], room: int) -> set[str]:
    """Return the ids of the first ``room`` of the waiting runs.

    The project with the fewest jobs in training (and before it in the line) goes first; within a project, and between
    equals, the run that has waited longest. Every place in the line counts like a job, so a project with many runs
    does not push the others back.
    """
    places = Counter(other.project for other in open_runs if other.state == State.TRAINING)
    order = []
    for other in sorted(waiting, key=_since):
        order.append((places[other.project], _since(other), other.id))
        places[other.project] += 1
    return {identifier for *_, identifier in sorted(order)[:room]}


def _since(run: Run) -> str:
    return f"{run.history[-1].at.isoformat()} {run.id}"
