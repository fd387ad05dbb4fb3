from pathlib import Path

import pytest

from tailor.names import NAME
from tailor.runs import State
from tailor.steps import receive as module
from tailor.steps.receive import receive
from tailor.storage import FolderStorage
from tests.unit.steps.fakes import NOW, MemoryRuns


def folder(tmp_path: Path, **files: str) -> FolderStorage:
    storage = FolderStorage(tmp_path)
    for name, text in files.items():
        storage.write(name, text.encode())
    return storage


def test_a_data_file_starts_a_run(tmp_path: Path) -> None:
    storage, runs = folder(tmp_path, **{"uploads/colours/scenes/questions.csv": "question,answer\n"}), MemoryRuns()
    run = receive("uploads/colours/scenes/questions.csv", bucket=storage, runs=runs, now=NOW)
    assert run is not None
    assert run.state == State.RECEIVED
    assert run.id.startswith("colours-scenes-")
    assert runs.items == {run.id: run}


def test_the_same_upload_is_the_same_run_and_another_content_another(tmp_path: Path) -> None:
    key = "uploads/colours/scenes/questions.csv"
    storage, runs = folder(tmp_path, **{key: "a"}), MemoryRuns()
    assert receive(key, bucket=storage, runs=runs, now=NOW) is not None
    assert receive(key, bucket=storage, runs=runs, now=NOW) is None
    storage.write(key, b"bb")
    assert receive(key, bucket=storage, runs=runs, now=NOW) is not None
    assert len(runs.items) == 2


def test_where_a_recipe_lies_only_the_recipe_starts_a_run(tmp_path: Path) -> None:
    prefix = "uploads/colours/scenes/"
    storage = folder(tmp_path, **{prefix + "a.csv": "a", prefix + "tailor.yaml": "model: nova-pro"})
    runs = MemoryRuns()
    assert receive(prefix + "a.csv", bucket=storage, runs=runs, now=NOW) is None
    run = receive(prefix + "tailor.yaml", bucket=storage, runs=runs, now=NOW)
    assert run is not None
    assert run.recipe.model == "nova-pro"


def test_media_and_files_elsewhere_start_nothing(tmp_path: Path) -> None:
    keys = ["uploads/p/d/a.png", "uploads/p/d/parts/a.csv", "uploads/p/a.csv", "runs/p/d/a.csv", "uploads/p/d/"]
    storage, runs = folder(tmp_path, **dict.fromkeys(keys[:-1], "x")), MemoryRuns()
    for key in keys:
        assert receive(key, bucket=storage, runs=runs, now=NOW) is None
    assert not runs.items


def test_a_wrong_recipe_or_name_still_becomes_a_run_that_can_be_rejected(tmp_path: Path) -> None:
    prefix = "uploads/Màu Sắc/Bộ 1/"
    storage, runs = folder(tmp_path, **{prefix + "tailor.yaml": "modle: x", prefix + "a.csv": "a"}), MemoryRuns()
    run = receive(prefix + "tailor.yaml", bucket=storage, runs=runs, now=NOW)
    assert run is not None
    assert NAME.fullmatch(run.id)
    assert run.prefix == prefix


def test_a_file_that_is_gone_when_the_event_arrives_starts_nothing(tmp_path: Path) -> None:
    assert receive("uploads/p/d/a.csv", bucket=FolderStorage(tmp_path), runs=MemoryRuns(), now=NOW) is None


@pytest.mark.parametrize(
    "follows",
    [{}, {"tailor.yaml": "model: nova-pro"}, {"b.csv": "b", "c.csv": "c"}, {"images/1.png": "x"}, {"a.csv": "longer"}],
)
def test_what_follows_a_data_file_while_it_waits_belongs_to_the_same_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, follows: dict[str, str]
) -> None:
    prefix = "uploads/colours/scenes/"
    storage, runs = folder(tmp_path, **{prefix + "a.csv": "a"}), MemoryRuns()
    waits: list[float] = []

    def upload(seconds: float) -> None:
        waits.append(seconds)
        for name, text in follows.items():
            storage.write(prefix + name, text.encode())
        follows.clear()

    names = ["a.csv", *follows]
    monkeypatch.setattr("time.sleep", upload)
    found = [receive(prefix + name, bucket=storage, runs=runs, now=NOW, settle_seconds=7) for name in names]
    [run] = [run for run in found if run]
    assert runs.items == {run.id: run}
    assert run.has_recipe == ("tailor.yaml" in names)
    assert run.fingerprint == module.fingerprint(prefix, list(storage.list(prefix)))
    assert set(waits) == {7}


def test_nothing_waits_where_a_recipe_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prefix = "uploads/colours/scenes/"
    storage = folder(tmp_path, **{prefix + "a.csv": "a", prefix + "tailor.yaml": "model: nova-pro"})
    monkeypatch.setattr("time.sleep", lambda seconds: pytest.fail("waited"))
    for name, starts in (("a.csv", False), ("tailor.yaml", True)):
        run = receive(prefix + name, bucket=storage, runs=MemoryRuns(), now=NOW, settle_seconds=7)
        assert (run is not None) == starts
