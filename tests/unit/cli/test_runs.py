from types import SimpleNamespace

import pytest
import typer

from tailor.errors import NotFoundError
from tailor.runs import State
from tailor_cli import runs
from tailor_cli.context import Session, out
from tests.unit.steps.fakes import a_run

QUOTE = {
    "model": "nova-micro",
    "method": "fine-tuning",
    "lines": [
        {"item": "training", "title": "T", "every": "once", "low": "1.5", "expected": "2", "high": "3", "how": ""},
        {"item": "storage", "title": "S", "every": "month", "low": "0", "expected": "0", "high": "0", "how": ""},
    ],
}


def test_the_list_says_what_each_run_has_cost_and_what_a_waiting_one_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    stalled = {"stall": {"message": "The job has shown no progress for 6.0 hours"}}
    waiting = {"stall": {"message": "other runs come first"}}
    found = [
        a_run(State.TRAINING, id="colours-a-0123456789ab", quote=QUOTE).model_copy(update=stalled),
        a_run(State.PREPARED, id="colours-b-0123456789ab", quote=QUOTE).model_copy(update=waiting),
        a_run(State.PASSED, id="colours-c-0123456789ab", quote=QUOTE, job={"arn": "arn:job"}),
        a_run(State.RECEIVED, id="colours-d-0123456789ab"),
    ]
    monkeypatch.setattr(Session, "runs", SimpleNamespace(open_runs=lambda: found))
    with out.capture() as captured:
        runs.runs()
    rows = [" ".join(line.split()) for line in captured.get().splitlines()[1:]]
    assert "no progress for 6.0 hours" in rows[0]
    assert rows[1].endswith("$0.00 other runs come first")
    assert "$1.50 to $3.00" in rows[2]
    assert "$" not in rows[3]


def test_who_watches_a_run_that_waits_is_told_what_to_do_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = a_run(State.AWAITING_APPROVAL)
    monkeypatch.setattr(runs, "find", lambda name: run)
    with out.capture(), pytest.raises(typer.Exit) as ended:
        runs.watch(run.id)
    assert ended.value.exit_code == 0
    said = capsys.readouterr().err
    assert f"tailor show {run.id}" in said
    assert "approve" in said


def test_a_projects_newest_run_is_not_one_that_a_recipe_took_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise NotFoundError(name)

    over = a_run(State.PREPARING).moved(State.STOPPED, by="prepare", reason="a recipe followed")
    by_hand = a_run(State.PREPARED).moved(State.STOPPED, by="person:ana")
    going = a_run(State.PREPARED)
    for found, expected in (([over, going], going), ([by_hand, going], by_hand), ([over], over)):
        monkeypatch.setattr(Session, "runs", SimpleNamespace(get=missing, project_runs=lambda project, f=found: f))
        assert runs.find("colours") is expected
