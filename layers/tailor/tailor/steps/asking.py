"""Ask an evaluation's questions in several functions if they are too many for one.

A state machine (statemachines/evaluate.asl.yaml) gives each function some chunks of the questions and has the run
scored at its end. No two functions ask the same question, and reconcile finds an execution whose end was not reported
(:mod:`tailor.steps.machine`).
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from tailor import catalog
from tailor.catalog import teacher_of
from tailor.errors import RetryableError, TailorError
from tailor.evaluation.asking import CallProgress
from tailor.evaluation.questions import BASE, CANDIDATE, LIVE, TEACHER, Arm
from tailor.evaluation.run import ask_part, plan_run
from tailor.events import AskPart
from tailor.llm import Asker
from tailor.runs import Run, RunStore, State, find
from tailor.serving.aliases import AliasStore, Version
from tailor.steps.guarded import guarded
from tailor.steps.machine import AccountLimits, Executions, Machine, room
from tailor.storage import Storage

CHUNKS_A_PART = 4
LOOK_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class EvaluateFanOut:
    """Decides when a state machine asks the questions, and starts it.

    Attributes:
        above: number of calls that one function makes by itself.
        functions: most functions at once.
        part_seconds: time that each of them asks for.
    """

    executions: Executions
    account: AccountLimits
    above: int
    functions: int
    part_seconds: float

    @property
    def machine(self) -> Machine:
        return Machine(self.executions, State.EVALUATING, "evaluation", outlived=self.part_seconds)

    def begin(self, run: Run, arms: Sequence[Arm], services: "EvaluateServices", now: datetime) -> Run | None:
        """Start an execution for a claimed run and return the run; None if this function should ask by itself.

        A run whose executions were stopped several times is asked by one function after the other, and so is one that
        finds the state machine busy: it does not wait, because its time is limited.
        """
        plan = plan_run(services.bucket, run, run.recipe, arms, now)
        if plan.calls <= self.above or self.machine.spent(run):
            return None
        free = room(self.functions, self.account)
        if self.machine.full(free):
            return None
        chunks = list(range(plan.chunks))
        document = {
            "parts": [chunks[start : start + CHUNKS_A_PART] for start in range(0, len(chunks), CHUNKS_A_PART)],
            "functions": free.functions,
            "pause": round(self.part_seconds),
        }
        measured = run.evaluation.round
        part = f"{run.id}-sealed" if run.evaluation.opened_by else run.id
        series = part if measured == 1 else f"{part}-{measured}"
        return self.machine.hand_over(run, document, services.runs, series)


@dataclass(frozen=True, slots=True)
class EvaluateServices:
    """Services of an evaluation. ``remark`` is shown in the report above the verdict."""

    bucket: Storage
    runs: RunStore
    asker: Asker
    aliases: AliasStore
    fan_out: EvaluateFanOut
    region: str
    remark: str = ""


def ask(
    part: AskPart, services: EvaluateServices, *, seconds_left: Callable[[], float], now: datetime
) -> CallProgress | None:
    """Ask the questions of one part and return the progress; None if the run no longer waits for this execution.

    Raises:
        RetryableError: the time was too short for all of them.
    """
    fan_out = services.fan_out
    run = find(services.runs, part.run)
    if run is None or not fan_out.machine.awaits(run, part.execution):
        return None
    deadline = CancellableDeadline(run, services.runs, seconds_left)
    arms = arms_of(run, services.region)
    spare = max(0.0, deadline.remaining() - fan_out.part_seconds)
    progress = ask_part(
        services.bucket,
        run,
        run.recipe,
        arms,
        guarded(services.asker, run.recipe, arms),
        part.chunks,
        deadline=lambda: deadline.remaining() - spare,
        clock=lambda: now,
    )
    if not progress.complete:
        raise RetryableError(f"{progress.done} of {progress.total} questions of this part were asked in time")
    return progress


def arms_of(run: Run, region: str, live: Version | None = None) -> list[Arm]:
    """Return the models to ask, under the ids that this Region uses.

    Distillation also evaluates the teacher, to show how much of the gap was closed.
    """
    model = catalog.model(run.recipe.model)
    arms = [Arm(CANDIDATE, run.deployment_arn), Arm(BASE, model.invoked_in(region))]
    if live is not None and live.run != run.id:
        arms.append(Arm(LIVE, live.deployment))
    if run.recipe.method == "distillation":
        arms.append(Arm(TEACHER, teacher_of(run.recipe, model).invoked_in(region)))
    return arms


class CancellableDeadline:
    """Time left for asking. It ends once the run is stopped, so that no answers are paid for that nobody reads.

    Reads the run every 15 seconds. Safe for use by several threads.
    """

    def __init__(self, run: Run, runs: RunStore, seconds_left: Callable[[], float]) -> None:
        self._run, self._runs, self._seconds_left = run.id, runs, seconds_left
        self._read_at, self._cancelled = seconds_left(), False
        self._lock = threading.Lock()

    def remaining(self) -> float:
        """Return the seconds left, 0 if the run was stopped."""
        seconds = self._seconds_left()
        with self._lock:
            if not self._cancelled and self._read_at - seconds >= LOOK_SECONDS:
                self._read_at = seconds
                with suppress(TailorError):  # unknown now: the next reading tells
                    run = find(self._runs, self._run)
                    self._cancelled = run is None or run.state != State.EVALUATING
            return 0.0 if self._cancelled else seconds
