"""deployed → evaluating → a verdict: held-out questions go to the candidate and to what it must beat."""

from collections.abc import Callable
from datetime import datetime

from tailor import catalog
from tailor.catalog import Model
from tailor.errors import EvaluationError, InvalidInputError, NotAllowedError, NotFoundError
from tailor.evaluation.arms import BASE, CANDIDATE, LIVE, TEACHER, Arm
from tailor.evaluation.ask import Asker
from tailor.evaluation.run import Unfinished, evaluate_run
from tailor.runs import Run, RunStore, State, claim
from tailor.serving.aliases import AliasStore, Version
from tailor.storage import Storage
from tailor.training.methods.distillation import teacher_of

BY = "evaluate"


def evaluate(
    run_id: str,
    *,
    bucket: Storage,
    runs: RunStore,
    asker: Asker,
    aliases: AliasStore,
    seconds_left: Callable[[], float],
    now: datetime,
) -> Run | None:
    """The run as it is afterwards; None where another delivery does or did the work."""
    run = claim(runs, run_id, begin=State.DEPLOYED, working=State.EVALUATING, seconds=seconds_left(), by=BY, now=now)
    if run is None:
        return None
    arms = _arms(run, catalog.model(run.recipe.model), aliases.alias(run.project).live)
    try:
        result = evaluate_run(bucket, run, run.recipe, arms, asker, deadline=seconds_left)
    except (EvaluationError, InvalidInputError, NotAllowedError, NotFoundError) as error:
        return runs.save(run.moved(State.EVALUATION_FAILED, by=BY, reason=error.message))
    if isinstance(result, Unfinished):
        # Out of time, not of patience: the answers so far are kept, and the run is asked for again.
        return runs.save(run.model_copy(update={"lease_until": None}))
    summary = result.summary()
    return runs.save(run.moved(State(summary["verdict"]), by=BY, reason=summary["headline"], evaluation=summary))


def _arms(run: Run, model: Model, live: Version | None) -> list[Arm]:
    """A student's teacher is asked too: it shows how much of the way to it was gone."""
    arms = [Arm(CANDIDATE, run.deployment["arn"]), Arm(BASE, model.invoke_id)]
    if live is not None and live.run != run.id:
        arms.append(Arm(LIVE, live.deployment))
    if run.recipe.method == "distillation":
        arms.append(Arm(TEACHER, teacher_of(run.recipe, model).invoke_id))
    return arms
