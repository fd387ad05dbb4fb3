"""Questions about passages: SQuAD as it is published, flat or nested, with questions that have no answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailor.recipe import Data, Method
from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

HUE, SAIGON = "Huế là kinh đô của triều Nguyễn.", "Sài Gòn là thành phố lớn nhất."
NOTHING = "Đoạn văn không nói."


def _qa(number: int, answer: str | None, **more: Any) -> dict[str, Any]:
    answers = [{"text": answer, "answer_start": 0}] if answer else []
    return {"id": f"q{number}", "question": f"Câu {number}?", "answers": answers, "is_impossible": not answer, **more}


def _squad() -> str:
    hue = {"context": HUE, "qas": [_qa(1, "Huế"), _qa(2, None, plausible_answers=[{"text": "Huế"}])]}
    saigon = {"context": SAIGON, "qas": [_qa(3, "Sài Gòn")]}
    articles = [{"title": "Huế", "paragraphs": [hue, saigon]}, {"title": "x", "paragraphs": [saigon]}]
    return json.dumps({"version": "v2.0", "data": articles})


def test_articles_become_a_row_for_each_question(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"train-v2.0.json": _squad()}, data=Data(unanswerable=NOTHING))

    first, impossible, third, fourth = examples(reader)

    assert texts(first) == [f"{HUE}\n\nCâu 1?", "Huế"]
    assert (texts(impossible)[1], impossible.references) == (NOTHING, [NOTHING])
    assert (first.id, first.line, fourth.line) == ("q1", 1, 2)
    assert first.group == impossible.group != third.group == fourth.group
    assert reader.files[0].format == "question-answer"


def test_articles_as_json_lines(tmp_path: Path) -> None:
    lines = "\n".join(map(json.dumps, json.loads(_squad())["data"]))

    assert len(examples(open_dataset(tmp_path, {"d.jsonl": lines}, data=Data(unanswerable=NOTHING)))) == 4


def test_a_question_without_an_answer_asks_what_to_answer(tmp_path: Path) -> None:
    (rejected,) = rejections(open_dataset(tmp_path, {"train-v2.0.json": _squad()}))

    (found,) = rejected.findings
    assert found.code == "question-unanswerable"
    assert "data: {unanswerable: " in found.fix
    assert "Câu 2?" in rejected.raw


def test_a_teacher_may_be_asked_what_has_no_answer(tmp_path: Path) -> None:
    found = examples(open_dataset(tmp_path, {"train-v2.0.json": _squad()}, method="distillation"))

    assert [len(example.turns) for example in found] == [2, 1, 2, 2]


@pytest.mark.parametrize("method", ["fine-tuning", "distillation"])
def test_flat_rows_as_hugging_face_has_them(tmp_path: Path, method: Method) -> None:
    rows = [
        {"context": HUE, "question": "a?", "answers": {"text": ["Huế", "Huế"], "answer_start": [0, 0]}},
        {"context": HUE, "question": "b?", "answers": {"text": [], "answer_start": []}},
    ]
    lines = "\n".join(map(json.dumps, rows))

    found = examples(open_dataset(tmp_path, {"d.jsonl": lines}, method=method, data=Data(unanswerable=NOTHING)))

    assert [texts(example)[1] for example in found] == ["Huế", NOTHING]


@pytest.mark.parametrize("context", [[HUE, SAIGON], [["Huế", [HUE]], ["Sài Gòn", [SAIGON, ""]]]])
def test_passages_in_lists(tmp_path: Path, context: Any) -> None:
    line = json.dumps({"context": context, "question": "Gì?", "answer": "a"})

    (example,) = examples(open_dataset(tmp_path, {"d.jsonl": line}))

    assert HUE in texts(example)[0]
    assert texts(example)[0].endswith(f"{SAIGON}\n\nGì?")


def test_a_passage_that_is_no_text_is_not_dropped_in_silence(tmp_path: Path) -> None:
    line = json.dumps({"context": {"contexts": [HUE]}, "question": "Gì?", "answer": "a"})

    (rejected,) = rejections(open_dataset(tmp_path, {"d.jsonl": line}))

    assert rejected.findings[0].code == "wrong-type"


def test_a_passage_of_lists_within_lists_ends_in_a_finding(tmp_path: Path) -> None:
    line = '{"question": "Gì?", "answer": "a", "context": ' + "[" * 1000 + "]" * 1000 + "}"

    (rejected,) = rejections(open_dataset(tmp_path, {"d.jsonl": line}))

    assert rejected.findings[0].code == "wrong-type"


def test_paragraphs_without_questions_yet_do_not_hide_those_that_have_some(tmp_path: Path) -> None:
    paragraphs = [{"context": SAIGON, "qas": []}] * 300 + [{"context": HUE, "qas": [_qa(1, "Huế")]}]
    reader = open_dataset(tmp_path, {"d.json": json.dumps({"data": [{"title": "x", "paragraphs": paragraphs}]})})

    assert [example.id for example in examples(reader)] == ["q1"]
    (found,) = [finding for finding in reader.findings if finding.code == "no-questions-inside"]
    assert (found.severity, found.line) == ("info", 1)


def test_answers_that_are_merely_not_there_are_missing(tmp_path: Path) -> None:
    rows = [{"context": HUE, "question": f"{n}?", "answers": []} for n in range(3)]
    reader = open_dataset(tmp_path, {"d.jsonl": "\n".join(map(json.dumps, rows))}, data=Data(unanswerable=NOTHING))

    assert {row.findings[0].code for row in rejections(reader)} == {"answer-missing"}


def test_broken_paragraphs_and_questions_are_listed_one_by_one(tmp_path: Path) -> None:
    paragraphs = [{"context": HUE, "qas": [_qa(1, "Huế"), "broken"]}, 7, {"context": SAIGON}]
    paragraphs += [{"context": SAIGON, "qas": [_qa(3, "a"), _qa(4, "b")]}, {"context": SAIGON, "qas": []}]
    reader = open_dataset(tmp_path, {"d.json": json.dumps([{"title": "x", "paragraphs": paragraphs}])})

    assert len(rejections(reader)) == 3
    assert len(list(reader)) == 6


def test_chats_are_not_taken_for_questions_within_questions(tmp_path: Path) -> None:
    rows = [{"messages": [{"role": "user", "content": [{"text": "a"}]}, {"role": "assistant", "content": "b"}]}] * 3
    reader = open_dataset(tmp_path, {"d.jsonl": "\n".join(map(json.dumps, rows))})

    list(reader)

    assert reader.files[0].nested == ()
    assert "columns-guessed" not in codes(reader)
