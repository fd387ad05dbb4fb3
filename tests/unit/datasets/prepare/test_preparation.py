"""From an uploaded folder to prepared data: the whole way, by what is written at its end."""

import gzip
import hashlib
import json
import random
from pathlib import Path
from string import ascii_lowercase

import pyarrow
import pyarrow.parquet
import pytest

from tailor.datasets.prepare import reject_dataset
from tailor.findings import Finding
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import Intake, chats, converse, write_jsonl, write_vqa


def test_image_questions_become_converse_records_that_point_to_the_uploads(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=40)
    outcome = intake()
    assert outcome.report.usable
    row = outcome.lines("prepared/train.jsonl")[0]
    assert row["schemaVersion"] == "bedrock-conversation-2024"
    image, question = row["messages"][0]["content"]
    assert image["image"]["format"] == "png"
    location = image["image"]["source"]["s3Location"]
    assert location["bucketOwner"] == "123456789012"
    assert location["uri"] == str(dataset / "images/000.png") or "/images/" in location["uri"]
    assert question["text"].startswith("Câu hỏi")
    assert row["messages"][1] == {"role": "assistant", "content": [{"text": row["messages"][1]["content"][0]["text"]}]}


def test_held_out_rows_have_the_documented_shape(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=40)
    row = intake().lines("prepared/test.jsonl")[0]
    assert set(row) == {"id", "group", "category", "system", "messages", "references", "source"}
    assert row["messages"][-1]["role"] == "user"
    assert row["references"][0].startswith("đáp án")
    assert row["source"]["file"] == "questions.csv"
    assert row["group"].startswith("images/")


def test_no_image_is_on_two_sides_of_the_split(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=60)
    outcome = intake()
    sides = {
        part: {
            block["image"]["source"]["s3Location"]["uri"]
            for row in outcome.lines(f"prepared/{part}.jsonl")
            for block in row["messages"][0]["content"]
            if "image" in block
        }
        for part in ("train", "validation", "test")
    }
    assert all(sides.values())
    assert not sides["train"] & sides["test"]
    assert not sides["train"] & sides["validation"]
    assert not sides["validation"] & sides["test"]


def test_the_manifest_names_what_was_written(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", chats(100))
    outcome = intake()
    manifest = outcome.report.manifest
    assert sum(manifest["rows"].values()) == 100
    for file in manifest["files"]:
        data = (outcome.folder / file["key"]).read_bytes()
        assert hashlib.sha256(data).hexdigest() == file["sha256"]
        assert len(data) == file["bytes"]
        assert data.count(b"\n") == file["rows"]
    assert 0 < manifest["tokens"]["low"] <= manifest["tokens"]["expected"] <= manifest["tokens"]["high"]


def test_a_row_that_is_wrong_stops_the_dataset_and_is_listed(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(50), converse("What is empty?", "  ")])
    outcome = intake()
    assert not outcome.report.usable
    assert "empty-text" in outcome.codes
    assert outcome.found("empty-text")[0]["line"] == 51
    assert not (outcome.folder / "runs/r/prepared").exists()
    rejected = outcome.lines("report/rejected.jsonl")
    assert [row["line"] for row in rejected] == [51]
    assert rejected[0]["reasons"][0]["code"] == "empty-text"


def test_with_skip_the_rest_is_used(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(50), converse("What is empty?", "  ")])
    outcome = intake(data={"on_error": "skip"})
    assert outcome.report.usable
    assert outcome.report.counts["used"] == 50
    assert outcome.report.counts["rejected"] == 1


def test_skip_has_a_threshold(dataset: Path, intake: Intake) -> None:
    write_jsonl(dataset / "a.jsonl", [*chats(20), *(converse(f"What is {n}?", "") for n in range(5))])
    outcome = intake(data={"on_error": "skip"})
    assert not outcome.report.usable
    assert "too-many-unusable-rows" in outcome.codes


def test_a_missing_image_is_named(dataset: Path, intake: Intake) -> None:
    write_vqa(dataset, images=20)
    (dataset / "images/007.png").unlink()
    outcome = intake()
    assert not outcome.report.usable
    assert outcome.report.counts["rejected"] == 3
    assert "images/007.png" in outcome.found("media-missing")[0]["message"]


def test_an_empty_folder_is_reported(intake: Intake, dataset: Path) -> None:
    outcome = intake()
    assert not outcome.report.usable
    assert outcome.report.findings


def test_a_dataset_that_is_not_looked_at_gets_a_report_too(tmp_path: Path) -> None:
    wrong = Finding(
        "invalid-recipe", "error", "tailor.yaml", None, "modell: there is no such setting", "did you mean model?"
    )
    summary = reject_dataset(FolderStorage(tmp_path), "runs/r/", [wrong]).summary()
    assert summary["usable"] is False
    assert "modell" in summary["headline"]
    page = (tmp_path / "runs/r/report/report.html").read_text("utf-8")
    assert "did you mean model?" in page


def test_the_page_runs_no_script_and_loads_nothing(dataset: Path, intake: Intake) -> None:
    write_jsonl(
        dataset / "a.jsonl", [*chats(30), converse("<script>alert(1)</script>", "<img src=x onerror=alert(1)>")]
    )
    page = (intake().folder / "runs/r/report/report.html").read_text("utf-8")
    assert "<script" not in page
    assert "<img src=x" not in page
    assert "http://" not in page.replace("http-equiv", "")


@pytest.mark.parametrize("name", ["a.jsonl.gz", "a.json"])
def test_a_file_that_breaks_off_stops_the_dataset_by_default(name: str, dataset: Path, intake: Intake) -> None:
    noise = [
        "".join(random.Random(n).choices(ascii_lowercase, k=1500)) for n in range(1000)
    ]  # hardly shrinks when packed
    rows = [{"question": f"How much is {noise[n]}?", "answer": f"It is {n}."} for n in range(1000)]
    whole = json.dumps(rows, indent=0).encode()
    lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    cut = whole[:-2000] if name == "a.json" else gzip.compress(lines)[:-5000]
    (dataset / name).write_bytes(cut)
    outcome = intake()
    assert not outcome.report.usable
    counts = outcome.report.counts
    assert 0 < counts["used"] < 1000
    assert (counts["rejected"], counts["rows"]) == (1, counts["used"] + 1)
    assert len(outcome.lines("report/rejected.jsonl")) == 1
    assert intake(data={"on_error": "skip"}).report.usable


def test_a_cell_of_parquet_that_no_row_can_hold(dataset: Path, intake: Intake, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailor.datasets.sources.parquet.MAX_LINE", 1 << 20)
    table = pyarrow.table({"question": ["x" * (2 << 20), *(f"q {n}" for n in range(20))], "answer": ["a"] * 21})
    pyarrow.parquet.write_table(table, dataset / "a.parquet")
    (found,) = intake().found("row-too-large")
    assert found["line"] == 1
