"""Multiple choice in the shapes that people have it, with answers as letters, texts or numbers."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailor.datasets.example import Example
from tailor.datasets.formats.multiple_choice import with_lines
from tailor.datasets.sources import options_of
from tailor.recipe import Columns, Data
from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

CITIES = ["Huế", "Hà Nội", "Đà Nẵng", "Cần Thơ"]
LETTERED = dict(zip("ABCD", CITIES, strict=True))
LINES = "A. Huế\nB. Hà Nội\nC. Đà Nẵng\nD. Cần Thơ"
ASKED = f"Thủ đô?\n{LINES}"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=5), inner, max_size=5),
    max_leaves=12,
)


def _sound(count: int) -> list[dict[str, Any]]:
    return [{"question": f"Thủ đô {n}?", "choices": CITIES, "answer": "A"} for n in range(count)]


def _jsonl(*rows: dict[str, Any]) -> dict[str, bytes | str]:
    return {"d.jsonl": "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)}


@pytest.mark.parametrize(
    "row",
    [
        {"question": "Thủ đô?", "choices": CITIES, "answer": "B"},
        {"question": "Thủ đô?", "options": CITIES, "answer": "(b)"},
        {"question": "Thủ đô?", "choices": {"text": CITIES, "label": list("ABCD")}, "answerKey": "B"},
        {"question_stem": "Thủ đô?", "choices": {"text": CITIES, "label": list("ABCD")}, "answerKey": "B"},
        {"question": "Thủ đô?", "choices": LINES.splitlines(), "answer": "B"},
        {"question": "Thủ đô?", **{f"answer{n}": v for n, v in enumerate(CITIES, 1)}, "answer_key": "B"},
        {"question": "Thủ đô?", "choices": ["A) Huế", "B) Hà Nội", "C) Đà Nẵng", "D) Cần Thơ"], "answer": "B"},
        {"question": "Thủ đô?", "options": LETTERED, "answer": "B."},
        {"question": "Thủ đô?", "options": [{"key": k, "value": v} for k, v in LETTERED.items()], "answer": "B"},
        {"question": "Thủ đô?", "options": LINES, "answer": "B"},
        {"question": "Thủ đô?", "options": LINES.replace("\n", " "), "answer": "B"},
        {"question": "Thủ đô?", "options": json.dumps(CITIES), "answer": "B"},
        {"question": "Thủ đô?", "options": repr(CITIES), "answer": "B"},
        {"question": "Thủ đô?", "options": "['Huế' 'Hà Nội' 'Đà Nẵng' 'Cần Thơ']", "answer": "B"},
        {"question": "Thủ đô?", **LETTERED, "answer": "B"},
        {"question": "Thủ đô?", **{f"option_{k}": v for k, v in zip("abcd", CITIES, strict=True)}, "answer": "B"},
        {"question": "Thủ đô?", **{f"Choice {n}": v for n, v in enumerate(CITIES, 1)}, "correct_choice": "B"},
        {"câu hỏi": "Thủ đô?", **{f"đáp án {k}": v for k, v in zip("abcd", CITIES, strict=True)}, "đáp án đúng": "B"},
    ],
)  # fmt: skip
def test_shapes(tmp_path: Path, row: dict[str, Any]) -> None:
    reader = open_dataset(tmp_path, _jsonl(row))

    (example,) = examples(reader)

    assert texts(example)[0] == ASKED
    assert texts(example)[1].strip("().").upper() == "B"
    assert "choices-read" in codes(reader)


@pytest.mark.parametrize(
    ("answers", "learnt", "said"),
    [
        ([0, 1, 3], ["A", "B", "D"], "counted from 0"),
        ([1, 2, 4], ["A", "B", "D"], "counted from 1"),
        (["0", "1", "3"], ["A", "B", "D"], "counted from 0"),
        ([1.0, 2.0, 4.0], ["A", "B", "D"], "counted from 1"),
        (["Huế", "hà nội", "Cần Thơ"], ["Huế", "hà nội", "Cần Thơ"], "texts of choices"),
        (["A. Huế", "B) Hà Nội", "D: Cần Thơ"], ["A. Huế", "B) Hà Nội", "D: Cần Thơ"], "letters and texts"),
        (["A", "B", "Cần Thơ"], ["A", "B", "Cần Thơ"], "letters of choices"),
        (["A", "B, D", "C"], ["A", "B, D", "C"], "letters of choices"),
        (["vì nó ở đó", "do xa", "không rõ"], ["vì nó ở đó", "do xa", "không rõ"], "none of the choices"),
    ],
)
def test_answers(tmp_path: Path, answers: list[Any], learnt: list[str], said: str) -> None:
    rows = [{"question": f"Thủ đô {n}?", "choices": CITIES, "answer": answer} for n, answer in enumerate(answers)]
    reader = open_dataset(tmp_path, _jsonl(*rows))

    found = examples(reader)

    assert [texts(example)[1] for example in found] == learnt
    assert [example.references for example in found] == [[text] for text in learnt]
    (note,) = [finding for finding in reader.findings if finding.code == "choices-read"]
    assert said in note.message


def test_options_that_are_settings_are_no_choices(tmp_path: Path) -> None:
    rows = [{"question": "Wer?", "answer": "ich", "options": {"t": 0.1, "k": 1}}] * 3

    assert texts(examples(open_dataset(tmp_path, _jsonl(*rows)))[0]) == ["Wer?", "ich"]


def test_numbers_that_can_mean_two_choices_are_not_guessed(tmp_path: Path) -> None:
    rows = [{"question": f"Thủ đô {n}?", "choices": CITIES, "answer": 1 + n % 3} for n in range(6)]

    rejected = rejections(open_dataset(tmp_path, _jsonl(*rows)))

    assert {row.findings[0].code for row in rejected} == {"choice-ambiguous"}
    assert "data: {first_choice: 0}" in rejected[0].findings[0].fix
    for first, letter in ((0, "B"), (1, "A")):
        told = examples(open_dataset(tmp_path, _jsonl(*rows), data=Data(first_choice=0 if first == 0 else 1)))
        assert texts(told[0])[1] == letter


def test_choices_that_are_numbers(tmp_path: Path) -> None:
    rows = [
        {"question": f"{n} + 1?", "choices": [str(n), str(n + 1), str(n + 2)], "answer": str(n + 1)} for n in range(9)
    ]

    found = examples(open_dataset(tmp_path, _jsonl(*rows)))

    assert [texts(example)[1] for example in found] == [str(n + 1) for n in range(9)]


def test_an_answer_that_is_none_of_the_choices(tmp_path: Path) -> None:
    rows = _sound(6)
    rows += [{"question": "Thủ đô?", "choices": CITIES, "answer": answer} for answer in ("E", 9, "Vinh")]

    rejected = rejections(open_dataset(tmp_path, _jsonl(*rows)))

    assert [row.findings[0].code for row in rejected] == ["choice-unknown"] * 3
    assert "A to D" in rejected[0].findings[0].fix


def test_choices_that_can_not_be_read_and_questions_without_any(tmp_path: Path) -> None:
    rows = _sound(6)
    nothing: list[Any] = [None, [], ""]
    broken: list[Any] = [["một"], 7, {"a": {}}, "x"]
    rows += [{"question": "Mở?", "choices": value, "answer": "vâng"} for value in nothing]
    rows += [{"question": "Hỏng?", "choices": value, "answer": "A"} for value in broken]
    reader = open_dataset(tmp_path, _jsonl(*rows))

    found = [row for row in reader if isinstance(row, Example)]

    assert [texts(example) for example in found[6:]] == [["Mở?", "vâng"]] * 3
    assert [row.findings[0].code for row in rejections(reader)] == ["choices-unreadable"] * 4


def test_a_table_with_a_column_each_and_fewer_choices_in_some_rows(tmp_path: Path) -> None:
    table = "question,A,B,C,D,answer\nThủ đô?,Huế,Hà Nội,,,B\nBiển?,Huế,Vinh,Đà Nẵng,,C\n"

    first, second = examples(open_dataset(tmp_path, {"d.csv": table}))

    assert texts(first) == ["Thủ đô?\nA. Huế\nB. Hà Nội", "B"]
    assert texts(second) == ["Biển?\nA. Huế\nB. Vinh\nC. Đà Nẵng", "C"]


def test_a_table_without_names_as_mmlu_has_it(tmp_path: Path) -> None:
    table = "".join(f"What is {n} + {n}?,{2 * n},{n},1{n},9{n},{'AABD'[n]}\n" for n in range(4))

    found = examples(open_dataset(tmp_path, {"test.csv": table}))

    assert [texts(example)[1] for example in found] == ["A", "A", "B", "D"]
    assert texts(found[3])[0] == "What is 3 + 3?\nA. 6\nB. 3\nC. 13\nD. 93"


def test_columns_of_a_recipe(tmp_path: Path) -> None:
    table = "frage,eins,zwei,antwort\nWo?,hier,dort,B\n"
    columns = Columns(question="frage", answer="antwort", choices=["eins", "zwei"])

    (example,) = examples(open_dataset(tmp_path, {"d.csv": table}, data=Data(columns=columns)))

    assert texts(example) == ["Wo?\nA. hier\nB. dort", "B"]


def test_columns_that_a_recipe_names_in_vain(tmp_path: Path) -> None:
    data = Data(columns=Columns(choices=["A", "Bee"]))
    reader = open_dataset(tmp_path, {"d.csv": "question,A,B,answer\nWo?,hier,dort,B\n"}, data=data)

    (found,) = [finding for finding in reader.findings if finding.code == "unknown-column"]

    assert "data.columns.choices is 'Bee'" in found.message


def test_questions_called_a_and_answers_called_b_are_no_choices(tmp_path: Path) -> None:
    (example,) = examples(
        open_dataset(tmp_path, {"d.csv": "q,a,b\nWho?,me,7\n"}, data=Data(columns=Columns(answer="a")))
    )

    assert texts(example) == ["Who?", "me"]


def test_several_right_answers_are_no_choices(tmp_path: Path) -> None:
    (example,) = examples(
        open_dataset(tmp_path, _jsonl({"question": "Wer?", "answer": "ich", "answer1": "x", "answer2": "y"}))
    )

    assert texts(example) == ["Wer?", "ich"]


def test_choices_that_stand_in_the_question_are_not_repeated(tmp_path: Path) -> None:
    asked = "Thủ đô?\nChoices:\n(A) Huế\n(B) Hà Nội\n(C) Đà Nẵng\n(D) Cần Thơ"

    (example,) = examples(open_dataset(tmp_path, _jsonl({"question": asked, "choices": CITIES, "answer": "Hà Nội"})))

    assert texts(example) == [asked, "Hà Nội"]


def test_a_teacher_and_a_grader_see_the_choices_too(tmp_path: Path) -> None:
    rows = [{"question": f"Thủ đô {n}?", "choices": CITIES, "answer": n} for n in range(4)]
    asked = [{name: value for name, value in row.items() if name != "answer"} for row in rows]

    (prompt, *_) = examples(open_dataset(tmp_path / "a", _jsonl(*asked), method="distillation"))
    graded = examples(open_dataset(tmp_path / "b", _jsonl(*rows), method="reinforcement"))

    assert texts(prompt) == [f"Thủ đô 0?\n{LINES}"]
    assert texts(graded[3]) == [f"Thủ đô 3?\n{LINES}"]
    assert [example.extra["reference_answer"] for example in graded] == ["A", "B", "C", "D"]


@given(VALUES)
def test_any_value_is_choices_or_none(value: Any) -> None:
    options = options_of(value)
    assert not options or sum(bool(option.text) for option in options) > 1
    assert not options or with_lines("?", options).startswith("?")
