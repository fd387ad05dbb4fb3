"""``tailor check``: exit codes, JSON, converted data, on files and folders of this machine."""

import errno
import json
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from tailor_cli import findings
from tailor_cli.check import check
from tests.unit.datasets.conftest import chats, converse, write_jsonl, write_vqa

app = typer.Typer()
app.command()(check)
runner = CliRunner()


def test_a_usable_dataset_ends_with_0(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    result = runner.invoke(app, [str(tmp_path)])
    assert result.exit_code == 0, result.output
    assert "usable" in result.output


def test_a_bad_dataset_ends_with_1_and_names_the_place(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [*chats(50), converse("", "b")])
    result = runner.invoke(app, [str(tmp_path / "a.jsonl")])
    assert result.exit_code == 1
    assert "empty-text" in result.output
    assert "a.jsonl line 51" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["nowhere"],
        [".", "--model", "nova-lit"],
        [".", "--method", "tuning"],
        [".", "--model", "nova-pro", "--method", "reinforcement"],
        [],
    ],
)
def test_a_wrong_command_ends_with_2(arguments: list[str]) -> None:
    assert runner.invoke(app, arguments).exit_code == 2


def test_a_wrong_recipe_is_a_finding_for_each_problem(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    (tmp_path / "tailor.yaml").write_text("modell: nova-lite\nevaluation: {metric: exactmatch}\n", "utf-8")
    result = runner.invoke(app, [str(tmp_path)])
    assert result.exit_code == 1
    for words in ("tailor.yaml", "modell: there is no such setting", "'exactmatch'", "did you mean 'exact_match'?"):
        assert words in " ".join(result.output.split())
    result = runner.invoke(app, [str(tmp_path), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["findings_by_code"] == [
        {"code": "invalid-recipe", "severity": "error", "count": 2, "cause": ""},
    ]
    assert [found["path"] for found in report["findings"]] == ["modell", "evaluation.metric"]
    assert {found["file"] for found in report["findings"]} == {"tailor.yaml"}
    assert all(found["message"] and found["fix"] for found in report["findings"])


def test_a_recipe_that_is_no_yaml_is_a_finding_with_its_line(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    (tmp_path / "tailor.yaml").write_text("model: nova-lite\nsplit: {train: [\n", "utf-8")
    result = runner.invoke(app, [str(tmp_path), "--json"])
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report["findings"][0]["message"].startswith("line 3, column 1: this is not valid YAML")
    assert report["headline"].startswith("The dataset can't be used: tailor.yaml: line 3")


def test_json_is_the_report_and_nothing_else(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [*chats(50), converse("User: hi", "b")])
    result = runner.invoke(app, [str(tmp_path), "--json"])
    report = json.loads(result.stdout)
    assert report["usable"] is False
    assert report["counts"]["rows"] == 51
    found = next(found for found in report["findings"] if found["code"] == "reserved-word")
    assert {"code", "severity", "file", "line", "message", "fix"} <= set(found)
    assert found["line"] == 51


def test_write_leaves_converted_data_fixes_and_the_report(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", [*chats(50), converse(" spaced ", "b"), converse("", "b")])
    out = tmp_path / "out"
    result = runner.invoke(app, [str(tmp_path / "a.jsonl"), "--write", str(out)])
    assert result.exit_code == 1
    assert (out / "report/report.html").exists()
    assert (out / "report/fixes.jsonl").read_text("utf-8").count("\n") == 1
    rows = sum(
        (out / f"prepared/{part}.jsonl").read_text("utf-8").count("\n") for part in ("train", "validation", "test")
    )
    assert rows == 51


@pytest.mark.parametrize("place", ["a.txt", "a.txt/out", "/proc/out"])
def test_a_place_where_nothing_can_be_written_is_a_wrong_command(tmp_path: Path, place: str) -> None:
    data = tmp_path / "data"
    data.mkdir()
    write_jsonl(data / "a.jsonl", chats(50))
    (tmp_path / "a.txt").write_text("mine", "utf-8")
    result = runner.invoke(app, [str(data), "--write", str(tmp_path / place)])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "can't write to" in " ".join(result.output.split())
    assert (tmp_path / "a.txt").read_text("utf-8") == "mine"


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("tailor.storage.FolderStorage.upload", full)
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    result = runner.invoke(app, [str(tmp_path / "a.jsonl"), "--write", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert isinstance(result.exception, SystemExit)
    assert "is full" in " ".join(result.output.split())


def test_a_check_does_not_write_into_the_dataset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(50))
    monkeypatch.chdir(tmp_path)
    for data, out in ((str(tmp_path), "new/out"), (".", str(tmp_path)), (".", "out")):
        result = runner.invoke(app, [data, "--write", out])
        assert result.exit_code == 2
        assert "is inside the dataset" in " ".join(result.output.split())
    assert [path.name for path in tmp_path.iterdir()] == ["a.jsonl"]


def test_a_wrong_recipe_can_be_written_as_a_report_too(tmp_path: Path) -> None:
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    write_jsonl(data / "a.jsonl", chats(50))
    (data / "tailor.yaml").write_text("teacher: xx", "utf-8")
    result = runner.invoke(app, [str(data), "--write", str(out)])
    assert result.exit_code == 1
    assert "prepared/" not in result.output
    assert "teacher" in (out / "report/report.html").read_text("utf-8")


def test_a_single_file_finds_the_media_beside_it(tmp_path: Path) -> None:
    write_vqa(tmp_path, images=20)
    write_jsonl(tmp_path / "other.jsonl", [{"not": "looked at"}])
    result = runner.invoke(app, [str(tmp_path / "questions.csv"), "--json"])
    report = json.loads(result.stdout)
    assert report["usable"], report["headline"]
    assert report["media"]["images"] == 20
    assert report["counts"]["rows"] == 60


def test_the_recipe_beside_the_data_is_respected_and_options_go_before_it(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(300))
    (tmp_path / "tailor.yaml").write_text("model: nova-micro\n", "utf-8")
    assert json.loads(runner.invoke(app, [str(tmp_path), "--json"]).stdout)["model"] == "nova-micro"
    result = runner.invoke(app, [str(tmp_path), "--json", "--model", "nova-2-lite"])
    assert json.loads(result.stdout)["model"] == "nova-2-lite"


def test_the_table_fits_80_columns_and_says_a_thing_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(findings, "out", Console(width=80))
    write_jsonl(tmp_path / "questions-of-the-second-round.jsonl", [*chats(50), *[converse("", "b")] * 5])
    lines = runner.invoke(app, [str(tmp_path)]).output.splitlines()
    assert all(len(line) <= 80 for line in lines)
    text = " ".join(" ".join(lines).split())
    assert "5 error empty-text" in text
    assert text.count("the text is empty or only white space") == 2  # once at the top
    assert "questions-of-the-second-round.jsonl lines 51, 52, 53, …:" in text


def test_guesses_are_shown_only_where_enough_rows_are_held_out(tmp_path: Path) -> None:
    rows = [converse(f"Is {n} even?", "yes" if n % 2 else "no") for n in range(400)]
    write_jsonl(tmp_path / "a.jsonl", rows)
    assert "Guessing without a model" in runner.invoke(app, [str(tmp_path)]).output
    write_jsonl(tmp_path / "a.jsonl", rows[:30])
    assert "Guessing without a model" not in runner.invoke(app, [str(tmp_path)]).output


def test_too_few_rows_counts_all_and_spares_what_follows_from_it(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "a.jsonl", chats(5))
    report = json.loads(runner.invoke(app, [str(tmp_path), "--json"]).stdout)
    assert report["headline"] == "The dataset can't be used: usable rows: 5; nova-lite needs 8 with this method."
    assert {"small-test", "few-rows", "empty-part"}.isdisjoint(row["code"] for row in report["findings_by_code"])
