from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tailor.steps.ownership import OwnControl
from tailor_cli.context import Session
from tailor_cli.main import app
from tests.unit.cli.test_push import in_memory
from tests.unit.steps.fakes import MemoryRuns
from tests.unit.steps.test_adopting import CHECKPOINT, MODEL, OURS, Account


@pytest.fixture
def runs(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> MemoryRuns:
    runs = in_memory(tmp_path_factory, monkeypatch)
    monkeypatch.setattr(Session, "stack", SimpleNamespace(name="tailor", import_role="arn:aws:iam::1:role/import"))
    monkeypatch.setattr(Session, "control", OwnControl(Account(), OURS))
    return runs


def said(code: int, *words: str) -> str:
    result = CliRunner().invoke(app, ["adopt", "colours", *words])
    assert result.exit_code == code, result.output
    return result.output


def test_a_model_is_adopted_with_data_of_its_own_which_train_nothing(runs: MemoryRuns, tmp_path: Path) -> None:
    (tmp_path / "exam.csv").write_text("question,answer\nx,y\n")
    with_data = (MODEL, "--dataset", "scenes", "--data", str(tmp_path))
    assert "next to nova-micro" in said(0, *with_data)
    [run] = runs.items.values()
    assert run.adopted
    assert (run.adopted.source, run.adopted.measured_only, run.dataset) == (MODEL, True, "scenes")
    assert "was adopted before" in said(0, *with_data)
    assert len(runs.items) == 1


def test_what_is_refused_uploads_nothing(runs: MemoryRuns, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "exam.csv").write_text("question,answer\nx,y\n")
    assert "--base" in said(1, CHECKPOINT, "--dataset", "scenes", "--data", str(tmp_path))
    assert "--dataset NAME" in said(1, MODEL, "--data", str(tmp_path))
    assert "no prepared data" in said(1, MODEL)
    monkeypatch.setattr(Session, "stack", SimpleNamespace(name="tailor", import_role=""))
    assert "a version that adopts no models" in said(1, MODEL)
    assert (runs.items, list(Session().bucket.list(""))) == ({}, [])
