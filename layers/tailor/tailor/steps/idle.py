"""Pause provisioned model units that nobody calls: warn at half of the recipe's time, delete at its end.

An on-demand deployment costs nothing while idle, and stays.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from tailor.runs import Run, State

PHASE = "idle"


class CallTimes(Protocol):
    """Times of calls. The DynamoDB implementation is :class:`tailor.aws.serving.ServingTable`."""

    def last_call(self, project: str, since: datetime) -> datetime | None:
        """Return the time of a project's last call on the day of ``since`` or later, or None."""

    def return_asked(self, project: str, paused_at: datetime) -> datetime | None:
        """Return when a call first asked for a version that was paused at that time, or None."""


@dataclass(frozen=True, slots=True)
class IdleWatch:
    calls: CallTimes

    def watches(self, run: Run) -> bool:
        """Return whether idle time ends the run's deployment; this is so for live versions only."""
        wanted = run.recipe.deployment
        return run.state == State.LIVE and wanted.kind == "provisioned" and wanted.idle_hours is not None

    def over(self, run: Run, now: datetime) -> str:
        """Return why the run's model units should be deleted; empty while they are called."""
        since, most = self._since(run, now), self._most(run)
        if now - since < most:
            return ""
        return (
            f"nobody has called it since {since:%Y-%m-%d %H:%M} UTC: its model units bill by the hour, and are deleted "
            f"after {_hours(most)} without a call (deployment.idle_hours)"
        )

    def noted(self, run: Run, now: datetime) -> Run | None:
        """Return the run with the warning added, or removed once it is called again; None if unchanged."""
        since, most = self._since(run, now), self._most(run)
        known = run.stall if run.stall and run.stall.phase == PHASE else None
        if now - since < most / 2:
            return run.updated(stall=None) if known else None
        end = f"{since + most:%Y-%m-%d %H:%M} UTC"
        message = f"Nobody has called it since {since:%Y-%m-%d %H:%M} UTC; its model units are deleted at {end}"
        return run.held_up("warn", PHASE, message, now)

    def _since(self, run: Run, now: datetime) -> datetime:
        live = run.history[-1].at
        last = self.calls.last_call(run.project, max(live, now - self._most(run)))
        return live if last is None else max(live, last)

    def _most(self, run: Run) -> timedelta:
        return timedelta(hours=run.recipe.deployment.idle_hours or 0)


def _hours(time: timedelta) -> str:
    return f"{time.total_seconds() / 3600:g} hours"
