"""What a run is made of stays what it was when the run was opened, whatever becomes of the folder."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import orjson
import pytest

from tailor.runs import Run, State
from tailor.steps.frozen import MANIFEST, frozen_upload, gone, named
from tailor.storage import StoredFile
from tests.unit.datasets.conftest import picture
from tests.unit.evaluation.fakes import BucketFolder
from tests.unit.steps.fakes import NOW
from tests.unit.steps.test_prepare import Setting
from tests.unit.steps.uploads import open_folder, opened

PREFIX = "uploads/colours/scenes/"
ROWS = "question,answer,image\n" + "".join(f"Câu {n}: màu gì?,màu {n % 5},{n % 20}.png\n" for n in range(60))


class Bucket(BucketFolder):
    """Its entity tags are those of the content, so that all uploads of one content are one run."""

    def list(self, prefix: str = "") -> Iterator[StoredFile]:
        for file in super().list(prefix):
            yield replace(file, etag=hashlib.sha256(self.content(file.key)).hexdigest())


class Pictures(Setting):
    """An upload with pictures, whose run is open."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path)
        self.bucket = Bucket(tmp_path / "pictures")
        for n in range(20):
            self.bucket.write(f"{PREFIX}{n}.png", picture(n))
        self.bucket.write(f"{PREFIX}rows.csv", ROWS.encode())
        self.bucket.write(f"{PREFIX}tailor.yaml", b"model: nova-lite\nsplit: {seed: 3}")
        self.id = opened(PREFIX, self.bucket, self.runs, NOW).id

    def prepared(self) -> tuple[Run, dict[str, bytes]]:
        """Prepare the run; return it, with its prepared files and pictures."""
        run = self.prepare()
        assert run is not None
        folder = f"{run.files}prepared/"
        return run, {file.key: self.bucket.read(file.key) for file in self.bucket.list(folder)}


def test_the_manifest_names_each_files_version_and_is_written_before_the_run(tmp_path: Path) -> None:
    setting = Pictures(tmp_path)
    run = setting.runs.get(setting.id)
    listed = {file.key: file for file in setting.bucket.current(PREFIX)}
    assert {file.key: file for file in frozen_upload(run, setting.bucket).list(PREFIX)} == listed
    before = setting.bucket.read(run.files + MANIFEST)
    assert not open_folder(PREFIX, setting.bucket, setting.runs, NOW).begins
    assert setting.bucket.read(run.files + MANIFEST) == before


CHANGES = {
    "data file": "rows.csv",
    "recipe": "tailor.yaml",
    "picture": "3.png",
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Return the files that are prepared where nothing changes."""
    return Pictures(tmp_path_factory.mktemp("expected")).prepared()[1]


@pytest.mark.parametrize("how", ["replaced", "deleted", "replaced with its like"])
@pytest.mark.parametrize("what", CHANGES)
def test_a_run_is_prepared_of_what_was_uploaded(
    tmp_path: Path, what: str, how: str, expected: dict[str, bytes]
) -> None:
    setting, key = Pictures(tmp_path), PREFIX + CHANGES[what]
    if how == "deleted":
        setting.bucket.delete([key])
    elif how == "replaced":
        setting.bucket.write(key, b"broken")
    else:  # what could be used in its place, and would be another training
        likes = {"rows.csv": ROWS.replace("màu 1", "màu 2").encode(), "3.png": picture(77), "tailor.yaml": b"seed: 1"}
        setting.bucket.write(key, likes[CHANGES[what]])
    run, files = setting.prepared()
    assert run.state == State.PREPARED
    assert run.recipe.split.seed == 3
    assert files == expected


def test_pictures_that_change_while_the_run_waits_are_trained_as_they_were_quoted(tmp_path: Path) -> None:
    """Bedrock reads pictures from S3 after the approval, and the base is asked with them after that."""
    setting = Pictures(tmp_path)
    run, before = setting.prepared()
    for n in range(20):
        setting.bucket.write(f"{PREFIX}{n}.png", picture(100 + n))
    lines = [line for key, data in before.items() if key.endswith(".jsonl") for line in data.splitlines()]
    blocks = [orjson.loads(line)["messages"][0]["content"] for line in lines]
    uris = {b["image"]["source"]["s3Location"]["uri"] for content in blocks for b in content if "image" in b}
    assert len(uris) == 20
    assert {setting.bucket.read(uri.removeprefix("s3://bucket/")) for uri in uris} == {picture(n) for n in range(20)}
    assert all(uri.startswith(f"s3://bucket/{run.files}prepared/media/") for uri in uris)


def test_a_version_that_was_deleted_for_good_is_named_and_no_bug(tmp_path: Path) -> None:
    setting = Pictures(tmp_path)
    run = setting.runs.get(setting.id)
    for n in range(5):
        setting.bucket.delete([f"{PREFIX}{n}.png"])
    assert gone(run, setting.bucket) == []
    for key, version in list(setting.bucket.kept):
        if key in {f"{PREFIX}{n}.png" for n in range(5)}:
            del setting.bucket.kept[key, version]
    assert named(gone(run, setting.bucket)) == "'0.png', '1.png', '2.png' and 2 more"
    rejected = setting.prepare(timedelta(minutes=1))
    assert rejected is not None
    assert rejected.state == State.REJECTED
    [finding] = map(orjson.loads, setting.bucket.read(f"{run.files}report/findings.jsonl").splitlines())
    assert (finding["code"], finding["fix"]) == ("file-gone", "upload the folder again")
    assert "'0.png', '1.png', '2.png' and 2 more" in finding["message"]


def test_a_run_that_is_superseded_while_it_is_prepared_ends_without_an_error(tmp_path: Path) -> None:
    setting = Pictures(tmp_path)

    def supersede() -> None:
        run = setting.runs.get(setting.id)
        setting.runs.save(run.moved(State.SUPERSEDED, by="settle", now=NOW))

    setting.runs.meanwhile = [lambda: None, supersede]  # before the claim, and before the outcome
    assert setting.prepare() is None
    assert setting.runs.get(setting.id).state == State.SUPERSEDED
    assert setting.prepare() is None
