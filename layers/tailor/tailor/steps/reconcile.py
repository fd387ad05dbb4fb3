"""Find, every minute, what no event reported: jobs that moved, deployments, steps that never began, late approvals."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache

from tailor.errors import ConflictError, NotFoundError, TailorError
from tailor.events import RUN_DUE, RunChanged
from tailor.run_records import DeploymentStatus
from tailor.runs import ACTORS, Run, State
from tailor.steps.provision import RESTORED_BY, SERVING, follow_deployment, is_going, stand_by, take_down
from tailor.steps.publish import Bus
from tailor.steps.services import RunServices
from tailor.steps.track import follow, watch

BY = RESTORED_BY
_ANSWERS = frozenset({DeploymentStatus.ACTIVE, DeploymentStatus.CREATING})
_ASKED_EACH_ROUND = frozenset({"model", "room"})  # what a run waits for there usually takes minutes


@dataclass(slots=True)
class ReconcileResult:
    """Result of one round: ids of runs, and why some could not be handled."""

    open: int = 0
    moved: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconciler:
    services: RunServices
    bus: Bus
    due_after: timedelta

    def round(self, now: datetime) -> ReconcileResult:
        """Look at each open run once. An error of one run does not keep the others from being looked at."""
        found, unreadable = ReconcileResult(), list[str]()
        states = cache(self.services.control.deployment_states)  # one call a round, and none where nothing is live
        for run in self.services.runs.open_runs(unreadable):
            found.open += 1
            try:
                if self._look_at(run, states, now):
                    found.moved.append(run.id)
                elif self._is_due(run, now):
                    self.bus.send(RUN_DUE, [RunChanged.of(run)])
                    found.due.append(run.id)
            except ConflictError:
                continue  # it moved while we looked: all is well
            except TailorError as error:
                found.failed[run.id] = f"{error.code}: {error.message}"
            except Exception as error:  # a bug that one run meets must not leave all others unwatched
                found.failed[run.id] = f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"
        found.failed |= dict.fromkeys(unreadable, "what the table holds is no run that this version can read")
        return found

    def _look_at(self, run: Run, states: Callable[[], Mapping[str, str]], now: datetime) -> Run | None:
        if run.state == State.TRAINING:
            job = self.services.control.get_job(run.job_arn)
            moved = follow(run, job, runs=self.services.runs, by=BY, now=now)
            return moved or watch(run, job, runs=self.services.runs, control=self.services.control, now=now)
        if run.state == State.DEPLOYING or (run.state == State.RESTORING and run.deployment is not None):
            return follow_deployment(run, self.services, by=BY, now=now)
        if run.state == State.AWAITING_APPROVAL and run.answer_by < now:
            reason = "nobody approved it in time"
            return self.services.runs.save(run.moved(State.DECLINED, by=BY, reason=reason, now=now))
        if run.state in SERVING:
            return self._compare_with_the_name(run, now) or self._see_that_it_answers(run, states, now)
        return None

    def _compare_with_the_name(self, run: Run, now: datetime) -> Run | None:
        """Finish a promotion, rollback or end of service that was cut short after the project's name moved.

        Also retires a version whose standby time is over. Returns None if the run and the name agree.
        """
        alias = self.services.aliases.alias(run.project)
        if alias.offline:
            return self._take_down(run, alias.offline.by, alias.offline.reason, now)
        if run.state == State.STANDBY and _standby_is_over(run, now):
            return self._take_down(run, BY, "its successor has proved itself", now)
        if run.state == State.LIVE and alias.live and alias.live.run != run.id:
            return stand_by(run, successor=alias.live.run, runs=self.services.runs, by=BY, now=now)
        return None

    def _see_that_it_answers(self, run: Run, states: Callable[[], Mapping[str, str]], now: datetime) -> Run | None:
        """Deploy a live version again whose deployment was deleted or has failed; end one that stands by without one.

        A list may be late: the deployment itself is asked before anything is done.
        """
        arn = run.deployment.arn if run.deployment else None
        if arn is None or is_going(run) or states().get(arn) in _ANSWERS or self._status(arn) in _ANSWERS:
            return None
        gone = f"Its deployment {arn} is gone or has failed, and Tailor did not delete it"
        if run.state == State.STANDBY:
            return self._take_down(run, BY, gone, now)
        reason = f"{gone}: apps get errors until it is deployed again, which takes some minutes"
        return self.services.runs.save(run.moved(State.RESTORING, by=BY, reason=reason, now=now, deployment=None))

    def _status(self, arn: str) -> str | None:
        try:
            return str(self.services.control.get_deployment(arn)["status"])
        except NotFoundError:
            return None

    def _take_down(self, run: Run, by: str, reason: str, now: datetime) -> Run:
        return take_down(run, self.services, by=by, reason=reason, now=now)

    def _is_due(self, run: Run, now: datetime) -> bool:
        """Return whether a step should have begun and shows no sign of it. Announcing a run twice does no harm."""
        if run.state not in ACTORS or run.leased(now):
            return False
        if run.state == State.PASSED and not run.recipe.deployment.promote:
            return False
        if run.state == State.RESTORING and run.deployment is not None:
            return False
        if run.stall is not None and run.stall.phase in _ASKED_EACH_ROUND:
            return True
        return now - run.history[-1].at > self.due_after


def _standby_is_over(run: Run, now: datetime) -> bool:
    until = run.deployment.standby_until if run.deployment else None
    return until is not None and until < now
