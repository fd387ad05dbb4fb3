"""deployed → evaluating → a verdict: held-out questions go to the candidate and to what it must beat."""

from collections.abc import Callable
from datetime import datetime, timedelta

from tailor import catalog
from tailor.catalog import teacher_of
from tailor.errors import ConflictError, EvaluationError, InvalidInputError, NotAllowedError, NotFoundError
from tailor.evaluation.questions import BASE, CANDIDATE, LIVE, TEACHER, Arm
from tailor.evaluation.run import Unfinished, evaluate_run
from tailor.llm import Asker
from tailor.run_records import EvaluationRecord
from tailor.runs import MAX_ATTEMPTS, Run, RunStore, State, find, giving_back
from tailor.serving.aliases import AliasStore, Version
from tailor.steps.asking import Scale, while_wanted
from tailor.storage import Storage

BY = "evaluate"


def evaluate(
    run_id: str,
    *,
    bucket: Storage,
    runs: RunStore,
    asker: Asker,
    aliases: AliasStore,
    scale: Scale,
    seconds_left: Callable[[], float],
    now: datetime,
    region: str,
    asked: str | None = None,
    remark: str = "",
) -> Run | None:
    """The run as it is afterwards; None where others do or did the work.

    ``asked``: the execution that says that it has asked all that it could; what it left is asked here. ``remark``: what
    the report says above its verdict.
    """
    given = seconds_left()
    found = find(runs, run_id)
    run = found and scale.machine.claim(
        found, begin=State.DEPLOYED, ended=asked, seconds=given, by=BY, runs=runs, now=now
    )
    if run is None:
        return None
    if run.attempts > MAX_ATTEMPTS:
        reason = f"The evaluation was cut short {MAX_ATTEMPTS} times: tell the operator of this stack"
        return _kept(run.moved(State.EVALUATION_FAILED, by=BY, reason=reason), runs)
    arms = arms_of(run, region, aliases.alias(run.project).live)
    with giving_back(runs, run):
        try:
            if not asked and (begun := scale.begin(run, arms, bucket=bucket, runs=runs, now=now)):
                return begun
            result = evaluate_run(
                bucket,
                run,
                run.recipe,
                arms,
                asker,
                deadline=while_wanted(run, runs, seconds_left),
                clock=lambda: now + timedelta(seconds=given - seconds_left()),
                remark=remark,
                region=region,
            )
        except (EvaluationError, InvalidInputError, NotAllowedError, NotFoundError) as error:
            return _kept(run.moved(State.EVALUATION_FAILED, by=BY, reason=error.message), runs)
    if isinstance(result, Unfinished):
        # Out of time, not of patience: the answers so far are kept, and the run is asked for again.
        return _kept(run.updated(lease_until=None, attempts=0), runs)
    summary = result.summary()
    verdict, reason = State(summary["verdict"]), summary["headline"]
    evaluation = EvaluationRecord.model_validate(run.evaluation.model_dump() | summary)
    return _kept(run.moved(verdict, by=BY, reason=reason, evaluation=evaluation), runs)


def _kept(run: Run, runs: RunStore) -> Run | None:
    """None where somebody moved the run meanwhile: stopped it, or took it over."""
    try:
        return runs.save(run)
    except ConflictError:
        return None


def arms_of(run: Run, region: str, live: Version | None = None) -> list[Arm]:
    """Who is asked, by the ids that this Region takes.

    A student's teacher is asked too: it shows how much of the way to it was gone.
    """
    model = catalog.model(run.recipe.model)
    arms = [Arm(CANDIDATE, run.deployment_arn), Arm(BASE, model.invoked_in(region))]
    if live is not None and live.run != run.id:
        arms.append(Arm(LIVE, live.deployment))
    if run.recipe.method == "distillation":
        arms.append(Arm(TEACHER, teacher_of(run.recipe, model).invoked_in(region)))
    return arms
