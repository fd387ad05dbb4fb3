"""deployed → evaluating → a verdict: held-out questions go to the candidate and to what it must beat."""

from collections.abc import Callable
from datetime import datetime

from tailor import catalog
from tailor.errors import EvaluationError, InvalidInputError, NotAllowedError, NotFoundError
from tailor.evaluation.arms import Arm
from tailor.evaluation.ask import Asker
from tailor.evaluation.run import Unfinished, evaluate_run
from tailor.runs import Run, RunStore, State, claim
from tailor.serving.aliases import AliasStore
from tailor.storage import Storage

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
    model = catalog.model(run.recipe.model)
    arms = [Arm("candidate", run.deployment["arn"]), Arm("base", model.invoke_id)]
    live = aliases.alias(run.project).live
    if live is not None and live.run != run.id:
        arms.append(Arm("live", live.deployment))
    try:
        result = evaluate_run(bucket, run, run.recipe, arms, asker, deadline=seconds_left)
    except (EvaluationError, InvalidInputError, NotAllowedError, NotFoundError) as error:
        return runs.save(run.moved(State.EVALUATION_FAILED, by=BY, reason=error.message))
    if isinstance(result, Unfinished):
        # Out of time, not of patience: the answers so far are kept, and the run is asked for again.
        return runs.save(run.model_copy(update={"lease_until": None}))
    summary = result.summary()
    return runs.save(run.moved(State(summary["verdict"]), by=BY, reason=summary["headline"], evaluation=summary))
