"""Asking at scale: an evaluation that is too large for one function is asked by many, each a part of its chunks.

A state machine (statemachines/evaluate.asl.yaml) deals the parts out, and at its end has the run scored. No two ever
ask the same question, and reconcile finds an ending that was lost (:mod:`tailor.steps.machine`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from tailor.errors import RetryableError
from tailor.evaluation.arms import Arm
from tailor.evaluation.ask import Asker, Progress
from tailor.evaluation.run import ask_part, plan_run
from tailor.events import AskPart
from tailor.runs import Run, RunStore, State
from tailor.steps.machine import Executions, Machine
from tailor.storage import Storage

CHUNKS_A_PART = 4


@dataclass(frozen=True, slots=True)
class Scale:
    """``above``: calls that one function asks by itself. ``functions`` ask at once, each for ``part_seconds``."""

    executions: Executions
    above: int
    functions: int
    part_seconds: float

    @property
    def machine(self) -> Machine:
        return Machine(self.executions, State.EVALUATING, "evaluation", outlived=self.part_seconds)

    def begin(self, run: Run, arms: Sequence[Arm], *, bucket: Storage, runs: RunStore, now: datetime) -> Run | None:
        """Starts the asking of a claimed run; None where one function will do, or where executions came to nothing:
        such a run is asked by one function after the other."""
        plan = plan_run(bucket, run, run.recipe, arms, now)
        if plan.calls <= self.above or self.machine.spent(run):
            return None
        chunks = list(range(plan.chunks))
        document = {
            "parts": [chunks[start : start + CHUNKS_A_PART] for start in range(0, len(chunks), CHUNKS_A_PART)],
            "functions": self.functions,
            "pause": round(self.part_seconds),
        }
        return self.machine.hand_over(run, document, runs)

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
        if not self.machine.awaits(run, part.execution):
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
