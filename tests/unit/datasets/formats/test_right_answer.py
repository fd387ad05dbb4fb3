"""The right one of several choices and answers is learnt: a flag, an index, a vote or the fitting column tells it."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]


def written(rows: list[Row], container: str) -> dict[str, bytes | str]:
    if container == "json":
        return {"d.json": json.dumps(rows)}
    file = io.StringIO()
    table = csv.DictWriter(file, list(rows[0]))
    table.writeheader()
    table.writerows(rows)  # lists and objects as Python prints them, as pandas does
    return {"d.csv": file.getvalue()}


def flagged(right: int, key: str = "correct") -> list[Row]:
    return [{"text": text, key: at == right} for at, text in enumerate(("red", "green", "blue"))]


@pytest.mark.parametrize("container", ["json", "csv"])
@pytest.mark.parametrize(
    ("rows", "learnt"),
    [
        ([{"question": "q?", "answers": flagged(1)}, {"question": "p?", "answers": flagged(2)}], ["green", "blue"]),
        ([{"question": "q?", "options": flagged(0, "isCorrect")}] * 2, ["red", "red"]),
        (
            [{"question": "q?", "answers": ["red", "green", "blue"], "correct_answer": at} for at in (2, 0, 1)],
            ["C", "A", "B"],
        ),
        (
            [{"question": "q?", "answers": ["red", "green"], "correct_answer": text} for text in ("green", "red")],
            ["green", "red"],
        ),
        (
            [{"question": "q?", "answer": at, "a0": "red", "a1": "green", "a2": "blue"} for at in (2, 0, 1)],
            ["C", "A", "B"],
        ),
        (
            [
                {"Câu hỏi": "q?", "Đáp án 1": "red", "Đáp án 2": "green", "Đáp án đúng (1-2)": at, "STT": 7}
                for at in (2, 1)
            ],
            ["B", "A"],
        ),
        (
            [{"question": "q?", "choices": ["red", "green"], "answer": "It grows.", "answer_key": "B"}] * 2,
            ["B", "B"],
        ),
        ([{"question": "q?", "options": ["red", "green", "blue"], "correct": at} for at in (2, 0, 1)], ["C", "A", "B"]),
        (
            [{"question": "q?", "choices": [{"choice": "red", "isCorrect": 0}, {"choice": "green", "isCorrect": 1}]}],
            ["green"],
        ),
        ([{"question": "q?", "answers": {"a": "red", "b": "green"}, "correct_answer": "b"}] * 2, ["b", "b"]),
        ([{"ctx": "q?", "endings": ["red", "green"], "label": at} for at in (1, 0)], ["B", "A"]),
        (
            [{"question": "q?", "answers": [{"text": "red", "score": 3}, {"text": "green", "score": 12}]}] * 2,
            ["green"] * 2,
        ),
        ([{"input": "q?", "output": "a guess", "ideal": "green"}], ["green"]),
        ([{"question": "q?", "best_answer": "green", "incorrect_answers": "red"}], ["green"]),
        (
            [
                {
                    "question": "q?",
                    "answers": [
                        {"answer": "red", "answer_confidence": "maybe"},
                        {"answer": "green", "answer_confidence": "yes"},
                    ],
                }
            ],
            ["green"],
        ),
    ],
)
def test_the_right_answer_is_learnt(tmp_path: Path, rows: list[Row], learnt: list[str], container: str) -> None:
    found = examples(open_dataset(tmp_path, written(rows, container)))

    assert [texts(example)[-1] for example in found] == learnt


def test_choices_of_which_none_is_marked_are_refused(tmp_path: Path) -> None:
    rows = [{"question": "q?", "answers": flagged(at)} for at in (1, 0, 9)]

    (rejected,) = rejections(open_dataset(tmp_path, written(rows, "json")))

    assert [found.code for found in rejected.findings] == ["choice-unmarked"]


def test_the_number_of_a_label_is_no_mark(tmp_path: Path) -> None:
    rows = [{"question": f"q{at}?", "label": at % 2, "label_text": ("no", "yes")[at % 2]} for at in range(6)]

    found = examples(open_dataset(tmp_path, written(rows, "csv")))

    assert [texts(example)[-1] for example in found] == ["no", "yes"] * 3


@pytest.mark.parametrize("header", [",prompt_text,reply_text", "Unnamed: 0,prompt_text,reply_text"])
def test_a_header_with_a_column_without_a_name_is_a_header(tmp_path: Path, header: str) -> None:
    reader = open_dataset(tmp_path, {"d.csv": f"{header}\n0,What is it?,a\n1,Who is it?,b\n"})

    list(reader)

    assert "csv-no-header" not in codes(reader)


def test_a_quiz_that_marks_its_answers_by_their_names(tmp_path: Path) -> None:
    row = {"question": "q?", "answers": {"answer_a": "red", "answer_b": "green", "answer_c": None}}
    row["correct_answers"] = {"answer_a_correct": "false", "answer_b_correct": "true"}

    (example,) = examples(open_dataset(tmp_path, written([row], "json")))

    assert texts(example) == ["q?\nA. red\nB. green", "green"]
