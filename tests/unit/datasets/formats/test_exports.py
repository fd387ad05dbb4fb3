"""Exports of known tools are read, or named with what to do; recipes that are proposed lead to the end."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tailor.datasets.formats import DatasetReader
from tailor.recipe import Columns, Data
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]


def reader_of(folder: Path, row: Row, data: Data | None = None, count: int = 4) -> DatasetReader:
    files: dict[str, bytes | str] = {f"{n}.png": PIXEL for n in range(count)}
    lines = [json.dumps(row, ensure_ascii=False).replace('"@"', str(1700000000 + n)) for n in range(count)]
    lines = [line.replace("#", str(n)) + "\n" for n, line in enumerate(lines)]
    return open_dataset(folder, files | {"d.jsonl": "".join(lines)}, data=data)


def said(role: str, text: str, **more: Any) -> Row:
    return {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, **more}


CHATGPT: Row = {
    "title": "t",
    "create_time": 1700000000.0,
    "current_node": "d",
    "mapping": {
        "r": {"message": None, "parent": None},
        "s": {"message": said("system", ""), "parent": "r"},
        "a": {"message": said("user", "What is #?"), "parent": "s"},
        "b": {"message": said("assistant", "an older answer"), "parent": "a"},
        "c": {"message": said("assistant", "search()", recipient="browser"), "parent": "a"},
        "t": {"message": said("tool", "a page"), "parent": "c"},
        "d": {"message": said("assistant", "It is #."), "parent": "t"},
    },
}
LABEL_STUDIO: Row = {
    "id": 7,
    "data": {"image": "/data/upload/1/#.png", "question": "What is #?"},
    "annotations": [
        {"was_cancelled": True, "result": [{"from_name": "x", "type": "textarea", "value": {"text": ["no"]}}]},
        {"result": [{"from_name": "reply", "type": "textarea", "value": {"text": ["It is #."]}}]},
    ],
}
GROUND_TRUTH: Row = {
    "source-ref": "s3://bucket/uploads/team/set/#.png",
    "dish": 0,
    "dish-metadata": {"class-name": "It is #.", "type": "groundtruth/image-classification"},
}
PRODIGY: Row = {"text": "What is #?", "label": "It is #.", "_task_hash": 1, "_input_hash": 2, "answer": "accept"}
TOOLS: Row = {
    "query": "What is #?",
    "answers": '[{"name": "look", "arguments": {"at": 1}}]',
    "tools": '[{"name": "look", "description": "Looks.", "parameters": {"at": {"type": "int", "description": "x"}}}]',
}


@pytest.mark.parametrize(
    ("row", "data", "learnt"),
    [
        (CHATGPT, Data(), ["What is 0?", "It is 0."]),
        (LABEL_STUDIO, Data(), ["</data/upload/1/0.png> What is 0?", "It is 0."]),
        (GROUND_TRUTH, Data(prompt="What?"), ["<s3://bucket/uploads/team/set/0.png> What?", "It is 0."]),
        (PRODIGY, Data(prompt="What?", columns=Columns(context="text")), ["What is 0?\n\nWhat?", "It is 0."]),
    ],
)
def test_an_export_is_read(tmp_path: Path, row: Row, data: Data, learnt: list[str]) -> None:
    reader = reader_of(tmp_path, row, data)

    assert texts(examples(reader)[0]) == learnt
    assert "export-read" in codes(reader)


def test_calls_of_tools_are_read(tmp_path: Path) -> None:
    (example, *_) = examples(reader_of(tmp_path, TOOLS))

    (call,) = example.turns[1].blocks
    assert getattr(call, "value", None) == {"toolUseId": "call-0", "name": "look", "input": {"at": 1}}
    schema = example.extra["tools"][0]["toolSpec"]["inputSchema"]["json"]
    assert schema == {"type": "object", "properties": {"at": {"type": "integer", "description": "x"}}}


def test_several_captions_in_a_row_are_all_right(tmp_path: Path) -> None:
    row = {"image": "#.png", "caption_1": "A dog runs here.", "caption_2": "A running dog.", "caption_3": ""}

    (example, *_) = examples(reader_of(tmp_path, row))

    assert (texts(example)[1], example.references) == ("A dog runs here.", ["A dog runs here.", "A running dog."])


def test_reasoning_of_a_batch_stays_apart_from_its_answer(tmp_path: Path) -> None:
    answer = [{"reasoningContent": {"reasoningText": {"text": "Hm."}}}, {"text": "It is #."}]
    row = {
        "recordId": "#",
        "modelInput": {"messages": [{"role": "user", "content": [{"text": "What is #?"}]}]},
        "modelOutput": {"output": {"message": {"role": "assistant", "content": answer}}},
    }

    (example, *_) = examples(reader_of(tmp_path, row))

    assert texts(example) == ["What is 0?", "<think>Hm.</think>It is 0."]


def test_what_an_annotator_rejected_is_not_learnt(tmp_path: Path) -> None:
    rows = [PRODIGY | {"text": f"{n}", "answer": answer} for n, answer in enumerate(["accept", "reject", "ignore"])]
    files: dict[str, bytes | str] = {"d.json": json.dumps(rows)}
    data = Data(prompt="What?", columns=Columns(context="text"))

    left_out = rejections(open_dataset(tmp_path, files, data=data))

    assert [found.code for row in left_out for found in row.findings] == ["marked-bad"] * 2


USER, GOOD, BAD = {"role": "user", "content": "q#?"}, {"role": "assistant", "content": "good"}, "bad"
TRANSCRIPT = "\n\nHuman: q#?\n\nAssistant: x\n\nHuman: and?\n\nAssistant: "


@pytest.mark.parametrize(
    ("row", "learnt"),
    [
        ({"prompt": "q#?", "chosen": "good", "rejected": BAD}, ["q0?", "good"]),
        ({"prompt": "q#?", "chosen": [USER, GOOD], "rejected": [USER]}, ["q0?", "good"]),
        ({"prompt": [USER], "chosen": [GOOD], "rejected": [BAD]}, ["q0?", "good"]),
        (
            {"conversations": [{"from": "human", "value": "q#?"}], "chosen": {"from": "gpt", "value": "good"}}
            | {"rejected": {"from": "gpt", "value": BAD}},
            ["q0?", "good"],
        ),
        ({"chosen": f"{TRANSCRIPT}good", "rejected": f"{TRANSCRIPT}bad"}, ["q0?", "x", "and?", "good"]),
    ],
)
def test_of_preference_pairs_the_better_answers_are_learnt_where_the_recipe_says_so(
    tmp_path: Path, row: Row, learnt: list[str]
) -> None:
    refused = rejections(reader_of(tmp_path / "a", row))
    (recipe,) = proposed(refused[0].findings[0].fix)
    data = Data.model_validate(recipe)
    reader = reader_of(tmp_path / "b", row, data)

    assert "preference pairs" in refused[0].findings[0].message
    assert texts(examples(reader)[0]) == learnt
    (found,) = [found for found in reader.findings if found.code == "preference-pairs"]
    assert found.severity == "warning"


def proposed(fix: str) -> list[Any]:
    """The recipes' ``data`` that a fix proposes."""
    return [yaml.safe_load(lines) for lines in re.findall(r"data: (\{(?:[^{}]|\{[^{}]*\})*\})", fix)]


@pytest.mark.parametrize(
    ("row", "learnt"),
    [
        ({"db_id": "x1", "nr": 5, "body": "What is #?", "reply": "It is #."}, ["What is 0?", "It is 0."]),
        ({"uid": "a-#", "article": "A text of # words.", "highlights": "short"},
         ["A text of 0 words.\n\nSummarise this text.", "short"]),
        ({"created": "2026-01-0#", "photo": "#.png", "dish": "a soup"}, ["<0.png> What is in this image?", "a soup"]),
        ({"text": "A text of # words.", "mood": "good"}, ["A text of 0 words.\n\nIs this good or bad?", "good"]),
        ({"text": "A text of # words.", "label": "good"}, ["A text of 0 words.\n\nIs this good or bad?", "good"]),
    ],
)  # fmt: skip
def test_a_proposed_recipe_names_texts_and_leads_to_the_end(tmp_path: Path, row: Row, learnt: list[str]) -> None:
    refused = rejections(reader_of(tmp_path / "a", row))

    recipes = [Data.model_validate(each) for each in proposed(refused[0].findings[0].fix)]

    found = [examples(reader_of(tmp_path / str(n), row, data))[0] for n, data in enumerate(recipes)]
    assert learnt in [texts(example) for example in found]


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ({"id": 1, "image_id": 2, "category_id": 3, "bbox": [1, 2, 3, 4]}, "boxes"),
        ({"input_ids": [1, 2], "attention_mask": [1, 1], "labels": [1, 2]}, "tokens"),
        ({"words": ["a", "b"], "tags": ["O", "B-X"]}, "tag"),
        ({"text": "An is here.", "label": [[0, 2, "PER"]]}, "tag"),
        ({"messages": [{"sender_name": "An", "content": "q"}, {"sender_name": "Ba", "content": "a"}]}, "people"),
        ({"custom_id": "1", "response": {"status_code": 200, "body": {}}}, "without their questions"),
        ({"query": "q", "pos": ["a"], "neg": ["b"]}, "search"),
        ({"image": "#.png", "objects": {"bbox": [[1, 2, 3, 4]], "category": [0]}}, "boxes"),
        ({"type": "message", "user": "U1", "text": "hello", "ts": "1.0"}, "people"),
        ({"instruction": "q", "output": ["good", "bad"]}, "preference pairs"),
        ({"prompt": "q", "response_0": "a", "response_1": "b", "better_response_id": 1}, "compared"),
        ({"prompt": "q", "response_a": "a", "response_b": "b", "winner": "a"}, "compared"),
        ({"nr": 1, "at": "2026-01-01", "uid": "ab-1", "more": {"x": 1}}, "no column holds texts"),
    ],
)
def test_rows_that_hold_no_answers_are_named(tmp_path: Path, row: Row, word: str) -> None:
    refused = rejections(reader_of(tmp_path, row))

    assert {found.code for each in refused for found in each.findings} == {"rows-unrecognised"}
    assert word in refused[0].findings[0].message
    assert "columns: {question" not in refused[0].findings[0].fix


@pytest.mark.parametrize(
    ("row", "columns", "what"),
    [
        ({"picture": "#.png", "caption": "a soup"}, {"question": "picture", "answer": "caption"}, "names of files"),
        ({"custom_id": "r-#", "method": "POST"}, {"question": "custom_id", "answer": "method"}, "ids"),
        ({"title": "a title", "at": "@"}, {"question": "title", "answer": "at"}, "times"),
    ],
)
def test_a_recipe_that_makes_nonsense_is_refused(tmp_path: Path, row: Row, columns: Row, what: str) -> None:
    refused = rejections(reader_of(tmp_path, row, Data(columns=Columns(**columns))))

    assert what in refused[0].findings[0].message
