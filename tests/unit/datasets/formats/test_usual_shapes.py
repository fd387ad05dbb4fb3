"""Shapes that tools and people leave behind: printed lists, quotation marks as they are, lists side by side, pairs."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.sources import value_of
from tailor.recipe import Columns, Data
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

WORDS = st.lists(st.text(max_size=12), max_size=5)


def _csv(**fields: str) -> str:
    quoted = ('"' + value.replace('"', '""') + '"' for value in fields.values())
    return ",".join(fields) + "\n" + ",".join(quoted) + "\n"


@pytest.mark.parametrize(
    ("written", "learnt", "references"),
    [
        ("['đỏ', 'Đỏ', 'đỏ']", "đỏ", ["đỏ", "Đỏ"]),
        ("['đỏ' 'nâu']", "đỏ", ["đỏ", "nâu"]),
        ('["it\'s", \'a "b"\']', "it's", ["it's", 'a "b"']),
        ('["đỏ", "nâu"]', "đỏ", ["đỏ", "nâu"]),
        ("{'text': array(['Huế'], dtype=object), 'answer_start': array([0], dtype=int32)}", "Huế", ["Huế"]),
        ("{'text': ['Huế', 'cố đô'], 'answer_start': [0, 4]}", "Huế", ["Huế", "cố đô"]),
        ("[sic]", "[sic]", ["[sic]"]),
        ("[1, 2]", "[1, 2]", ["[1, 2]"]),
        ('{"name": "An"}', '{"name": "An"}', ['{"name": "An"}']),
        ("{'name': 'An'}", "{'name': 'An'}", ["{'name': 'An'}"]),
        (r"['\d', broken", r"['\d', broken", [r"['\d', broken"]),
        (r"['\d', 'x']", r"\d", [r"\d", "x"]),
    ],
)
def test_answers_as_a_table_holds_them(tmp_path: Path, written: str, learnt: str, references: list[str]) -> None:
    (example,) = examples(open_dataset(tmp_path, {"d.csv": _csv(question="q?", answers=written)}))

    assert (texts(example)[1], example.references) == (learnt, references)


def test_images_as_a_table_holds_them(tmp_path: Path) -> None:
    table = _csv(images="['a.png', 'b.png']", question="q?", answer="x")

    (example,) = examples(open_dataset(tmp_path, {"d.csv": table, "a.png": PIXEL, "b.png": PIXEL}))

    assert texts(example)[0] == "<a.png> <b.png> q?"


@given(WORDS)
def test_printed_lists_come_back(words: list[str]) -> None:
    assert value_of(repr(words)) == words
    assert value_of(json.dumps(words)) == words


@settings(deadline=None)
@given(st.text(max_size=200).map("[{}".format) | st.text(alphabet="[]{}'\"\\,:a1 ", max_size=300))
def test_any_text_is_a_value_or_itself(text: str) -> None:
    found = value_of(text)
    assert found == text or isinstance(found, list | dict)


@pytest.mark.parametrize("unit", ["'\\", "array([", "[", "'a' ", '"'])
def test_hostile_text_is_told_soon(unit: str) -> None:
    text = "[" + unit * (60_000 // len(unit)) + "]"
    for _ in range(3):
        value_of(text)


def test_quotation_marks_in_a_table_with_tabs(tmp_path: Path) -> None:
    table = 'question\tanswer\n"Hello" he said?\tyes\nHow long is 5"?\t"a pen\nWho?\tme\n'
    reader = open_dataset(tmp_path, {"d.tsv": table})

    found = [texts(example) for example in examples(reader)]

    assert found == [['"Hello" he said?', "yes"], ['How long is 5"?', '"a pen'], ["Who?", "me"]]
    assert "csv-unquoted" in codes(reader)


def test_quoted_fields_in_a_table_with_tabs(tmp_path: Path) -> None:
    table = 'question\tanswer\n"one\ttwo\nthree"\t"say ""hi"""\n"x"\ty\n'
    reader = open_dataset(tmp_path, {"d.tsv": table})

    assert [texts(example) for example in examples(reader)] == [["one\ttwo\nthree", 'say "hi"'], ["x", "y"]]
    assert "csv-unquoted" not in codes(reader)


def test_a_quotation_mark_within_a_quoted_field_is_named_and_the_next_row_read(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": 'question,answer\n"Say "hi" now?",yes\nWho?,me\n'})

    (rejected,) = rejections(reader)

    assert (rejected.line, rejected.findings[0].code) == (2, "bad-csv")
    assert 'write ""' in rejected.findings[0].fix
    assert len(list(reader)) == 2


RACE: dict[str, Any] = {
    "article": "Huế là kinh đô.",
    "questions": ["Ở đâu?", "Là gì?"],
    "options": [["a", "b"], ["c", "d"]],
    "answers": ["A", "B"],
    "tags": ["x", "y"],
    "id": "1",
}


@pytest.mark.parametrize("name", ["d.json", "d.jsonl", "high1.txt"])
def test_lists_side_by_side(tmp_path: Path, name: str) -> None:
    first, second = examples(open_dataset(tmp_path, {name: json.dumps(RACE)}))

    assert texts(first) == ["Huế là kinh đô.\n\nỞ đâu?\nA. a\nB. b", "A"]
    assert texts(second) == ["Huế là kinh đô.\n\nLà gì?\nA. c\nB. d", "B"]
    assert first.group == second.group


def test_lists_that_are_not_as_long_as_each_other_are_listed(tmp_path: Path) -> None:
    rows = [RACE, RACE, RACE | {"answers": ["A"]}]

    (rejected,) = rejections(open_dataset(tmp_path, {"d.jsonl": "\n".join(map(json.dumps, rows))}))

    assert "question-missing" in {found.code for found in rejected.findings}


@pytest.mark.parametrize(("asked", "answered"), [("human", "assistant"), ("input", "output")])
def test_pairs_of_one_conversation_stay_together(tmp_path: Path, asked: str, answered: str) -> None:
    pairs = [{"system": "Be brief.", asked: "hi", answered: "hello"}, {asked: "bye", answered: "ciao"}]
    reader = open_dataset(tmp_path, {"d.json": json.dumps([{"conversation": pairs}] * 2)})

    first, _ = examples(reader)

    assert texts(first) == ["hi", "hello", "bye", "ciao"]
    assert first.system == "Be brief."
    assert reader.files[0].format == "sharegpt"


def test_a_byte_order_mark_where_files_were_put_together(tmp_path: Path) -> None:
    row = json.dumps({"question": "q", "answer": "a"}).encode("utf-8-sig")

    assert len(examples(open_dataset(tmp_path, {"d.jsonl": row + b"\n" + row + b"\n"}))) == 2


def test_columns_of_a_recipe_match_in_any_capitals(tmp_path: Path) -> None:
    columns = Columns(question="câu hỏi riêng", answer="TRẢ LỜI RIÊNG", choices=["một", "hai"])
    table = _csv(**{"Câu Hỏi Riêng": "q?", "Trả lời riêng": "A", "MỘT": "x", "Hai": "y"})
    reader = open_dataset(tmp_path, {"d.csv": table}, data=Data(columns=columns))

    assert texts(examples(reader)[0]) == ["q?\nA. x\nB. y", "A"]
    assert "unknown-column" not in codes(reader)
