"""Shapes of published data by kind: what a row says about its answer, its question and its pictures is not lost."""

import json
from pathlib import Path
from typing import Any

import pytest

from tailor.datasets.example import Example
from tailor.datasets.formats import DatasetReader
from tailor.datasets.formats.rendered import rendered
from tailor.recipe import Data, Method
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]
Files = dict[str, bytes | str]
PAIR: Row = {"question": "q?", "answer": "a"}


def of_rows(folder: Path, rows: list[Row], files: Files | None = None, **how: Any) -> DatasetReader:
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return open_dataset(folder, {"d.jsonl": lines, **(files or {})}, **how)


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("user_feedback", "like", "dislike"),
        ("vote", "upvote", "downvote"),
        ("Đánh giá", "đạt", "không đạt"),
        ("answer_quality", "good", "bad"),
        ("deleted", False, True),
        ("anything", "👍🏻", "👎"),
        ("feedback", {"score": 1, "comment": ""}, {"score": -1, "comment": "no"}),
    ],
)
def test_judgements_under_any_usual_name_are_heeded(tmp_path: Path, key: str, good: Any, bad: Any) -> None:
    reader = of_rows(tmp_path, [PAIR | {key: good}, PAIR | {key: bad}, PAIR | {key: good}])

    (left_out,) = rejections(reader)

    assert (left_out.line, left_out.findings[0].code) == (2, "marked-bad")


@pytest.mark.parametrize(
    ("key", "values"), [("image_quality", ["good", "bad"]), ("downvotes", [0, 1]), ("status", ["submitted", "draft"])]
)
def test_what_is_said_of_something_else_is_no_judgement(tmp_path: Path, key: str, values: list[Any]) -> None:
    reader = of_rows(tmp_path, [PAIR | {key: value} for value in values])

    assert len(examples(reader)) == 2
    assert "not-used" in codes(reader)


@pytest.mark.parametrize("key", ["helpfulness", "user_rating", "rationale", "lecture"])
def test_keys_that_matter_are_set_aside_with_a_warning(tmp_path: Path, key: str) -> None:
    reader = of_rows(tmp_path, [PAIR | {key: "3 of 5"}])
    examples(reader)

    assert [(found.code, found.severity) for found in reader.findings if found.code == "not-used"] == [
        ("not-used", "warning")
    ]


@pytest.mark.parametrize(
    ("row", "learnt"),
    [
        ({"question": "q?", "answers": ["no", "yes"], "best_answer": "yes"}, "yes"),
        ({"question": "q?", "answers": [{"text": "no", "score": -2}, {"text": "yes", "score": 1}]}, "yes"),
        ({"question": "q?", "answers": [{"answer": "no", "rank": 2}, {"answer": "yes", "rank": 1}]}, "yes"),
        ({"question": "q?", "answers": [{"text": "no", "fraction": -50}, {"text": "yes", "fraction": 100}]}, "yes"),
        ({"q": "q?", "opts": [{"answerText": "no", "isCorrect": False}, {"answerText": "yes", "isCorrect": True}]},
         "yes"),
        ({"user_input": "q?", "response": "no", "reference": "yes"}, "yes"),
        ({"stem": "q? and so on", "a": "x", "b": "y", "c": "z", "answer": "B"}, "B"),
        ({"question": "q?", "option1": "x", "option2": "y", "correct_option": "option2"}, "B"),
        ({"question": {"stem": "q?", "choices": [{"text": "x", "label": "A"}, {"text": "y", "label": "B"}]},
          "answerKey": "B"}, "B"),
    ],
)  # fmt: skip
def test_the_right_one_of_several_answers_is_learnt(tmp_path: Path, row: Row, learnt: str) -> None:
    (example,) = examples(of_rows(tmp_path, [row]))

    assert texts(example)[0].startswith("q?")
    assert texts(example)[1] == learnt
    assert "no" not in example.references


def test_what_a_question_builds_upon_comes_before_it(tmp_path: Path) -> None:
    row = {"premise": "It rained all day.", "question": "effect", "choice1": "wet", "choice2": "dry", "answer": 0}

    (example,) = examples(of_rows(tmp_path, [row], data=Data(first_choice=0)))

    assert texts(example) == ["It rained all day.\n\neffect\nA. wet\nB. dry", "A"]


@pytest.mark.parametrize(
    "row",
    [
        {"question": "q?", "answer": "a", "chat_history": [{"role": "user", "content": "before?"},
                                                           {"role": "assistant", "content": "yes"}]},
        {"input_messages": [{"role": "user", "content": "q?"}],
         "choices": [{"message": {"role": "assistant", "content": "a"}}]},
        {"request": {"messages": [{"role": "user", "content": "q?"}]},
         "response": {"body": {"choices": [{"message": {"role": "assistant", "content": "a"}}]}}},
        {"request": {"contents": [{"role": "user", "parts": [{"text": "q?"}]}]},
         "response": {"candidates": [{"content": {"role": "model", "parts": [{"text": "a"}]}}]}},
        {"instructions": "Short.", "input": [{"role": "user", "content": "q?"}],
         "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]}]},
        {"fields": {"prompt": "q?"}, "suggestions": [{"value": "no"}],
         "responses": [{"values": {"reply": {"value": "no"}}, "status": "discarded"},
                       {"values": {"reply": {"value": "a"}}, "status": "submitted"}]},
        {"fields": {"prompt": "q?"}, "responses": {"reply": [{"value": "a", "user_id": "u"}]}},
    ],
)  # fmt: skip
def test_questions_and_answers_as_services_and_tools_keep_them(tmp_path: Path, row: Row) -> None:
    (example,) = examples(of_rows(tmp_path, [row]))

    assert texts(example)[-2:] == ["q?", "a"]


def test_columns_named_by_paths_are_found(tmp_path: Path) -> None:
    table = "id,inputs.question,outputs.answer\n7,q?,a\n"

    assert texts(examples(open_dataset(tmp_path, {"d.csv": table}))[0]) == ["q?", "a"]


def test_printed_turns_of_a_preference_pair_are_read(tmp_path: Path) -> None:
    turns = [{"role": "user", "content": "q?"}, {"role": "assistant", "content": "a"}]
    row = {"prompt": "q?", "chosen": str(turns), "rejected": str(turns)}
    data = Data.model_validate({"columns": {"answer": "chosen"}})

    assert texts(examples(of_rows(tmp_path, [row], data=data))[0]) == ["q?", "a"]


@pytest.mark.parametrize(
    ("rows", "word"),
    [
        ([{"filename": "a.png", "class": "cat", "xmin": 1, "ymin": 1, "xmax": 2, "ymax": 2}], "boxes"),
        ([{"label": "cat", "points": [[1, 2]], "shape_type": "polygon"}], "boxes"),
        ([{"data": {"image": "a.png"},
           "annotations": [{"result": [{"type": "rectanglelabels", "value": {"x": 1}}]}]}], "boxes"),
        ([{"custom_id": "1", "result": {"type": "succeeded", "message": {"content": [{"text": "a"}]}}}], "batch"),
        ([{"en": f"sentence {n} is here", "vi": f"câu {n} ở đây"} for n in range(4)], "Translate into"),
    ],
)  # fmt: skip
def test_rows_that_hold_no_questions_are_called_by_their_name(tmp_path: Path, rows: list[Row], word: str) -> None:
    found = rejections(of_rows(tmp_path, rows, {"a.png": PIXEL}))

    assert len(found) == len(rows)
    assert word in found[0].findings[0].message + found[0].findings[0].fix


def test_boxes_beside_a_question_and_its_answer_are_set_aside(tmp_path: Path) -> None:
    reader = of_rows(tmp_path, [PAIR | {"image": "a.png", "bbox": [1, 2, 3, 4]}], {"a.png": PIXEL})

    assert texts(examples(reader)[0]) == ["<a.png> q?", "a"]
    assert "not-used" in codes(reader)


def test_advice_names_no_column_that_says_nothing(tmp_path: Path) -> None:
    rows = [{"summary_of_it": f"text {n} of it", "set": ["train", "test"][n % 2], "origin": "web"} for n in range(25)]

    fix = rejections(of_rows(tmp_path, rows))[0].findings[0].fix

    assert "origin" not in fix
    assert ": set" not in fix


@pytest.mark.parametrize(
    ("text", "turns"),
    [
        ("<|system|>\n</s>\n<|user|>\nq?</s>\n<|assistant|>\na</s>", [("user", "q?"), ("assistant", "a")]),
        ("### Context:\nc\n\n### Question:\nq?\n\n### Answer:\na", [("user", "c\n\nq?"), ("assistant", "a")]),
    ],
)
def test_rendered_chats_with_an_empty_or_an_early_part(text: str, turns: list[tuple[str, str]]) -> None:
    chat = rendered(text)

    assert chat is not None
    assert chat.turns == turns


def test_signs_of_web_pages_in_answers_are_told(tmp_path: Path) -> None:
    reader = of_rows(tmp_path, [PAIR | {"answer": "T&agrave; &amp; c&agrave; ph&ecirc;"}])
    examples(reader)

    assert "html-answer" in codes(reader)


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("0,1\nq?,a\nr?,b\ns?,c\n", 3),
        ('"Câu hỏi\n(tiếng Việt)","Câu trả lời\n(ngắn)"\nq?,a\n', 1),
        ("When?,What do you ask?,question\n2026-01-01,a,q?\n2026-01-02,b,r?\n2026-01-03,c,s?\n", 3),
    ],
)
def test_a_row_that_names_the_columns_is_no_data(tmp_path: Path, table: str, count: int) -> None:
    reader = open_dataset(tmp_path, {"d.csv": table})

    assert len(list(reader)) == count


def test_captions_as_flickr_numbers_them(tmp_path: Path) -> None:
    captions = "".join(f"a.png#{n}\tcaption {n}\n" for n in range(5))

    found = examples(open_dataset(tmp_path, {"captions.txt": captions, "a.png": PIXEL}))

    assert [texts(example)[1] for example in found] == [f"caption {n}" for n in range(5)]


def test_a_name_as_label_studio_changes_it_is_found(tmp_path: Path) -> None:
    row = PAIR | {"image": "/data/upload/1/0a1b2c3d-a.png"}

    assert texts(examples(of_rows(tmp_path, [row], {"images/a.png": PIXEL}))[0])[0].endswith("q?")


@pytest.mark.parametrize("method", ["fine-tuning"])
def test_an_id_of_a_document_is_no_picture(tmp_path: Path, method: Method) -> None:
    row = {"data": [{"id": "C_1", "context": "Words.", "qas": [{"question": "q?", "answers": [{"text": "a"}]}]}]}

    (example,) = examples(open_dataset(tmp_path, {"d.json": json.dumps(row)}, method=method))

    assert isinstance(example, Example)
    assert texts(example) == ["Words.\n\nq?", "a"]


def test_words_for_parts_of_the_data_in_a_column_of_any_usual_name(tmp_path: Path) -> None:
    table = "question,answer,Tập dữ liệu\nq?,a,Huấn luyện\nr?,b,Kiểm tra\n"

    found = examples(open_dataset(tmp_path, {"d.csv": table}))

    assert [example.split for example in found] == ["train", "test"]


def test_words_that_part_good_from_bad_under_an_unknown_key_are_a_warning(tmp_path: Path) -> None:
    reader = of_rows(tmp_path, [PAIR | {"remark": word} for word in ("right", "wrong", "right")])
    assert len(examples(reader)) == 3

    assert ("not-used", "warning") in {(found.code, found.severity) for found in reader.findings}


def test_thoughts_among_gemini_s_parts_are_reasoning_in_every_row(tmp_path: Path) -> None:
    parts = [{"text": "hm", "thought": True}, {"text": "a"}]
    row = {"contents": [{"role": "user", "parts": [{"text": "q?"}]}, {"role": "model", "parts": parts}]}

    for example in examples(of_rows(tmp_path, [row, row])):
        assert "<think>hm</think>" in " ".join(texts(example))


@pytest.mark.parametrize(("right", "learnt"), [([1], "B"), (["B", "C"], "B, C"), ([0, 2], "A, C")])
def test_lists_of_right_choices(tmp_path: Path, right: list[Any], learnt: str) -> None:
    row = {"question": "q?", "options": ["x", "y", "z"], "correct": right}

    assert texts(examples(of_rows(tmp_path, [row], data=Data(first_choice=0)))[0])[1] == learnt


def test_what_is_true_goes_before_what_a_model_answered(tmp_path: Path) -> None:
    row = {"question": "q?", "answer": "no", "contexts": ["c"], "ground_truth": "yes"}

    assert texts(examples(of_rows(tmp_path, [row]))[0]) == ["c\n\nq?", "yes"]


def test_end_tokens_leave_the_references_too(tmp_path: Path) -> None:
    (example,) = examples(of_rows(tmp_path, [{"question": "q?", "answer": "a</s>"}]))

    assert (texts(example)[1], example.references) == ("a", ["a"])


def test_questions_with_references_side_by_side_are_no_dialogue(tmp_path: Path) -> None:
    row = {"turns": ["q?", "Shorter, please."], "reference": ["a", "b"]}

    assert rejections(of_rows(tmp_path, [row]))


def test_a_preference_between_fields_is_no_answer(tmp_path: Path) -> None:
    row = {"fields": {"prompt": "q?", "one": "a", "two": "b"}, "responses": {"best": [{"value": "one"}]}}

    assert "compared" in rejections(of_rows(tmp_path, [row]))[0].findings[0].message


def test_calls_of_tools_that_stand_as_text_are_told(tmp_path: Path) -> None:
    reader = of_rows(tmp_path, [PAIR | {"answer": '<tool_call>{"name": "look"}</tool_call>'}])
    examples(reader)

    assert "template-left" in codes(reader)


def test_titles_above_the_names_of_columns_are_passed_over(tmp_path: Path) -> None:
    table = "Bộ câu hỏi quán ăn\n,\nCâu hỏi,Câu trả lời\nq?,a\n"

    assert [texts(example) for example in examples(open_dataset(tmp_path, {"d.csv": table}))] == [["q?", "a"]]


def test_pictures_of_one_name_in_folders_by_id(tmp_path: Path) -> None:
    rows = {str(n): {"question": f"q{n}?", "answer": "a", "image": "image.png"} for n in (1, 2)}
    files: Files = {"problems.json": json.dumps(rows), "train/1/image.png": PIXEL, "train/2/image.png": PIXEL}

    found = examples(open_dataset(tmp_path, files))

    assert [texts(example)[0] for example in found] == ["<1/image.png> q1?", "<2/image.png> q2?"]
