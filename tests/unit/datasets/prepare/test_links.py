"""A dataset on this machine whose files, or folders of media, are links to where they really lie."""

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tailor.errors import InvalidInputError
from tailor.storage import FolderStorage, files_of
from tailor_cli.check import check
from tests.unit.datasets.conftest import chats, write_jsonl, write_vqa

app = typer.Typer()
app.command()(check)
runner = CliRunner()


def _moved(dataset: Path, name: str) -> None:
    """A file or folder of the dataset, replaced by a link to where it lies now."""
    elsewhere = dataset.parent / "elsewhere" / name
    elsewhere.parent.mkdir(parents=True, exist_ok=True)
    (dataset / name).rename(elsewhere)
    (dataset / name).symlink_to(elsewhere)


@pytest.mark.parametrize("name", ["questions.csv", "images", "images/003.png"])
def test_what_a_link_leads_to_is_a_part_of_the_dataset(tmp_path: Path, name: str) -> None:
    dataset = tmp_path / "set"
    dataset.mkdir()
    write_vqa(dataset, 12)
    _moved(dataset, name)

    result = runner.invoke(app, [str(dataset)])

    assert result.exit_code == 0, result.output


def test_a_link_to_a_data_file_and_to_a_dataset(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write_jsonl(tmp_path / "set/a.jsonl", chats(50))
    (tmp_path / "links").mkdir()
    (tmp_path / "links/b.jsonl").symlink_to(tmp_path / "set/a.jsonl")
    (tmp_path / "links/set").symlink_to(tmp_path / "set")

    for name in ("b.jsonl", "set"):
        result = runner.invoke(app, [str(tmp_path / "links" / name)])
        assert result.exit_code == 0, result.output


def test_a_link_to_nothing_is_named_with_what_to_do(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    (tmp_path / "b.jsonl").symlink_to("gone.jsonl")

    result = runner.invoke(app, [str(tmp_path)])

    assert result.exit_code == 2
    assert "b.jsonl is a link to gone.jsonl, which is not there" in " ".join(result.output.split())
    assert "remove the link" in result.output


def test_a_folder_that_lies_within_itself_is_read_once(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.jsonl").touch()
    (tmp_path / "one/self").symlink_to(tmp_path / "one")
    (tmp_path / "one/other").symlink_to(tmp_path / "two")
    (tmp_path / "two/back").symlink_to(tmp_path / "one")

    found = [path.relative_to(tmp_path / "one").as_posix() for path in files_of(tmp_path / "one")]

    assert found == ["a.jsonl", "other/a.jsonl"]


def test_what_is_neither_a_file_nor_a_folder_is_passed_over(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.jsonl")
    (tmp_path / ".#lock").symlink_to("nobody@nowhere")

    assert files_of(tmp_path) == []


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd"])
def test_a_key_can_not_lead_out_of_the_folder(tmp_path: Path, key: str) -> None:
    with pytest.raises(InvalidInputError):
        FolderStorage(tmp_path).read(key)
