"""Conversations are read by their content, whatever their keys are called."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, texts

TURNS = [{"role": "user", "content": "Hỏi"}, {"role": "assistant", "content": "đáp"}]
ASKED = {"role": "user", "content": "Hỏi"}


@pytest.mark.parametrize(
    "row",
    [
        {"dialog": TURNS},
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
    ],
)
def test_turns_under_any_names(tmp_path: Path, row: dict[str, Any]) -> None:
    (example,) = examples(open_dataset(tmp_path, {"d.jsonl": json.dumps(row)}))
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
