from typing import Any

import orjson
import pytest

from tailor.evaluation.questions.arms import build_request, pick_shots, sample_rows
from tailor.evaluation.questions.held_out import Row

CONVERSE = {
    "schemaVersion": "bedrock-conversation-2024",
    "messages": [
        {"role": "user", "content": [{"text": "Màu gì?"}]},
        {"role": "assistant", "content": [{"text": "đỏ"}]},
    ],
}


@pytest.mark.parametrize(
    ("record", "asked", "answer"),
    [
        (CONVERSE, "Màu gì?", "đỏ"),
        ({"prompt": "Màu gì?", "completion": " đỏ"}, "Màu gì?", "đỏ"),
        (
            {
                "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "2+2"}],
                "reference_answer": "4",
            },
            "2+2",
            "4",
        ),
    ],
)
def test_examples_are_read_in_every_format_that_trains(record: dict[str, Any], asked: str, answer: str) -> None:
    (shot,) = pick_shots([orjson.dumps(record)], 3)
    assert (shot.content[0]["text"], shot.answer) == (asked, answer)


@pytest.mark.parametrize(
    "record",
    [
        {"input": "một tài liệu"},
        {"messages": [{"role": "user", "content": [{"text": "prompt"}]}]},
        {"prompt": "x", "completion": " "},
    ],
)
def test_records_without_an_answer_give_no_example(record: dict[str, Any]) -> None:
    assert [shot for shot in pick_shots([orjson.dumps(record), b""], 3) if shot.answer] == []


def test_examples_differ_in_their_answers_and_are_always_the_same_ones() -> None:
    lines = [
        orjson.dumps({"prompt": f"q{place}", "completion": "đỏ" if place < 90 else f"a{place}"}) for place in range(100)
    ]
    first, second = pick_shots(lines, 4, seed=1), pick_shots(list(reversed(lines)), 4, seed=1)
    assert first == second
    assert len({shot.answer for shot in first}) == 4
    assert pick_shots(lines, 0) == []


def test_requests_share_system_and_decoding_and_only_examples_differ() -> None:
    row = Row(
        "r", ("đỏ",), "g", messages=({"role": "user", "content": [{"text": "Màu gì?"}]},), system=({"text": "Ngắn."},)
    )
    plain, shown = build_request(row, 16), build_request(row, 16, pick_shots([orjson.dumps(CONVERSE)], 1))
    assert plain["inferenceConfig"] == shown["inferenceConfig"] == {"maxTokens": 16, "temperature": 0.0}
    assert plain["system"] == shown["system"] == [{"text": "Ngắn."}]
    assert [message["role"] for message in shown["messages"]] == ["user", "assistant", "user"]
    assert shown["messages"][-1:] == plain["messages"]


def test_a_sample_keeps_groups_whole() -> None:
    rows = [Row(f"r{place}", ("x",), f"g{place // 3}") for place in range(300)]
    sample = sample_rows(rows, 100, seed=2)
    assert 97 <= len(sample) <= 100
    groups = {row.group for row in sample}
    assert len(sample) == sum(row.group in groups for row in rows)
    assert sample == sample_rows(list(rows), 100, seed=2)
    assert len(sample_rows(rows, 1000)) == 300
