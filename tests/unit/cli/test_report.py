from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tailor.runs import State
from tailor.storage import FolderStorage
from tailor_cli.context import Session
from tailor_cli.main import app
from tests.unit.steps.fakes import a_run

RUN = a_run(State.EVALUATING)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FolderStorage:
    storage = FolderStorage(tmp_path / "bucket")
    monkeypatch.setattr(Session, "bucket", storage)
    monkeypatch.setattr(Session, "runs", SimpleNamespace(get=lambda name: RUN))
    return storage


def test_the_pages_that_are_there_are_written_and_named(bucket: FolderStorage, tmp_path: Path) -> None:
    bucket.write(f"{RUN.files}report/report.html", b"<p>data", "text/html")
    result = CliRunner().invoke(app, ["report", RUN.id, "--to", str(tmp_path / "new" / "pages")])
    page = tmp_path / "new" / "pages" / f"{RUN.id}-data.html"
    assert (result.exit_code, result.output) == (0, f"{page}\n")
    assert page.read_bytes() == b"<p>data"

    bucket.write(f"{RUN.files}evaluation/report.html", b"<p>verdict", "text/html")
    result = CliRunner().invoke(app, ["report", RUN.id, "--to", str(tmp_path)])
    assert [Path(line).read_bytes() for line in result.output.splitlines()] == [b"<p>data", b"<p>verdict"]


def test_a_run_without_a_report_says_where_it_is(bucket: FolderStorage, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["report", RUN.id, "--to", str(tmp_path / "pages")])
    assert result.exit_code == 1
    assert "has no report yet" in result.output
    assert "its state is evaluating" in result.output
    assert not (tmp_path / "pages").exists()


def test_a_place_where_nothing_can_be_written_is_named(bucket: FolderStorage, tmp_path: Path) -> None:
    bucket.write(f"{RUN.files}report/report.html", b"<p>data", "text/html")
    (tmp_path / "file").write_text("mine")
    result = CliRunner().invoke(app, ["report", RUN.id, "--to", str(tmp_path / "file")])
    assert result.exit_code == 1
    assert "can't write to" in " ".join(result.output.split())
