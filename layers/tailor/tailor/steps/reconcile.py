"""Find, every minute, what no event reported: jobs that changed, deployments, steps that never began, late approvals.

What a round asks of others does not grow with the runs that wait: the line of those that wait for room is worked out
once, and only runs whose turn has come are announced.
"""

import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from tailor.catalog import KINDS, DeploymentKind
from tailor.errors import ConflictError, NotFoundError, TailorError
from tailor.events import RUN_DUE, RunChanged
from tailor.run_records import DeploymentStatus
from tailor.runs import ACTORS, MOVES, Run, State
from tailor.serving.aliases import end_service, rolled_back
from tailor.steps.filling import FolderStore, WakeUps
from tailor.steps.idle import IdleWatch
from tailor.steps.machine import BUSY
from tailor.steps.orphans import Sweep
from tailor.steps.pausing import close, finish_closing, look_at_paused, pause
from tailor.steps.provision import CLOSED, RESTORED_BY, SERVING, follow_deployment, is_going, stand_by, take_down
from tailor.steps.publish import Bus
from tailor.steps.services import RunServices
from tailor.steps.takeover import lend_out, serves_another
from tailor.steps.track import follow, watch
from tailor.training.line import JobQueue, waits_for

BY = RESTORED_BY
_ANSWERS = frozenset({DeploymentStatus.ACTIVE, DeploymentStatus.CREATING})
_States = Mapping[DeploymentKind, Callable[[], Mapping[str, Mapping[str, Any]]]]
_MODEL, _ROOM = "model", "room"  # a trained run waits until its model is active, or for room for its deployment
ROOM_A_ROUND = 10
"""Runs to try in a round among those that wait for a deployment's quota: the account has quota left or it has not."""
_NEVER_LOOKED_AT = timedelta(minutes=45)


class Waiting(Protocol):
    """The queue of a step's events. The implementation is :class:`tailor.aws.queues.StepQueue`."""

    def waiting(self) -> int:
        """Return the number of events that wait for a function. Raises TailorError."""


@dataclass(slots=True)
class ReconcileResult:
    """Result of one round: ids of runs, folders to look at, and the errors of those that could not be handled.

    ``states``: how many open runs are in a state, and for how many seconds the one that came first.
    """

    open: int = 0
    states: dict[State, tuple[int, float]] = field(default_factory=dict)
    moved: list[str] = field(default_factory=list)
    due: list[str] = field(default_factory=list)
    woken: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Runs the rounds. ``queues``: the queues of those steps that have one, by the step's name."""

    services: RunServices
    bus: Bus
    line: JobQueue
    due_after: timedelta
    folders: FolderStore
    wake_ups: WakeUps
    queues: Mapping[str, Waiting] = field(default_factory=dict)
    sweep: Sweep | None = None
    idle: IdleWatch | None = None

    def round(self, now: datetime) -> ReconcileResult:
        """Check each open run once. An error in one run does not affect the others."""
        found, unreadable, called = ReconcileResult(), list[str](), frozenset[str]()
        runs = self.services.runs.open_runs(unreadable)
        found.open = len(runs)
        for run in runs:
            number, longest = found.states.get(run.state, (0, 0.0))
            since = (now - run.history[-1].at).total_seconds()
            found.states[run.state] = (number + 1, max(longest, since))
        with _noted(found.failed, "the line"):
            called = self.line.called(runs, now)
        called |= frozenset(run.id for run in [run for run in runs if _waits_for(run, _ROOM)][:ROOM_A_ROUND])
        called |= frozenset(run.id for run in [run for run in runs if _waits_for(run, BUSY)][:1])
        # One call a round for each kind, and none where nothing of it is live.
        states = {kind: _once(partial(self._served, kind)) for kind in KINDS}
        waiting = {step: _once(queue.waiting) for step, queue in self.queues.items()}
        for run in runs:
            with _noted(found.failed, run.id):
                if self._look_at(run, states, now):
                    found.moved.append(run.id)
                elif self._is_due(run, called, now) and not _waits_in_a_queue(run, waiting):
                    self.bus.send(RUN_DUE, [RunChanged.of(run)])
                    found.due.append(run.id)
        if self.sweep and self.sweep.is_time(now):
            with _noted(found.failed, "orphans"):
                found.orphans = [each.id for each in self.sweep.run(runs, unreadable, self.services, now)]
        found.failed |= dict.fromkeys(unreadable, "what the table holds is no run that this version can read")
        with _noted(found.failed, "uploads/"):
            self._wake(found, now)
        return found

    def _wake(self, found: ReconcileResult, now: datetime) -> None:
        """Schedule a look at folders whose wake-up was lost. A second look does no harm."""
        for folder in self.folders.filling():
            late = now - (folder.quiet_at or now)
            if late > self.due_after:
                self.wake_ups.send(folder.folder, timedelta())
                found.woken.append(folder.folder)
            if late > _NEVER_LOOKED_AT:
                found.failed[folder.folder] = f"nobody could look at it since {folder.quiet_at:%Y-%m-%d %H:%M}"

    def _look_at(self, run: Run, states: _States, now: datetime) -> Run | None:
        if _is_over(run, now):
            return self._end(run, now)
        if run.state == State.TRAINED and run.deployment is not None:
            return finish_closing(run, self.services)
        if not run.recipe.deployment.is_open(now) and (closed := close(run, self.services, now)):
            return closed
        if self.idle and self.idle.watches(run) and (changed := self._watch_idle(run, self.idle, now)):
            return changed
        if run.state == State.PAUSED:
            return look_at_paused(run, self.services, self.idle.calls if self.idle else None, now)
        if run.state == State.TRAINING:
            trainer = self.services.trainers.of(run)
            job = trainer.get_job(run.job_arn)
            moved = follow(run, job, runs=self.services.runs, trainer=trainer, by=BY, now=now)
            return moved or watch(run, job, runs=self.services.runs, trainer=trainer, now=now)
        if run.state == State.DEPLOYING or (run.state == State.RESTORING and run.deployment is not None):
            return follow_deployment(run, self.services, by=BY, now=now)
        if run.state == State.AWAITING_APPROVAL and run.answer_by < now:
            reason = "nobody approved it in time"
            return self.services.runs.save(run.moved(State.DECLINED, by=BY, reason=reason, now=now))
        if run.state in SERVING:
            return self._compare_with_the_name(run, now) or self._see_that_it_answers(run, states, now)
        return None

    def _compare_with_the_name(self, run: Run, now: datetime) -> Run | None:
        """Finish a promotion, rollback or end of service that was interrupted after the project's name moved.

        Also retires a version whose standby time is over. Returns None if the run and the name agree.
        """
        alias = self.services.aliases.alias(run.project)
        if alias.paused and alias.paused.run == run.id:
            if alias.paused.measured:
                return lend_out(run, alias.paused, self.services.runs, now)
            return pause(run, self.services, alias.paused, now)
        if alias.offline:
            return self._take_down(run, alias.offline.by, alias.offline.reason, now)
        if run.state == State.STANDBY and _standby_is_over(run, now):
            bad = rolled_back(alias, run.id)
            reason = f"{bad.by} rolled back from it" if bad else "its successor has proved itself"
            return self._take_down(run, BY, reason, now)
        if run.state == State.LIVE and alias.live and alias.live.run != run.id:
            successor, back = alias.live.run, rolled_back(alias, run.id)
            return stand_by(run, successor=successor, runs=self.services.runs, by=BY, now=now, back=back)
        return None

    def _watch_idle(self, run: Run, idle: IdleWatch, now: datetime) -> Run | None:
        """Announce that nobody calls a version, then pause it until the next call; None if nothing changed."""
        if reason := idle.over(run, now):
            end_service(self.services.aliases, run.project, run.id, BY, reason, now=now, returns="call")
            return self._compare_with_the_name(run, now)
        noted = idle.noted(run, now)
        return self.services.runs.save(noted) if noted else None

    def _end(self, run: Run, now: datetime) -> Run | None:
        """Take down model units whose time is over. The project is offline if nothing else serves it."""
        ends = run.deployment.ends_at if run.deployment else None
        reason = f"its model units had an end, {ends:%Y-%m-%d %H:%M} UTC, and are deleted: they bill by the hour"
        if run.state == State.LIVE:
            end_service(self.services.aliases, run.project, run.id, BY, reason, now=now)
        return self._take_down(run, BY, reason, now)

    def _see_that_it_answers(self, run: Run, states: _States, now: datetime) -> Run | None:
        """Deploy a live version again if its deployment was deleted or failed; end a standby version that lost its own.

        A list may be late: the deployment itself is asked before anything is done.
        """
        units = run.deployment
        if units is None or is_going(run):
            return None
        listed = states[run.recipe.deployment.kind]().get(units.arn)
        if _answers(run, listed) or _answers(run, found := self._found(units.arn)):
            return None
        if run.state == State.LIVE and found and serves_another(run, found) and found["status"] in _ANSWERS:
            other = f"Its model units serve {found['modelArn']}, and Tailor did not change that"
            marks = {"status": DeploymentStatus.CREATING, "created_at": now}
            back, units = f"{other}: they are set right, which takes some minutes", units.model_copy(update=marks)
            return self.services.runs.save(run.moved(State.RESTORING, by=BY, reason=back, now=now, deployment=units))
        gone = f"Its deployment {units.arn} is gone or has failed, and Tailor did not delete it"
        if run.state == State.STANDBY:
            return self._take_down(run, BY, gone, now)
        reason = f"{gone}: apps get errors until it is deployed again, which takes some minutes"
        return self.services.runs.save(run.moved(State.RESTORING, by=BY, reason=reason, now=now, deployment=None))

    def _found(self, arn: str) -> Mapping[str, Any] | None:
        try:
            return self.services.control.get_deployment(arn)
        except NotFoundError:
            return None

    def _served(self, kind: DeploymentKind) -> Mapping[str, Mapping[str, Any]]:
        return {str(each["arn"]): each for each in self.services.control.list_deployments(kind)}

    def _take_down(self, run: Run, by: str, reason: str, now: datetime) -> Run:
        return take_down(run, self.services, by=by, reason=reason, now=now)

    def _is_due(self, run: Run, called: frozenset[str], now: datetime) -> bool:
        """Return whether a step should have begun but shows no sign of it. Announcing a run twice does no harm."""
        if run.state not in ACTORS or run.leased(now):
            return False
        if run.state == State.PASSED and not run.recipe.deployment.promote:
            return False
        if run.state == State.RESTORING and run.deployment is not None:
            return False
        if waits_for(run) or _waits_for(run, _ROOM) or _waits_for(run, BUSY):
            return run.id in called
        if _waits_for(run, CLOSED):
            return run.recipe.deployment.is_open(now)
        if _waits_for(run, _MODEL):
            return True
        return now - run.history[-1].at > self.due_after


def _answers(run: Run, found: Mapping[str, Any] | None) -> bool:
    """Return whether what serves a run is there, with the run's model."""
    return found is not None and found["status"] in _ANSWERS and not serves_another(run, found)


def _is_over(run: Run, now: datetime) -> bool:
    ends = run.deployment.ends_at if run.deployment else None
    return ends is not None and ends <= now and State.RETIRED in MOVES[run.state] and not is_going(run)


def _waits_for(run: Run, phase: str) -> bool:
    return run.stall is not None and run.stall.phase == phase


def _waits_in_a_queue(run: Run, waiting: Mapping[str, Callable[[], int]]) -> bool:
    """Return whether the queue of the run's step holds events that may include the run's own or precede it.

    Another event for each run that waits, each minute, would make the queue longer than the work is.
    """
    ask = waiting.get(ACTORS[run.state])
    try:
        return ask is not None and ask() > 0
    except TailorError:
        return False


@contextmanager
def _noted(failed: dict[str, str], what: str) -> Iterator[None]:
    """Record why an item could not be handled, and continue."""
    try:
        yield
    except ConflictError:
        pass  # it moved while we looked: all is well
    except TailorError as error:
        failed[what] = f"{error.code}: {error.message}"
    except Exception as error:  # a bug that one run meets must not leave all others unwatched
        failed[what] = f"{type(error).__name__} in {traceback.extract_tb(error.__traceback__)[-1].name}"


def _once[T](ask: Callable[[], T]) -> Callable[[], T]:
    """Return a function that asks once and then repeats the answer or the error."""
    answer = Future[T]()

    def repeat() -> T:
        if not answer.done():
            try:
                answer.set_result(ask())
            except Exception as error:
                answer.set_exception(error)
        return answer.result()

    return repeat


def _standby_is_over(run: Run, now: datetime) -> bool:
    until = run.deployment.standby_until if run.deployment else None
    return until is not None and until < now
