"""The report says what became of each column or key, and shows rows of each kind of answer."""

import json
from pathlib import Path

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.report import Report
from tailor.datasets.report.html import render
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.support import PIXEL, put

PREFIX = "uploads/team/set/"


def prepared(root: Path, files: dict[str, bytes | str]) -> Report:
    put(root, files)
    (root / "scratch").mkdir()
    given = (FolderStorage(root), PREFIX, FolderStorage(root / "out"), "run/", Recipe(), catalog.model("nova-lite"))
    return prepare_dataset(*given, bucket_owner=None, scratch=root / "scratch")


def test_what_became_of_each_column(tmp_path: Path) -> None:
    rows = [
        {"pic": "a.png", "câu hỏi": f"hỏi {n}?", "answer": f"x{n}", "note": "n", "split": ("train", "test")[n % 2]}
        for n in range(20)
    ]
    report = prepared(tmp_path, {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows), "a.png": PIXEL})

    (file,) = report.files
    assert file["columns"]["pic"] == "shown as an image"
    assert file["columns"]["câu hỏi"] == "used as the question"
    assert file["columns"]["answer"] == "used as the answer"
    assert file["columns"]["split"] == "used as the split"
    assert "not used" in file["columns"]["note"]
    page = render(report)
    assert all(name in page for name in ("What became of each column", "shown as an image", "câu hỏi"))


def test_what_became_of_the_keys_of_a_conversation(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}]
    row = {"messages": turns, "history": [["b", "c"]], "topic": "t"}
    report = prepared(tmp_path, {"d.jsonl": f"{json.dumps(row)}\n" * 10})
    columns = report.files[0]["columns"]
    assert (columns["messages"], columns["history"]) == ("used", "used as the history")
    assert "not used" in columns["topic"]


def test_the_rows_that_are_shown_are_of_all_kinds(tmp_path: Path) -> None:
    kinds = ["number"] * 300 + ["colour", "yes or no", "place"]
    rows = [{"question": f"q{n}?", "answer": f"a{n}", "category": kind} for n, kind in enumerate(kinds)]
    report = prepared(tmp_path, {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)})
    shown = [json.dumps(preview["record"]) for preview in report.previews]
    assert len(shown) == 6
    assert all(any(f"q{n}?" in record for record in shown) for n in (300, 301, 302))
