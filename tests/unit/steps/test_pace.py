"""How long a run usually still takes."""

from datetime import timedelta

from tailor.recipe import Recipe
from tailor.runs import Run, State
from tailor.steps.pace import remaining
from tests.unit.steps.fakes import NOW, a_run

MINUTE = timedelta(minutes=1)
FINE_TUNING = Recipe()


def measured(minutes: dict[State, int], recipe: Recipe = FINE_TUNING, ends: State = State.PASSED) -> Run:
    """Return a run that spent so many minutes in each state."""
    at, run = NOW, a_run(State.RECEIVED, id=f"earlier-{sum(minutes.values())}", recipe=recipe)
    history = []
    for sequence, state in enumerate([*minutes, ends], start=1):
        history.append(run.history[0].model_copy(update={"sequence": sequence, "state": state, "at": at}))
        at += minutes.get(state, 0) * MINUTE
    return run.model_copy(update={"history": history})


def test_it_is_the_median_of_the_rest_of_earlier_runs_without_the_time_that_people_took() -> None:
    paths = [
        {State.PREPARED: 1, State.AWAITING_APPROVAL: 600, State.TRAINING: long, State.DEPLOYED: 10}
        for long in (40, 60, 200)
    ]
    before = [measured(path) for path in paths]
    now = a_run(State.PREPARED)
    assert remaining(now, before, NOW) == (1 + 60 + 10) * MINUTE
    training = a_run(State.TRAINING)
    since = training.history[-1].at
    assert remaining(training, before, since + 20 * MINUTE) == (40 + 10) * MINUTE
    assert remaining(training, before, since + 900 * MINUTE) == 10 * MINUTE


def test_runs_of_another_method_and_those_without_a_verdict_tell_nothing() -> None:
    path = {State.PREPARED: 1, State.TRAINING: 40}
    other = measured(path, Recipe.model_validate({"method": "distillation"}))
    failed = measured(path, ends=State.TRAINING_FAILED)
    assert remaining(a_run(State.TRAINING), [other, failed], NOW) is None
