"""Rows that only a promotion may open: it opens them once, and what they say decides."""

from pathlib import Path
from typing import cast

import pytest

from tailor.evaluation.questions.sealing import is_sealed
from tailor.notices.facts import Facts
from tailor.notices.texts import after_measured_again, after_passed
from tailor.recipe import Evaluation, Recipe
from tailor.recipe_serving import Deployment
from tailor.runs import Run, State
from tailor.steps.asking import EvaluateFanOut, EvaluateServices
from tailor.steps.evaluate import evaluate
from tests.unit.evaluation.fakes import FakeAsker, held_out, question, write_run
from tests.unit.steps.fakes import NOW, OneFunction
from tests.unit.steps.setting import Setting, measured_with

SEALS = Recipe(evaluation=Evaluation(sealed=0.3))


def told(run: Run) -> str:
    facts = Facts(run, run.history[-1])
    return after_measured_again(facts) if run.state == State.EVALUATING else after_passed(facts)


@pytest.mark.parametrize("verdict", [State.PASSED, State.FAILED])
def test_a_passed_run_goes_live_only_if_it_passes_on_the_sealed_rows_too(setting: Setting, verdict: State) -> None:
    passed = setting.deployed(State.PASSED, recipe=SEALS)
    assert "sealed rows are opened now" in told(passed)
    opened = setting.provision(passed)
    assert opened is not None
    assert (opened.state, opened.evaluation.opened_by) == (State.EVALUATING, "provision")
    assert "sealed rows are opened" in opened.history[-1].reason
    assert "sealed rows" in told(opened)
    assert opened.results.endswith("evaluation/sealed/")
    assert setting.aliases.alias("colours").live is None

    decided = setting.runs.save(opened.moved(verdict, by="evaluate", now=NOW))
    ended = setting.provision(decided)
    assert ended is not None
    assert ended.state == (State.LIVE if verdict == State.PASSED else State.RETIRED)
    assert ended.states.count(State.EVALUATING) == 2


def test_a_person_who_promotes_opens_them_and_may_overrule_what_they_say(setting: Setting) -> None:
    recipe = SEALS.model_copy(update={"deployment": Deployment(promote=False)})
    passed = setting.deployed(State.PASSED, recipe=recipe)
    assert setting.provision(passed) is None
    assert "tailor promote" in told(passed)
    opened = setting.promote(passed)
    assert (opened.state, opened.history[-1].by) == (State.EVALUATING, opened.evaluation.opened_by)
    live = setting.provision(setting.runs.save(opened.moved(State.PASSED, by="evaluate", now=NOW)))
    assert live is not None
    assert (live.state, live.history[-1].by) == (State.LIVE, opened.history[-1].by)

    refuted = setting.deployed(
        State.FAILED, "colours-scenes-bbbbbbbbbbbb", recipe=recipe, evaluation={"opened_by": "x"}
    )
    assert setting.promote(refuted).state == State.LIVE


def test_sealed_rows_stay_open_where_another_version_went_live_meanwhile(setting: Setting) -> None:
    first = setting.provision(setting.deployed(State.PASSED, "colours-scenes-aaaaaaaaaaaa"))
    assert first is not None
    run = setting.deployed(
        State.PASSED, "colours-scenes-bbbbbbbbbbbb", recipe=SEALS, evaluation={"opened_by": "provision", "live": None}
    )
    again = setting.provision(run)
    assert again is not None
    assert (again.state, again.evaluation.round, again.evaluation.opened_by) == (State.EVALUATING, 2, "provision")
    assert "Only the version that is live now" in told(again)
    passed = again.moved(State.PASSED, by="evaluate", now=NOW)
    measured = passed.evaluation.model_copy(update=measured_with(first))
    live = setting.provision(setting.runs.save(passed.updated(evaluation=measured)))
    assert live is not None
    assert live.state == State.LIVE


@pytest.mark.parametrize("overfitted", [False, True])
def test_from_an_evaluation_to_live_or_to_the_end(setting: Setting, overfitted: bool, tmp_path: Path) -> None:
    """A model that knows the open rows alone passes on them, and is found out by the sealed ones."""
    recipe = Recipe.parse("evaluation: {sealed: 0.3, regression: false, few_shot: 0}")
    run = setting.deployed(State.DEPLOYED, recipe=recipe)
    rows = [held_out(place, "đỏ") for place in range(300)]
    files = write_run(tmp_path, run, rows)
    sealed = {question(place) for place, row in enumerate(rows) if is_sealed(row["group"], 0.3)}
    asker = FakeAsker(
        lambda model, asked: "đỏ" if model == run.deployment_arn and not (overfitted and asked in sealed) else "xanh"
    )
    machine = cast("EvaluateFanOut", OneFunction(State.EVALUATING))
    services = EvaluateServices(files, setting.runs, asker, setting.aliases, machine, region="us-east-1")

    def measured() -> Run:
        found = evaluate(run.id, services, seconds_left=lambda: 900.0, now=NOW)
        assert found is not None
        return found

    first = measured()
    assert first.state == State.PASSED
    assert first.evaluation.rows == 300 - len(sealed)
    assert setting.provision(first) is not None
    second = measured()
    assert second.state == (State.INCONCLUSIVE if overfitted else State.PASSED)
    assert second.evaluation.rows == len(sealed)
    ended = setting.provision(second)
    assert ended is not None
    assert ended.state == (State.RETIRED if overfitted else State.LIVE)
