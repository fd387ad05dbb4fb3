"""A team's own questions beside the documents of a continued pre-training."""

from pathlib import Path
from typing import Any

import pytest

from samples.manuals import rows
from tests.unit.datasets.conftest import Intake, picture, write_jsonl

PRETRAINING: dict[str, Any] = {
    "method": "continued-pre-training",
    "model": "titan-text-lite",
    "data": {"questions": "exam.csv"},
}
EXAM = "câu hỏi,trả lời,group\r\n" + "".join(
    f"Máy BN-{number} bảo hành mấy tháng?,{12 if number < 1000 else 24},BN-{number}\r\n"
    for number in range(100, 2100, 50)
)


@pytest.fixture
def documents(dataset: Path) -> Path:
    write_jsonl(dataset / "manuals.jsonl", rows(100))
    return dataset


def test_they_are_held_out_whole_and_nothing_of_them_is_learnt(intake: Intake, documents: Path) -> None:
    without = intake(**PRETRAINING | {"data": {}})
    (documents / "exam.csv").write_bytes(EXAM.encode("utf-8-sig"))
    outcome = intake(**PRETRAINING)
    assert outcome.report.usable
    questions = outcome.lines("prepared/questions.jsonl")
    assert len(questions) == 40
    assert questions[0] == {
        "id": "q000001",
        "group": "BN-100",
        "category": None,
        "system": [],
        "messages": [{"role": "user", "content": [{"text": "Máy BN-100 bảo hành mấy tháng?"}]}],
        "references": ["12"],
        "source": {"file": "exam.csv", "line": 2},
    }
    for part in ("train", "validation", "test"):
        assert outcome.lines(f"prepared/{part}.jsonl") == without.lines(f"prepared/{part}.jsonl")
    [manifest] = [outcome.report.manifest]
    assert manifest["questions"]["rows"] == 40
    assert 0 < manifest["questions"]["asked"]["low"] < manifest["questions"]["asked"]["high"]
    assert manifest["files"][-1]["key"].endswith("prepared/questions.jsonl")
    assert manifest["fingerprint"] != without.report.manifest["fingerprint"]
    assert "questions-held-out" in outcome.codes


def test_without_the_setting_such_a_file_stops_the_dataset_as_before(intake: Intake, documents: Path) -> None:
    (documents / "exam.csv").write_text(EXAM, "utf-8")
    outcome = intake(**PRETRAINING | {"data": {}})
    assert not outcome.report.usable
    assert "method-mismatch" in outcome.codes
    assert "questions" not in outcome.report.manifest


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (None, "questions-missing"),
        ("", "questions-missing"),
        ("question,answer\nMấy tháng?,12\nMấy?,\n", "unusable-questions"),
        ("cột một,cột hai\nMấy tháng?,12\nMấy?,24\n", "unusable-questions"),
        ("question,answer,image\nMấy hình?,12,a.png\n", "question-not-text"),
    ],
)
def test_one_that_can_not_be_used_stops_the_dataset_whatever_on_error_says(
    intake: Intake, documents: Path, content: str | None, code: str
) -> None:
    (documents / "a.png").write_bytes(picture(1))
    if content is not None:
        (documents / "exam.csv").write_text(content, "utf-8")
    outcome = intake(**PRETRAINING | {"data": {"questions": "exam.csv", "on_error": "skip"}})
    assert not outcome.report.usable
    assert code in outcome.codes
    assert {found["file"] for found in outcome.found(code)} == {"exam.csv"}
    assert all(found["message"] and found["fix"] for found in outcome.report.findings)
    assert outcome.lines("prepared/questions.jsonl") == []


def test_more_than_a_test_needs_are_refused(intake: Intake, documents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailor.datasets.prepare.questions.MOST", 30)
    (documents / "exam.csv").write_text(EXAM, "utf-8")
    assert "too-many-questions" in intake(**PRETRAINING).codes
