"""Conversations are read by their content, whatever their keys are called."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tailor.datasets.example import Example
from tailor.recipe import Data
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

TURNS = [{"role": "user", "content": "Hỏi"}, {"role": "assistant", "content": "đáp"}]
ASKED = {"role": "user", "content": "Hỏi"}


@pytest.mark.parametrize(
    "row",
    [
        {"dialog": TURNS},
        {"conversations": {"from": ["human", "gpt"], "value": ["Hỏi", "đáp"]}},
        {"talk": {"role": ["user", "assistant"], "content": ["Hỏi", "đáp"]}},
        {"my_turns": TURNS},
        {"messages": json.dumps(TURNS)},
        {"conversations": str(TURNS)},
        {"messages": [{"author": "user", "content": "Hỏi"}, {"author": "bot", "content": "đáp"}]},
        {"messages": [{"author": {"role": "Prompter"}, "text": "Hỏi"}, {"author": {"role": "Model"}, "text": "đáp"}]},
        {"contents": [{"role": "user", "parts": [{"text": "Hỏi"}]}, {"role": "model", "parts": [{"text": "đáp"}]}]},
        {"request": {"contents": [{"role": "user", "parts": [{"text": "Hỏi"}]}, {"role": "model", "parts": ["đáp"]}]}},
        {"data": ["Hỏi", "đáp"]},
        {"conversation": [["Hỏi", "đáp"]]},
        {"chat": [{"user": "Hỏi"}, {"assistant": "đáp"}]},
        {"turns": [{"question": "Hỏi", "answer": "đáp"}]},
        {"input": [ASKED], "ideal": "đáp"},
        {"input": {"messages": [ASKED]}, "expected_output": {"role": "assistant", "content": "đáp"}},
        {"row_idx": 0, "row": {"messages": TURNS}, "truncated_cells": []},
        {"messages": [{"type": "human", "content": "Hỏi"}, {"type": "ai", "content": "đáp"}]},
        {"messages": [{"type": "human", "data": {"content": "Hỏi"}}, {"type": "ai", "data": {"content": "đáp"}}]},
        {"dialogue": [{"speaker": "User", "utterance": "Hỏi"}, {"speaker": "System", "utterance": "đáp"}]},
        {"messages": "[{'content': 'Hỏi', 'role': 'user'}\n {'content': 'đáp', 'role': 'assistant'}]"},
        {"prompt": str([ASKED]), "completion": "đáp"},
    ],
)
def test_turns_under_any_names(tmp_path: Path, row: Any) -> None:
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps(row)})
    (example,) = examples(reader)
    assert not any(found.path and found.path.startswith("$.messages[]") for found in reader.findings)
    assert texts(example) == ["Hỏi", "đáp"]
    assert [turn.role for turn in example.turns] == ["user", "assistant"]


def test_gemini_with_its_system_text_and_a_picture(tmp_path: Path) -> None:
    parts = [{"fileData": {"mimeType": "image/png", "fileUri": "gs://bucket/a.png"}}, {"text": "Hỏi"}]
    row = {
        "systemInstruction": {"role": "system", "parts": [{"text": "Ngắn."}]},
        "contents": [{"role": "user", "parts": parts}, {"role": "model", "parts": [{"text": "đáp"}]}],
    }
    reader = open_dataset(tmp_path, {"d.jsonl": json.dumps(row), "a.png": PIXEL})
    (example,) = examples(reader)
    assert texts(example) == ["<gs://bucket/a.png> Hỏi", "đáp"]
    assert example.system == "Ngắn."
    assert not codes(reader) & {"unknown-key", "not-used"}


def test_a_speaker_that_nobody_knows_is_named(tmp_path: Path) -> None:
    row = {"messages": [{"role": "narrator", "content": "x"}, *TURNS]}
    (rejected,) = list(open_dataset(tmp_path, {"d.jsonl": json.dumps(row)}))
    assert "'narrator'" in rejected.findings[0].message  # type: ignore[union-attr]


def test_a_row_for_each_turn(tmp_path: Path) -> None:
    table = (
        "thread,who,text,turn\na,customer,Một?,1\na,agent,1,2\n"
        "b,customer,Hai?,1\nb,agent,2,2\nb,customer,Ba?,4\nb,agent,3,5\n"
    )
    reader = open_dataset(tmp_path, {"d.csv": table})
    first, second = examples(reader)
    assert texts(first) == ["Một?", "1"]
    assert texts(second) == ["Hai?", "2", "Ba?", "3"]
    assert (first.id, first.line, second.line) == ("a", 2, 4)
    assert "turns-gathered" in codes(reader)


def test_turns_of_one_conversation_that_lie_apart_are_listed(tmp_path: Path) -> None:
    names = [*(f"c{number}" for number in range(40)), "c3"]
    lines = [{"id": name, "role": role, "content": role[:2]} for name in names for role in ("user", "assistant")]
    reader = open_dataset(tmp_path, {"d.jsonl": "".join(f"{json.dumps(line)}\n" for line in lines)})
    (rejected,) = rejections(reader)
    assert (rejected.line, rejected.findings[0].code) == (81, "turns-apart")
    assert sum(isinstance(row, Example) for row in reader) == 40


@pytest.mark.parametrize("more", [("", ""), (",lang", ",vi")])
def test_turns_that_nothing_holds_together_are_named(tmp_path: Path, more: tuple[str, str]) -> None:
    rows = "".join(f"{row}{more[1]}\n" for row in ("user,Một?", "assistant,1", "user,Hai?", "assistant,2"))
    reader = open_dataset(tmp_path, {"d.csv": f"role,content{more[0]}\n{rows}"})
    assert {found.code for row in rejections(reader) for found in row.findings} == {"turns-apart"}


@pytest.mark.parametrize(
    "document",
    [
        {"question": {"0": "Một?", "1": "Hai?"}, "answer": {"0": "1", "1": "2"}},
        {"question": ["Một?", "Hai?"], "answer": ["1", "2"]},
        [
            {"inputs": {"question": "Một?"}, "outputs": {"answer": "1"}},
            {"inputs": {"question": "Hai?"}, "outputs": {"answer": "2"}},
        ],
    ],
)
def test_columns_and_objects(tmp_path: Path, document: Any) -> None:
    reader = open_dataset(tmp_path, {"d.json": json.dumps(document)})
    assert [texts(example) for example in examples(reader)] == [["Một?", "1"], ["Hai?", "2"]]


def test_captions_under_the_names_of_pictures(tmp_path: Path) -> None:
    reader = open_dataset(
        tmp_path, {"d.json": json.dumps({"a.png": ["một", "hai"], "b.png": ["ba", "bốn"]}), "a.png": PIXEL}
    )
    found = examples(reader)
    assert [(texts(example)[0][:7], example.references) for example in found] == [
        ("<a.png>", ["một", "hai"]),
        ("<b.png>", ["ba", "bốn"]),
    ]


def test_a_translation_is_named_with_a_recipe_that_works(tmp_path: Path) -> None:
    rows = [{"translation": {"en": f"one {n}", "vi": f"một {n}"}} for n in range(3)]
    files: dict[str, bytes | str] = {"d.jsonl": "".join(f"{json.dumps(row)}\n" for row in rows)}
    fix = rejections(open_dataset(tmp_path, files))[0].findings[0].fix
    recipe = yaml.safe_load(fix[fix.index("data:") :])
    found = examples(open_dataset(tmp_path, files, data=Data.model_validate(recipe["data"])))
    assert texts(found[0]) == ["one 0\n\nTranslate into Vietnamese.", "một 0"]


def test_a_template_beside_the_rows_is_no_row(tmp_path: Path) -> None:
    template = json.dumps({"prompt": "### Instruction:\n{instruction}\n", "completion": " {response}"})
    row = json.dumps({"instruction": "Hỏi", "response": "đáp"})
    reader = open_dataset(tmp_path, {"template.json": template, "train.jsonl": f"{row}\n"})
    assert [texts(example) for example in examples(reader)] == [["Hỏi", "đáp"]]
    assert "file-not-used" in codes(reader)


def test_verl_and_batch_inference(tmp_path: Path) -> None:
    graded = {"prompt": [{"role": "user", "content": "1+1"}], "reward_model": {"style": "rule", "ground_truth": "2"}}
    (example,) = examples(open_dataset(tmp_path / "a", {"d.jsonl": json.dumps(graded)}, method="reinforcement"))
    assert example.references == ["2"]
    batch = {
        "recordId": "r1",
        "modelInput": {"messages": [{"role": "user", "content": [{"text": "Hỏi"}]}]},
        "modelOutput": {"output": {"message": {"role": "assistant", "content": [{"text": "đáp"}]}}},
    }
    (example,) = examples(open_dataset(tmp_path / "b", {"d.jsonl": json.dumps(batch)}))
    assert (texts(example), example.id) == (["Hỏi", "đáp"], "r1")


def test_rows_that_are_lists_of_turns(tmp_path: Path) -> None:
    found = examples(open_dataset(tmp_path, {"d.jsonl": f"{json.dumps(TURNS)}\n" * 2}))
    assert [texts(example) for example in found] == [["Hỏi", "đáp"]] * 2
