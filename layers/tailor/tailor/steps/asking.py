"""Asking at scale: an evaluation that is too large for one function is asked by many, each a part of its chunks.

A state machine (statemachines/evaluate.asl.yaml) deals the parts out, and at its end has the run scored. While it works
the run has no lease: whoever is told that the run is due asks Step Functions instead. So no two ever ask the same
question, and reconcile finds an ending that was lost.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from tailor.errors import RetryableError
from tailor.evaluation.arms import Arm
from tailor.evaluation.ask import Asker, Progress
from tailor.evaluation.run import ask_part, plan_run
from tailor.events import AskPart
from tailor.runs import Run, RunStore, State
from tailor.storage import Storage

# An execution that was stopped is followed by another. What stops that often is asked by one function after the other.
MOST_EXECUTIONS = 3
CHUNKS_A_PART = 4


@dataclass(frozen=True, slots=True)
class Execution:
    running: bool
    stopped_at: datetime | None


class Executions(Protocol):
    """Executions of the state machine. The implementation is :class:`tailor.aws.state_machines.StateMachine`."""

    def execution(self, name: str) -> str:
        """The ARN that an execution of this name has."""

    def start(self, name: str, document: Mapping[str, Any]) -> None:
        """Fine where it was started before."""

    def look(self, execution: str) -> Execution | None:
        """None where there is no such execution."""


@dataclass(frozen=True, slots=True)
class Scale:
    """``above``: calls that one function asks by itself. ``functions`` ask at once, each for ``part_seconds``."""

    executions: Executions
    above: int
    functions: int
    part_seconds: float

    def busy(self, run: Run, now: datetime) -> bool:
        """Whether others may be asking for this run. A function outlives the execution that called it."""
        name = run.evaluation.get("execution")
        found = self.executions.look(name) if name and run.state == State.EVALUATING else None
        if found is None:
            return False
        recent = found.stopped_at is not None and now < found.stopped_at + timedelta(seconds=self.part_seconds)
        return found.running or recent

    def begin(self, run: Run, arms: Sequence[Arm], *, bucket: Storage, runs: RunStore, now: datetime) -> Run | None:
        """Starts the asking of a claimed run; None where one function will do.

        The run names its execution first: a stop in between leaves a name without an execution, and the next visit
        takes another.
        """
        plan = plan_run(bucket, run, run.recipe, arms, now)
        place = run.evaluation.get("executions", 0) + 1
        if plan.calls <= self.above or place > MOST_EXECUTIONS:
            return None
        name = f"{run.id}-{place}"
        execution = self.executions.execution(name)
        run = runs.save(run.model_copy(update={"evaluation": {"execution": execution, "executions": place}}))
        chunks = list(range(plan.chunks))
        document = {
            "run": run.id,
            "execution": execution,
            "parts": [chunks[start : start + CHUNKS_A_PART] for start in range(0, len(chunks), CHUNKS_A_PART)],
            "functions": self.functions,
            "pause": round(self.part_seconds),
        }
        self.executions.start(name, document)
        return runs.save(run.model_copy(update={"lease_until": None}))

    def ask(
        self,
        part: AskPart,
        arms: Callable[[Run], Sequence[Arm]],
        *,
        bucket: Storage,
        runs: RunStore,
        asker: Asker,
        seconds_left: Callable[[], float],
        now: datetime,
    ) -> Progress | None:
        """One part; None where the run no longer waits for this execution. RetryableError where time ran out first."""
        run = runs.get(part.run)
        if run.state != State.EVALUATING or run.evaluation.get("execution") != part.execution:
            return None
        spare = max(0.0, seconds_left() - self.part_seconds)
        progress = ask_part(
            bucket,
            run,
            run.recipe,
            arms(run),
            asker,
            part.chunks,
            deadline=lambda: seconds_left() - spare,
            clock=lambda: now,
        )
        if not progress.complete:
            raise RetryableError(f"{progress.done} of {progress.total} questions of this part were asked in time")
        return progress
