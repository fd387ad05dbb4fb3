"""Names with a typo, and lists that fit a narrow terminal."""

import io
import json
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from tailor.errors import NotFoundError
from tailor.runs import State
from tailor_cli import runs
from tailor_cli.context import Output, Session, err
from tailor_cli.main import app
from tests.unit.steps.fakes import MemoryRuns, a_run


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> MemoryRuns:
    """A stack with a project ``colours`` that has the dataset ``scenes`` and a run of it."""
    kept = MemoryRuns()
    kept.create(a_run(State.TRAINING))
    folders = {"uploads/": ["colours", "manuals"], "uploads/colours/": ["scenes", "sheets"]}
    monkeypatch.setattr(Session, "runs", kept)
    monkeypatch.setattr(Session, "folders", None)
    monkeypatch.setattr(Session, "bucket", SimpleNamespace(folders=lambda prefix: folders.get(prefix, [])))
    monkeypatch.setattr(Session, "stack", SimpleNamespace(bucket="data"))
    return kept


@pytest.mark.parametrize("name", ["colours", "colours/scenes", "colours-scenes-0123456789ab"])
def test_a_run_is_found_by_its_id_its_project_and_its_dataset(name: str, stack: MemoryRuns) -> None:
    assert runs.find(name).id == "colours-scenes-0123456789ab"


@pytest.mark.parametrize(
    ("words", "close"),
    [
        (["show", "colors"], "colours"),
        (["show", "colours/scene"], "colours/scenes"),
        (["watch", "colours-scenes-0123456789ac"], "colours-scenes-0123456789ab"),
        (["runs", "colour"], "colours"),
        (["offline", "manual", "--reason", "x"], "manuals"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_typo_is_named_where_nobody_can_be_asked(words: list[str], close: str, stack: MemoryRuns) -> None:
    result = CliRunner(mix_stderr=False).invoke(app, words)
    assert result.exit_code == 1
    assert f"did you mean '{close}'?" in result.stderr
    result = CliRunner(mix_stderr=False).invoke(app, [*words, "--json"])
    error = json.loads(result.stderr)["error"]
    assert (error["code"], error["hint"]) == ("not-found", f"did you mean '{close}'?")


def test_a_person_is_asked_and_what_they_meant_is_done(stack: MemoryRuns, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def agree(question: str, **_: Any) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr(err, "_force_terminal", True)
    monkeypatch.setattr("sys.stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr(typer, "confirm", agree)
    assert runs.find("colors").id == "colours-scenes-0123456789ab"
    assert asked == ["there is no run and no project 'colors'. Did you mean colours"]


def test_a_name_like_no_other_is_not_guessed(stack: MemoryRuns) -> None:
    with pytest.raises(NotFoundError, match="no run and no project 'zzz'") as refused:
        runs.find("zzz")
    assert "tailor runs" in refused.value.hint


@pytest.mark.parametrize("width", [80, 200])
def test_a_list_of_runs_fits_the_terminal_and_ids_can_be_copied(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.StringIO()
    monkeypatch.setattr(runs, "out", Output(file=terminal, width=width, force_terminal=True, color_system=None))
    reason = "the job waits for others of this account, which has room for two at once"
    name = "a-project-of-24-letters-a-dataset-of-20-lett-0123456789ab"
    found = [
        a_run(state, id=name).moved(following, reason=reason, by="x")
        for state, following in ((State.PREPARED, State.AWAITING_APPROVAL), (State.TRAINING, State.TRAINED))
    ]
    runs.show_list(found)
    lines = terminal.getvalue().splitlines()
    assert all(len(line) <= width for line in lines)
    assert sum(name in line for line in lines) == 2
    said = " ".join(" ".join(lines).split())
    assert said.count(reason) == 2 or width == 200
    assert "awaiting-approval" in said
    assert "…" not in said
