"""Hand a run over to an execution of a state machine if its step is too much work for one function.

The run names the execution. While that works, nobody holds the run's lease: a function that is told to work on the run
asks Step Functions first. So no two functions begin the same work, an end that was not reported is found, and an
execution that was stopped is followed by another one, which continues from what the first one left.
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
# All functions of an account, the API's too, share one limit of concurrent executions: four fifths are left to others.
SHARE = 5
SMALLEST_ACCOUNT = 10  # the limit of many new accounts: assumed where the limit can't be read
BUSY = "functions"
"""Phase of a run that waits until its state machine has a free execution."""


class AccountLimits(Protocol):
    """Limits of the AWS account; the implementation is :class:`tailor.aws.concurrency.LambdaLimits`."""

    def concurrency(self) -> int:
        """Return the account's limit of concurrent function executions. Raises TailorError."""


@dataclass(frozen=True, slots=True)
class Room:
    """Number of functions that one execution may keep busy, and of executions that may run at once."""

    functions: int
    executions: int


def room(most: int, account: AccountLimits) -> Room:
    """Return the limits of a state machine: all of its executions together use a fifth of the account's limit.

    Each has at most ``most`` functions; one execution with one function may always work.
    """
    try:
        limit = account.concurrency()
    except TailorError:
        limit = SMALLEST_ACCOUNT
    share = max(1, limit // SHARE)
    functions = min(most, share)
    return Room(functions, share // functions)


@dataclass(frozen=True, slots=True)
class Execution:
    running: bool
    stopped_at: datetime | None


class Executions(Protocol):
    """Executions of a state machine. The implementation is :class:`tailor.aws.state_machines.StateMachine`."""

    def execution(self, name: str) -> str:
        """Return the ARN of the execution with this name."""

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        """Start an execution. Idempotent by name."""

    def find(self, execution: str) -> Execution | None:
        """Return an execution, or None if there is none."""

    def running(self) -> int:
        """Return how many executions run."""


@dataclass(frozen=True, slots=True)
class Machine:
    """A step's state machine.

    Attributes:
        working: state of the runs that it works on.
        field: the run's record that names the execution.
        outlived: seconds for which a function may continue after its execution was stopped; nobody else starts within.
    """

    executions: Executions
    working: State
    field: Literal["report", "evaluation"]
    outlived: float = 0

    def awaits(self, run: Run, execution: str) -> bool:
        """Return whether the run waits for this execution."""
        return run.state == self.working and self._record(run).execution == execution

    def busy(self, run: Run, now: datetime) -> bool:
        """Return whether an execution may still work on this run."""
        name = self._record(run).execution
        found = self.executions.find(name) if name and run.state == self.working else None
        if found is None:
            return False
        recent = found.stopped_at is not None and now < found.stopped_at + timedelta(seconds=self.outlived)
        return found.running or recent

    def claim(
        self, run: Run, *, begin: State, ended: str | None, seconds: float, by: str, runs: RunStore, now: datetime
    ) -> Run | None:
        """Claim the run for one function with a lease of ``seconds``; return None if another call does or did the work.

        Args:
            ended: ARN of the execution that has done all that it could.
        """
        if not self.awaits(run, ended) if ended else self.busy(run, now):
            return None
        return claim(runs, run, begin=begin, working=self.working, seconds=seconds, by=by, now=now)

    def spent(self, run: Run) -> bool:
        """Return whether so many executions of the run were stopped that no further one is started."""
        return self._record(run).executions >= MOST_EXECUTIONS

    def hand_over(self, run: Run, document: Mapping[str, Any], runs: RunStore, series: str = "") -> Run:
        """Start the next execution for a claimed run, release the run's lease and return the run.

        The run names its execution first: if this function is killed in between, the name leads to no execution, and
        the next visit takes another name.

        Args:
            document: input of the execution, which gets ``run`` and ``execution`` besides.
            series: prefix of the execution's name; default: the run's id.
        """
        place = self._record(run).executions + 1
        name = f"{series or run.id}-{place}"
        execution = self.executions.execution(name)
        noted = self._record(run).model_copy(update={"execution": execution, "executions": place})
        run = runs.save(run.model_copy(update={self.field: noted, "stall": None}))
        with giving_back(runs, run):
            self.executions.start(name, {"run": run.id, "execution": execution, **document})
        return runs.save(run.updated(lease_until=None, attempts=0))

    def full(self, room: Room) -> bool:
        """Return whether the maximum of executions is running. Two that start in the same second may both find room."""
        return self.executions.running() >= room.executions

    def wait(self, run: Run, runs: RunStore, now: datetime) -> Run:
        """Release a claimed run for which no execution is free, and record why it waits; reconcile tries it again."""
        held = run.held_up("wait", BUSY, "others are worked on before it, so that apps get answers meanwhile", now)
        return runs.save((held or run).updated(lease_until=None, attempts=0))

    def noted(self, run: Run) -> dict[str, Any]:
        """Return what the run's record says about executions, to be kept in the step's result."""
        return {n: value for n, value in self._record(run).model_dump().items() if n in ExecutionRecord.model_fields}

    def _record(self, run: Run) -> ReportRecord | EvaluationRecord:
        return run.report if self.field == "report" else run.evaluation
