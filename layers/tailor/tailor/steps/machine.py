"""Work that is too much for one function: a step hands its run to an execution of a state machine.

The run names the execution, and while that works nobody holds the run's lease: whoever is told that the run is due asks
Step Functions instead. So no two begin the same work, an ending that was lost is found, and a machine that was stopped
is followed by another execution, which finds what the one before it left.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from tailor.errors import TailorError
from tailor.run_records import EvaluationRecord, ExecutionRecord, ReportRecord
from tailor.runs import Run, RunStore, State, claim, giving_back

# An execution that was stopped is followed by another. What stops that often is not given to a machine again.
MOST_EXECUTIONS = 3
# All functions of an account, the API's too, share one limit of concurrent executions: two thirds are left to others.
SHARE = 3
SMALLEST_ACCOUNT = 10  # the limit of many new accounts: assumed where the limit can't be read


class Account(Protocol):
    """The AWS account. The implementation is :class:`tailor.aws.concurrency.Account`."""

    def concurrency(self) -> int:
        """Return how many functions may run at once, of all that the account has. Raises TailorError."""


def functions_at_once(most: int, account: Account) -> int:
    """Return how many functions one execution may keep busy: a third of the account's limit, at least 1, and at most
    ``most``."""
    try:
        limit = account.concurrency()
    except TailorError:
        limit = SMALLEST_ACCOUNT
    return max(1, min(most, limit // SHARE))


@dataclass(frozen=True, slots=True)
class Execution:
    running: bool
    stopped_at: datetime | None


class Executions(Protocol):
    """Executions of a state machine. The implementation is :class:`tailor.aws.state_machines.StateMachine`."""

    def execution(self, name: str) -> str:
        """The ARN that an execution of this name has."""

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        """Fine where it was started before."""

    def find(self, execution: str) -> Execution | None:
        """None where there is no such execution."""


@dataclass(frozen=True, slots=True)
class Machine:
    """The state machine of one step. ``working``: the run's state meanwhile; ``field``: the run's document that names
    the execution; ``outlived``: seconds that a function may go on for after its execution was stopped, where no other
    may do the same work meanwhile."""

    executions: Executions
    working: State
    field: Literal["report", "evaluation"]
    outlived: float = 0

    def awaits(self, run: Run, execution: str) -> bool:
        """Whether the run still waits for this execution."""
        return run.state == self.working and self._record(run).execution == execution

    def busy(self, run: Run, now: datetime) -> bool:
        """Whether others may be at work on this run."""
        name = self._record(run).execution
        found = self.executions.find(name) if name and run.state == self.working else None
        if found is None:
            return False
        recent = found.stopped_at is not None and now < found.stopped_at + timedelta(seconds=self.outlived)
        return found.running or recent

    def claim(
        self, run: Run, *, begin: State, ended: str | None, seconds: float, by: str, runs: RunStore, now: datetime
    ) -> Run | None:
        """The run for one function, with a lease of ``seconds``; None where others do or did the work.

        ``ended``: the execution that says that it has done all that it could."""
        if not self.awaits(run, ended) if ended else self.busy(run, now):
            return None
        return claim(runs, run, begin=begin, working=self.working, seconds=seconds, by=by, now=now)

    def spent(self, run: Run) -> bool:
        """Whether so many executions were stopped that no other one is worth a try."""
        return self._record(run).executions >= MOST_EXECUTIONS

    def hand_over(self, run: Run, document: Mapping[str, Any], runs: RunStore, series: str = "") -> Run:
        """Starts the next execution for a claimed run, with ``document`` and the names of run and execution, and gives
        the lease back. ``series`` names the executions where a run has several series of them.

        The run names its execution first: a stop in between leaves a name without an execution, and the next visit
        takes another.
        """
        place = self._record(run).executions + 1
        name = f"{series or run.id}-{place}"
        execution = self.executions.execution(name)
        noted = self._record(run).model_copy(update={"execution": execution, "executions": place})
        run = runs.save(run.model_copy(update={self.field: noted}))
        with giving_back(runs, run):
            self.executions.start(name, {"run": run.id, "execution": execution, **document})
        return runs.save(run.updated(lease_until=None, attempts=0))

    def noted(self, run: Run) -> dict[str, Any]:
        """What the run's document says about executions, to be kept beside what the step found out."""
        return {n: value for n, value in self._record(run).model_dump().items() if n in ExecutionRecord.model_fields}

    def _record(self, run: Run) -> ReportRecord | EvaluationRecord:
        return run.report if self.field == "report" else run.evaluation
