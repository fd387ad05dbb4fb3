"""deployed → evaluating → a verdict: ask the candidate and its baselines the held-out questions."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tailor.errors import ConflictError, EvaluationError, InvalidInputError, NotAllowedError, NotFoundError
from tailor.evaluation.run import Unfinished, evaluate_run
from tailor.run_records import EvaluationRecord
from tailor.runs import MAX_ATTEMPTS, Run, RunStore, State, find, giving_back
from tailor.steps.asking import CancellableDeadline, EvaluateServices, arms_of
from tailor.steps.guarded import guarded

BY = "evaluate"


def evaluate(
    run_id: str,
    services: EvaluateServices,
    *,
    seconds_left: Callable[[], float],
    now: datetime,
    asked: str | None = None,
) -> Run | None:
    """Return the run after this call's work, or None if another call does it or did it.

    Args:
        asked: ARN of the execution that has asked all that it could; what it left is asked here.
    """
    given, runs, fan_out = seconds_left(), services.runs, services.fan_out
    found = find(runs, run_id)
    run = found and fan_out.machine.claim(
        found, begin=State.DEPLOYED, ended=asked, seconds=given, by=BY, runs=runs, now=now
    )
    if run is None:
        return None
    if run.attempts > MAX_ATTEMPTS:
        reason = f"The evaluation was cut short {MAX_ATTEMPTS} times: tell the operator of this stack"
        return _saved(run.moved(State.EVALUATION_FAILED, by=BY, reason=reason), runs)
    arms = arms_of(run, services.region, services.aliases.alias(run.project).live)
    with giving_back(runs, run):
        try:
            if not asked and (begun := fan_out.begin(run, arms, services, now)):
                return begun
            result = evaluate_run(
                services.bucket,
                run,
                run.recipe,
                arms,
                guarded(services.asker, run.recipe, arms),
                deadline=CancellableDeadline(run, runs, seconds_left).remaining,
                clock=lambda: now + timedelta(seconds=given - seconds_left()),
                remark=_remark(run, services.remark),
                region=services.region,
            )
        except (EvaluationError, InvalidInputError, NotAllowedError, NotFoundError) as error:
            return _saved(run.moved(State.EVALUATION_FAILED, by=BY, reason=error.message), runs)
    if isinstance(result, Unfinished):
        # Out of time, not of patience: the answers so far are kept, and the run is asked for again.
        return _saved(run.updated(lease_until=None, attempts=0), runs)
    summary = result.summary()
    verdict, reason = State(summary["verdict"]), summary["headline"]
    evaluation = EvaluationRecord.model_validate(run.evaluation.model_dump() | summary)
    return _saved(run.moved(verdict, by=BY, reason=reason, evaluation=evaluation), runs)


def _remark(run: Run, given: str) -> str:
    """Return what the report says above its verdict, with where a model that was made elsewhere comes from."""
    if run.adopted is None:
        return given
    seen = "Whether it saw these held-out rows in its training, nobody here can know."
    return " ".join(filter(None, (f"The model was {run.adopted.origin}. {seen}", given)))


def _saved(run: Run, runs: RunStore) -> Run | None:
    """Save the run and return it; None if it was stopped or claimed by another call since it was read."""
    try:
        return runs.save(run)
    except ConflictError:
        return None
