from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from tailor import catalog
from tailor.costs import CostLine
from tailor.recipe import Recipe
from tailor.runs import Change, Run, State
from tailor.training.methods import quote
from tailor.training.spent import Spent, spent

START = datetime(2026, 11, 22, tzinfo=UTC)
TO_TRAINING = [State.PREPARING, State.PREPARED, State.TRAINING]
Build = Callable[..., Any]


def came(states: list[State], run: Build, manifest: Build, phase: str = "", **recipe: Any) -> Run:
    """A run that took a day for each of its states."""
    settings = Recipe.model_validate({"model": "nova-micro", **recipe})
    found = quote(manifest(), settings, catalog.model(settings.model))
    history = [
        Change(sequence=at, state=state, at=START + timedelta(days=at), by="test")
        for at, state in enumerate([State.RECEIVED, *states])
    ]
    job = (
        {"arn": "x", "phases": {"training": {"status": phase, "since": START}}}
        if phase or State.TRAINING in states
        else {}
    )
    made: Run = run(settings, quote=found.document(), job=job)
    return made.model_copy(update={"history": history})


def after(days: float) -> datetime:
    return START + timedelta(days=days)


@pytest.mark.parametrize(
    ("states", "phase"),
    [
        ([State.PREPARING, State.REJECTED], ""),
        ([State.PREPARING, State.PREPARED, State.AWAITING_APPROVAL, State.DECLINED], ""),
        ([*TO_TRAINING, State.TRAINING_FAILED], "NotStarted"),
        ([*TO_TRAINING, State.STOPPED], "NotStarted"),
        ([*TO_TRAINING], "NotStarted"),
    ],
)
def test_what_never_trained_costs_nothing(states: list[State], phase: str, run: Build, manifest: Build) -> None:
    found = spent(came(states, run, manifest, phase), after(100))
    assert found.least == 0
    assert found.most == 0


def test_a_job_that_was_stopped_in_training_costs_something_up_to_all(run: Build, manifest: Build) -> None:
    found = spent(came([*TO_TRAINING, State.STOPPED], run, manifest, "InProgress"), after(10))
    assert found.least == 0
    assert found.most is not None
    assert found.most > 0


def test_a_trained_model_costs_its_training_and_its_storage(run: Build, manifest: Build) -> None:
    trained = came([*TO_TRAINING, State.TRAINED], run, manifest, "Completed")
    now, month_later = spent(trained, after(4)), spent(trained, after(34))
    assert now.least > 0
    assert month_later.most is not None
    assert now.most is not None
    assert month_later.most - now.most == Decimal("1.95")


def test_the_evaluation_counts_once_it_began(run: Build, manifest: Build) -> None:
    path = [*TO_TRAINING, State.TRAINED, State.DEPLOYING, State.DEPLOYED]
    deployed = spent(came(path, run, manifest, "Completed"), after(6))
    running = spent(came([*path, State.EVALUATING], run, manifest, "Completed"), after(6))
    passed = spent(came([*path, State.EVALUATING, State.PASSED], run, manifest, "Completed"), after(6))
    assert deployed.least == running.least < passed.least
    assert deployed.most < running.most == passed.most  # type: ignore[operator]


def test_an_unknown_price_makes_the_sum_unknown_once_it_counts(run: Build, manifest: Build) -> None:
    before = spent(came([State.PREPARING, State.PREPARED], run, manifest, model="nova-lite"), after(3))
    assert before.most == 0
    trained = spent(came([*TO_TRAINING, State.TRAINED], run, manifest, "Completed", model="nova-lite"), after(4))
    assert trained.most is None
    assert "Training Amazon Nova Lite" in trained.unknown


def test_hosting_ends_with_the_deployment(run: Build, manifest: Build) -> None:
    path = [*TO_TRAINING, State.TRAINED, State.DEPLOYING, State.DEPLOYED, State.RETIRED]
    retired = came(path, run, manifest, "Completed", deployment={"kind": "provisioned"})
    amount = Decimal(24)
    hosting = CostLine(item="hosting", title="Hosting", every="day", low=amount, expected=amount, high=amount, how="x")
    assert retired.quote
    lines = tuple(line for line in retired.quote.lines if line.item != "hosting")
    priced = retired.updated(quote=retired.quote.model_copy(update={"lines": (*lines, hosting)}))
    without = retired.updated(quote=retired.quote.model_copy(update={"lines": lines}))
    assert spent(priced, after(100)).least - spent(without, after(100)).least == 48


def test_without_a_quote_there_is_nothing_to_say(run: Build) -> None:
    found = spent(run(Recipe()), START)
    assert found == Spent(Decimal(0), Decimal(0), ())
