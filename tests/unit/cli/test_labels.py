"""`tailor labels`: what people labelled goes into the report, and how far they agree is printed."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tailor_cli.context import Session
from tailor_cli.main import app
from tests.unit.evaluation.test_labels import by_metric, judged, labels


def test_labels_are_taken_and_agreement_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, files, report = judged(tmp_path / "bucket")
    monkeypatch.setattr(Session, "bucket", files)
    monkeypatch.setattr(Session, "runs", SimpleNamespace(get=lambda name: run))
    given = tmp_path / "labels.json"
    given.write_text(json.dumps(labels(files, run, by_metric)))
    result = CliRunner().invoke(app, ["labels", run.id, str(given)])
    said = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "100 answers labelled, by Linh" in said
    assert "the metric exact_match agrees with people in 100% of 100 labels, Cohen's kappa 1.00" in said
    assert "the judge agrees with people in" in said
    assert "Agreement with people" in files.read(report["paths"]["report"]).decode()
    assert "Mức đồng ý với người" in files.read(f"{run.results}report.vi.html").decode()

    given.write_text("{}")
    result = CliRunner().invoke(app, ["labels", run.id, str(given)])
    assert result.exit_code == 1
    assert "export it from labels.html" in " ".join(result.output.split())
