import pytest
import typer

from tailor.runs import State
from tailor_cli import runs
from tailor_cli.context import out
from tests.unit.steps.fakes import a_run


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
