import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from tailor.runs import State
from tailor.storage import StoredFile
from tailor_cli.context import Session
from tailor_cli.main import app
from tailor_cli.sources import files_of_dataset, recipe_of, source_of
from tests.unit.datasets.support import PIXEL, zipped
from tests.unit.steps.fakes import NOW, MemoryAliases, MemoryRuns
from tests.unit.steps.uploads import Uploads, messages
from tests.unit.versions import VersionedFolder


def push(path: Path, target: str) -> str:
    result = CliRunner().invoke(app, ["push", str(path), target])
    assert result.exit_code == 1
    return result.output


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    (tmp_path / "data.csv").write_text("question,answer\nx,y\n")
    return tmp_path


def test_a_wrong_recipe_is_refused_with_its_file_each_problem_and_how_to_fix_it(dataset: Path) -> None:
    (dataset / "tailor.yaml").write_text("modle: nova-lite\nbudget: {limit: lots}\n")
    said = push(dataset, "colours/scenes")
    assert "tailor.yaml: modle: there is no such setting" in said
    assert "did you mean 'model'?" in said
    assert "tailor.yaml: budget.limit: " in said


def test_a_wrong_value_in_brackets_is_shown_as_it_is(dataset: Path) -> None:
    (dataset / "tailor.yaml").write_text("budget: {limit: ['[/red]']}\n")
    assert "[/red]" in push(dataset, "colours/scenes")


def test_a_target_without_a_dataset_is_explained(dataset: Path) -> None:
    said = push(dataset, "colours")
    assert "'colours' names no dataset" in said
    assert "PROJECT/DATASET" in said


def in_memory(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> MemoryRuns:
    """A bucket whose uploads start runs once the mark of their end comes, and the runs."""
    runs = MemoryRuns()

    class Bucket(VersionedFolder):
        """Its entity tags are of the content, as those of S3."""

        def list(self, prefix: str = "") -> Iterator[StoredFile]:
            for file in super().list(prefix):
                yield replace(file, etag=hashlib.md5(self.read(file.key), usedforsecurity=False).hexdigest())

        def write(self, key: str, data: bytes, content_type: str = "") -> None:
            super().write(key, data, content_type)
            if not key.endswith("/_DONE"):
                return
            uploads.receive(messages(self, [file.key for file in self.list("uploads/")]), NOW)
            folder = uploads.folders.get("uploads/colours/scenes/")
            assert folder is not None
            assert folder.done
            uploads.settle(folder.folder, NOW)

    bucket = Bucket(tmp_path_factory.mktemp("bucket"))
    uploads = Uploads(bucket, runs)
    monkeypatch.setattr(Session, "stack", SimpleNamespace(name="tailor"))
    monkeypatch.setattr(Session, "runs", runs)
    monkeypatch.setattr(Session, "serving", MemoryAliases())
    monkeypatch.setattr(Session, "bucket", bucket)
    return runs


def test_a_known_upload_says_that_nothing_new_starts(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = in_memory(tmp_path_factory, monkeypatch)

    def said() -> str:
        result = CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"])
        assert result.exit_code == 0
        return result.output

    assert "no new run" not in said()
    again = said()
    assert "no new run" in again
    assert "2026-11-22 10:00" in again
    assert len(runs.items) == 1
    first = (dataset / "data.csv").read_text()
    (dataset / "data.csv").write_text("question,answer\nx,z\n")
    assert "no new run" not in said()
    assert [run.state for run in runs.items.values()] == [State.SUPERSEDED, State.RECEIVED]
    (dataset / "data.csv").write_text(first)
    assert "is received" in said(), "the folder holds the first content again"
    assert [run.state for run in runs.items.values()] == [State.RECEIVED, State.SUPERSEDED]


def test_the_same_upload_has_a_run_tried_again_that_ended_without_a_model(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = in_memory(tmp_path_factory, monkeypatch)
    assert CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"]).exit_code == 0
    [run] = runs.items.values()
    runs.save(run.moved(State.STOPPED, by="person:linh", reason="wrong data", now=NOW))
    result = CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"])
    assert result.exit_code == 0
    assert "is received" in result.output
    assert "no new run" not in result.output
    assert [change.state for change in runs.get(run.id).history][-2:] == [State.STOPPED, State.RECEIVED]


def test_a_recipe_of_an_earlier_upload_does_not_keep_new_data_from_starting_a_run(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = in_memory(tmp_path_factory, monkeypatch)
    recipe = dataset / "tailor.yaml"
    recipe.write_text("description: kept\n")
    assert CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"]).exit_code == 0
    recipe.unlink()
    before = len(runs.items)
    (dataset / "data.csv").write_text("question,answer\nx,z\n")
    result = CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"])
    assert result.exit_code == 0
    assert "of an earlier upload is used" in result.output
    assert len(runs.items) == before + 1


def test_a_file_is_uploaded_with_the_media_that_its_rows_name(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory(tmp_path_factory, monkeypatch)
    for name in ("img/a.png", "img/b.png", "other.jsonl"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(PIXEL)
    (tmp_path / "data.csv").write_text("image,question,answer\na.png,What?,x\n")
    result = CliRunner().invoke(app, ["push", str(tmp_path / "data.csv"), "colours/scenes"])
    assert result.exit_code == 0, result.output
    kept = sorted(file.key for file in Session().bucket.list("uploads/colours/scenes/"))
    assert kept == [f"uploads/colours/scenes/{name}" for name in ("_DONE", "_UPLOADING", "data.csv", "img/a.png")]


def test_a_file_is_uploaded_with_the_documents_that_its_rows_name(tmp_path: Path) -> None:
    for name in ("law.html", "other.html"):
        (tmp_path / name).write_text("<p>Article 1")
    (tmp_path / "data.csv").write_text("document,question,answer\nlaw.html,What?,x\n")
    assert sorted(files_of_dataset([tmp_path / "data.csv"])) == ["data.csv", "law.html"]
    (tmp_path / "tailor.yaml").write_text("{method: continued-pre-training, model: titan-text-lite}")
    assert sorted(files_of_dataset([tmp_path / "law.html"])) == ["law.html", "tailor.yaml"]
    storage, prefix = source_of([str(tmp_path / "data.csv")])
    recipe_of(storage, prefix, {})
    assert [file.key for file in storage.list(prefix)] == ["data.csv", "tailor.yaml"]


def test_several_files_are_one_dataset_as_for_check(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory(tmp_path_factory, monkeypatch)
    for name in ("parts/a.csv", "b.csv", "c.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"question,answer\n{name},x\n")
    (tmp_path / "tailor.yaml").write_text("description: both\n")
    given = [str(tmp_path / name) for name in ("parts/a.csv", "b.csv")]
    result = CliRunner().invoke(app, ["push", *given, "colours/scenes"])
    assert result.exit_code == 0, result.output
    kept = sorted(file.key.rpartition("scenes/")[2] for file in Session().bucket.list("uploads/colours/scenes/"))
    assert kept == ["_DONE", "_UPLOADING", "b.csv", "parts/a.csv", "tailor.yaml"]


def test_a_file_whose_media_are_missing_is_refused_before_anything_is_uploaded(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory(tmp_path_factory, monkeypatch)
    (tmp_path / "a.png").write_bytes(PIXEL)
    (tmp_path / "data.csv").write_text("image,question,answer\na.png,What?,x\nb.png,What?,y\n")
    said = push(tmp_path / "data.csv", "colours/scenes")
    assert "'b.png'" in said
    assert "tailor check" in said
    assert not list(Session.bucket.list(""))  # type: ignore[attr-defined]


def test_an_archive_is_looked_at_alone(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PIXEL)
    (tmp_path / "d.zip").write_bytes(zipped({"data.csv": "image,question,answer\na.png,What?,x\n"}))
    storage, prefix = source_of([str(tmp_path / "d.zip")])
    assert [file.key for file in storage.list(prefix)] == ["d.zip"]
    assert list(files_of_dataset([tmp_path / "d.zip"])) == ["d.zip"]


def test_leftovers_stay_at_home_and_a_second_recipe_is_refused_before_anything_is_uploaded(
    dataset: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory(tmp_path_factory, monkeypatch)
    for name in ("~$lock.csv", ".DS_Store", "b.csv.part"):
        (dataset / name).write_text("x")
    (dataset / "parts").mkdir()
    (dataset / "parts" / "B.NDJSON").write_text("{}")
    assert CliRunner().invoke(app, ["push", str(dataset), "colours/scenes"]).exit_code == 0
    there = [file.key.rpartition("scenes/")[2] for file in Session().bucket.list("uploads/")]
    assert there == ["_DONE", "_UPLOADING", "data.csv", "parts/B.NDJSON"]
    for name in ("tailor.yaml", "Tailor.yml"):
        (dataset / name).write_text("model: nova-lite")
    assert "there are two recipes, Tailor.yml and tailor.yaml" in push(dataset, "colours/scenes")
