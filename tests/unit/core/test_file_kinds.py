"""Kinds of files by their names: the same for ``check``, ``push`` and the cloud."""

import pytest

from tailor.errors import RecipeError
from tailor.file_kinds import DATA_SUFFIXES, DOCUMENTS, FileKind, kind_of, recipe_among, starts_a_run

NAMES = {
    FileKind.DATA: [
        "a.csv",
        "A.Csv",
        "a.NDJSON",
        "a.XLSX",
        "A.XLS",
        "a.tar.gz",
        "AWSLogs/1/eu/b.json.gz",
        "_train.csv",
        "./a.csv",
    ],
    FileKind.RECIPE: ["tailor.yaml", "Tailor.YAML", "tailor.yml"],
    FileKind.MEDIA: ["a.png", "images/a.JPG", "metadata.mp4"],
    FileKind.DOCUMENT: ["a.pdf", "A.DOCX", "b/a.epub", "a.htm", "a.html", "guide.md", "notice.pdf"],
    FileKind.OFFICE: ["a.doc", "a.rtf", "a.hwp", "a.7z"],
    FileKind.PAPER: [
        "README.md",
        "readme.txt",
        "LICENSE",
        "dataset_info.json",
        "settings.yaml",
        "sub/tailor.toml",
        "notice.html",
    ],
    FileKind.UNKNOWN: ["part-00000", "a.data", "train"],
    FileKind.DONE: ["_DONE", "_SUCCESS", "_done"],
    FileKind.JUNK: [
        "~$lock.csv",
        ".DS_Store",
        "images/Thumbs.db",
        "._a.csv",
        ".git/a.json",
        "a.csv.part",
        "a.csv.tmp",
        "a.csv.filepart",
        "__MACOSX/a.csv",
        "out/_SUCCESS",
        "_temporary/0/a.json",
        "_delta_log/0.json",
        "_committed_123",
        "x_$folder$",
    ],
}


@pytest.mark.parametrize(("name", "kind"), [(name, kind) for kind, names in NAMES.items() for name in names])
def test_a_name_tells_the_kind_of_a_file(name: str, kind: FileKind) -> None:
    assert kind_of(name) == kind


def test_a_file_without_a_byte_is_a_leftover_unless_its_name_alone_says_something() -> None:
    assert {kind_of(name, 0) for name in ("a.csv", "a.pdf", "train")} == {FileKind.JUNK}
    assert [kind_of(name, 0) for name in ("_DONE", "tailor.yaml", "a.png")] == ["done", "recipe", "media"]
    assert kind_of("_DONE", 3) == FileKind.JUNK


def test_a_dataset_is_a_file_of_data_or_one_that_must_be_looked_into() -> None:
    assert all(starts_a_run([kind_of(f"parts/a{suffix.upper()}")]) for suffix in DATA_SUFFIXES)
    assert starts_a_run([FileKind.MEDIA, FileKind.UNKNOWN])
    assert all(starts_a_run([kind_of(f"law/a{suffix}")]) for suffix in DOCUMENTS)
    assert not starts_a_run(set(FileKind) - {FileKind.DATA, FileKind.DOCUMENT, FileKind.UNKNOWN})


def test_two_recipes_are_refused_by_their_names() -> None:
    assert recipe_among(["a.csv", "sub/tailor.yaml"]) is None
    assert recipe_among(["a.csv", "Tailor.yml"]) == "Tailor.yml"
    with pytest.raises(RecipeError, match=r"Tailor\.yml and tailor\.yaml"):
        recipe_among(["tailor.yaml", "Tailor.yml"])
