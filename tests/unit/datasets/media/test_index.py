"""Names in rows find their files, or say why not."""

from pathlib import Path

import pytest

from tailor.datasets.media import MediaIndex
from tailor.datasets.sources import StoredObject
from tailor.storage import FolderStorage
from tests.unit.datasets.support import PIXEL, open_dataset

PREFIX = "uploads/team/set/"


class Bucket(FolderStorage):
    def uri(self, key: str) -> str:
        return f"s3://bucket/{key}"


@pytest.fixture
def index(tmp_path: Path) -> MediaIndex:
    storage = Bucket(tmp_path)
    names = [
        *("images/a.png", "images/b.PNG", "more/a.png", "data/near.png", "far/near.png", "COCO_000000000042.jpg"),
        *("ảnh/cá.png", "with space.png", "deep/x/y.png", "pack.zip/images/zipped.png"),
    ]
    storage.write("uploads/team/shared/logo.png", b"x" * 5)
    storage.write("uploads/other/set/secret.png", b"x")
    return MediaIndex(storage, PREFIX, [StoredObject(storage, name, PREFIX + name, 1) for name in names])


@pytest.mark.parametrize(
    ("ref", "base", "name"),
    [
        ("images/a.png", "", "images/a.png"),
        ("./images//a.png", "", "images/a.png"),
        ("images\\a.png", "", "images/a.png"),
        ("near.png", "data", "data/near.png"),
        ("../images/a.png", "data", "images/a.png"),
        ("s3://bucket/uploads/team/set/images/a.png", "", "images/a.png"),
        ("s3://elsewhere/path/images/a.png", "", "images/a.png"),
        ("https://example.com/x/COCO_000000000042.jpg", "", "COCO_000000000042.jpg"),
        ("b.png", "", "images/b.PNG"),
        ("42", "", "COCO_000000000042.jpg"),
        ("000042", "", "COCO_000000000042.jpg"),
        ("coco_000000000042", "", "COCO_000000000042.jpg"),
        ("ca\u0301.png", "", "ảnh/cá.png"),
        ("with%20space.png", "", "with space.png"),
        ("/home/me/images/zipped.png", "", "pack.zip/images/zipped.png"),
        ("images/zipped.png", "pack.zip", "pack.zip/images/zipped.png"),
    ],
)
def test_found(index: MediaIndex, ref: str, base: str, name: str) -> None:
    found = index.resolve(ref, base)

    assert found is not None
    assert found.name == name


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        ("a.png", "media-ambiguous"),
        ("near.png", "media-ambiguous"),
        ("missing.png", "media-missing"),
        ("", "media-missing"),
        ("/", "media-missing"),
        ("../../../etc/passwd", "media-missing"),
        ("s3://elsewhere/missing.png", "media-other-bucket"),
        ("https://example.com/missing.png", "media-remote"),
        ("s3://bucket/uploads/other/set/secret.png", "media-missing"),
    ],
)
def test_not_found(index: MediaIndex, ref: str, code: str) -> None:
    assert index.resolve(ref) is None
    trouble = index.explain(ref)
    assert trouble.code == code
    assert trouble.message
    assert trouble.fix


def test_looser_matches_are_reported(index: MediaIndex) -> None:
    for ref in ("images/a.png", "b.png", "42"):
        index.resolve(ref)

    assert {finding.code for finding in index.habits.findings()} == {"media-by-case", "media-by-id"}


def test_another_dataset_of_the_same_project(index: MediaIndex) -> None:
    key = index.outside("s3://bucket/uploads/team/shared/logo.png")
    assert key == "uploads/team/shared/logo.png"
    found = index.find_outside(key)
    assert found is not None
    assert (found.key, found.size, found.stored) == (key, 5, True)
    assert index.find_outside("uploads/team/shared/none.png") is None


def test_what_a_text_names_outside_of_the_folder(index: MediaIndex) -> None:
    text = """
        {"uri": "s3://bucket/uploads/team/shared/1.png"}, {"uri": "s3:\\/\\/bucket\\/uploads\\/team\\/x\\/2.png"}
        question,s3://bucket/uploads/team/x/3.png,answer;s3://bucket/uploads/team/x/3.png
        s3://bucket/uploads/team/set/images/a.png s3://elsewhere/uploads/team/x/4.png s3://bucket/uploads/other/5.png s3://
    """
    assert index.outside_in(text) == {"uploads/team/shared/1.png", "uploads/team/x/2.png", "uploads/team/x/3.png"}


@pytest.mark.parametrize(
    "ref",
    [
        "s3://bucket/uploads/team/set/images/a.png",
        "s3://bucket/uploads/team/shared/a.png",  # the dataset has files of that name
        "s3://bucket/uploads/other/set/secret.png",
        "s3://elsewhere/uploads/team/shared/logo.png",
        "s3://bucket/uploads/team/shared/",
        "s3://bucket/uploads/team/shared/\ud800.png",
        "s3://bucket/uploads/team/" + 2000 * "x",
        "uploads/team/shared/logo.png",
    ],
)
def test_nothing_else_outside_of_the_folder_is_looked_at(index: MediaIndex, ref: str) -> None:
    assert index.outside(ref) is None


def test_a_picture_of_another_format_is_found_and_a_name_that_is_nearly_right_proposed(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": "{}", "img/Ảnh_007.png": PIXEL, "img/b.png": PIXEL, "b.mp4": b"x"})
    found = reader.media.resolve("b.JPEG")
    assert found is not None
    assert found.name == "img/b.png"
    assert reader.media.resolve("ảnh-7.png") is None
    assert "'img/Ảnh_007.png'" in reader.media.explain("ảnh-7.png").fix
