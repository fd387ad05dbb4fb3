"""Asking at scale: an evaluation that is too large for one function is asked by many, each a part of its chunks.

A state machine (statemachines/evaluate.asl.yaml) deals the parts out, and at its end has the run scored. No two ever
ask the same question, and reconcile finds an ending that was lost (:mod:`tailor.steps.machine`).
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tailor.errors import RetryableError, TailorError
from tailor.evaluation.asking import Progress
from tailor.evaluation.questions import Arm
from tailor.evaluation.run import ask_part, plan_run
from tailor.events import AskPart
from tailor.llm import Asker
from tailor.runs import Run, RunStore, State, find
from tailor.steps.machine import Account, Executions, Machine, functions_at_once
from tailor.storage import Storage

CHUNKS_A_PART = 4
LOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Scale:
    """``above``: calls that one function asks by itself. At most ``functions`` ask at once, each for
    ``part_seconds``."""

    executions: Executions
    account: Account
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
            "functions": functions_at_once(self.functions, self.account),
            "pause": round(self.part_seconds),
        }
        measured = run.evaluation.round
        series = run.id if measured == 1 else f"{run.id}-{measured}"
        return self.machine.hand_over(run, document, runs, series)

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
        run = find(runs, part.run)
        if run is None or not self.machine.awaits(run, part.execution):
            return None
        left = while_wanted(run, runs, seconds_left)
        spare = max(0.0, left() - self.part_seconds)
        progress = ask_part(
            bucket,
            run,
            run.recipe,
            arms(run),
            asker,
            part.chunks,
            deadline=lambda: left() - spare,
            clock=lambda: now,
        )
        if not progress.complete:
            raise RetryableError(f"{progress.done} of {progress.total} questions of this part were asked in time")
        return progress


def while_wanted(run: Run, runs: RunStore, seconds_left: Callable[[], float]) -> Callable[[], float]:
    """Seconds left, and none once somebody has stopped the run: nobody should pay for what nobody reads.

    Looks every 15 seconds. Safe for use by several threads.
    """
    lock = threading.Lock()
    looked, wanted = seconds_left(), True

    def left() -> float:
        nonlocal looked, wanted
        seconds = seconds_left()
        with lock:
            if wanted and looked - seconds >= LOOK_SECONDS:
                looked = seconds
                with suppress(TailorError):  # not known now: the next look tells
                    found = find(runs, run.id)
                    wanted = found is not None and found.state == State.EVALUATING
            return seconds if wanted else 0.0

    return left
