"""Preference pairs: both answers of each are read, in all the shapes in which people write them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tailor.datasets.example import Example
from tailor.recipe import Columns, Data
from tests.unit.datasets.conftest import write_jsonl
from tests.unit.datasets.support import codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]
ASKED, GOOD, BAD = "q#?", "good #", "bad #"
USER, BETTER, WORSE = (
    {"role": role, "content": text} for role, text in (("user", ASKED), ("assistant", GOOD), ("assistant", BAD))
)
EARLIER = "\n\nHuman: hi #\n\nAssistant: hello\n\nHuman: q#?\n\nAssistant: "


def blocks(text: str) -> list[Row]:
    return [{"text": text}]


SHAPES: dict[str, tuple[Row, str]] = {
    "columns": ({"prompt": ASKED, "chosen": GOOD, "rejected": BAD}, "pairs-read"),
    "other names": ({"question": ASKED, "accepted": GOOD, "rejected": BAD}, "pairs-read"),
    "whole conversations": ({"prompt": "x", "chosen": [USER, BETTER], "rejected": [USER, WORSE]}, "pairs-read"),
    "UltraFeedback": (
        {"prompt": ASKED, "messages": [USER, BETTER], "chosen": [USER, BETTER], "rejected": [USER, WORSE]},
        "pairs-read",
    ),
    "turns": ({"prompt": [USER], "chosen": [BETTER], "rejected": [WORSE]}, "pairs-read"),
    "ShareGPT": (
        {"conversations": [{"from": "human", "value": ASKED}], "chosen": {"from": "gpt", "value": GOOD}}
        | {"rejected": {"from": "gpt", "value": BAD}},
        "pairs-read",
    ),
    "OpenAI": (
        {"input": {"messages": [USER]}, "preferred_output": [BETTER], "non_preferred_output": [WORSE]},
        "pairs-read",
    ),
    "AWS": (
        {
            "messages": [
                {"role": "user", "content": blocks(ASKED)},
                {
                    "role": "assistant",
                    "candidates": [
                        {"content": blocks(BAD), "preferenceLabel": "non-preferred"},
                        {"content": blocks(GOOD), "preferenceLabel": "preferred"},
                    ],
                },
            ]
        },
        "pairs-read",
    ),
    "LLaMA-Factory": ({"instruction": ASKED, "input": "", "output": [GOOD, BAD]}, "pairs-read"),
}


def pairs_of(folder: Path, *rows: Row, data: Data | None = None, count: int = 4) -> Any:
    lines = [json.dumps(row, ensure_ascii=False).replace("#", str(n)) for n in range(count) for row in rows]
    return open_dataset(folder, {"d.jsonl": "\n".join(lines)}, method="preference-optimization", data=data)


@pytest.mark.parametrize(("row", "told"), SHAPES.values(), ids=SHAPES)
def test_both_answers_are_read(tmp_path: Path, row: Row, told: str) -> None:
    reader = pairs_of(tmp_path, row)

    found = examples(reader)

    assert [(texts(each), each.worse) for each in found] == [([f"q{n}?", f"good {n}"], f"bad {n}") for n in range(4)]
    assert told in codes(reader)


def test_earlier_turns_and_the_system_text_are_kept(tmp_path: Path) -> None:
    (found, *_) = examples(pairs_of(tmp_path, {"chosen": f"{EARLIER}{GOOD}", "rejected": f"{EARLIER}{BAD}"}))
    assert (texts(found), found.worse) == (["hi 0", "hello", "q0?", "good 0"], "bad 0")

    system = {"system": "Be brief.", "prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    (found, *_) = examples(pairs_of(tmp_path / "system", system))
    assert (found.system, texts(found)) == ("Be brief.", ["q0?", "good 0"])


def test_the_input_of_an_instruction_is_kept(tmp_path: Path) -> None:
    row = {"instruction": "Translate.", "input": "hello #", "chosen": GOOD, "rejected": BAD}
    (found, *_) = examples(pairs_of(tmp_path, row))
    assert "Translate." in texts(found)[0] and "hello 0" in texts(found)[0]
    assert (texts(found)[1], found.worse) == ("good 0", "bad 0")


def test_a_recipe_may_name_both_columns_and_turn_them_round(tmp_path: Path) -> None:
    row = {"prompt": ASKED, "Ours": GOOD, "theirs": BAD}
    columns = Columns(answer="ours", worse="theirs")
    (found, *_) = examples(pairs_of(tmp_path, row, data=Data(columns=columns)))
    assert (texts(found), found.worse) == (["q0?", "good 0"], "bad 0")

    usual = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    reader = pairs_of(tmp_path / "told", usual)
    (told,) = [finding for finding in reader.findings if finding.code == "pairs-read"]
    turned = Data.model_validate(yaml.safe_load(told.fix.partition("data: ")[2]))
    (found, *_) = examples(pairs_of(tmp_path / "turned", usual, data=turned))
    assert (texts(found), found.worse) == (["q0?", "bad 0"], "good 0")


def test_a_recipe_that_names_the_better_column_changes_nothing(tmp_path: Path) -> None:
    row = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    (found, *_) = examples(pairs_of(tmp_path, row, data=Data(columns=Columns(answer="chosen"))))
    assert found.worse == "bad 0"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ({"prompt": ASKED, "chosen": GOOD, "rejected": " "}, "pair-incomplete"),
        ({"prompt": ASKED, "chosen": None, "rejected": BAD}, "pair-incomplete"),
        ({"prompt": ASKED, "chosen": "", "rejected": []}, "pair-incomplete"),
        ({"prompt": "", "chosen": [USER, BETTER], "rejected": [USER]}, "pair-incomplete"),
        ({"chosen": [USER, BETTER], "rejected": [{"role": "user", "content": "other"}, WORSE]}, "pair-differs"),
    ],
)
def test_a_row_that_is_no_pair_is_told_why(tmp_path: Path, row: Row, code: str) -> None:
    sound = {"prompt": ASKED, "chosen": GOOD, "rejected": BAD}
    reader = pairs_of(tmp_path, sound, row, count=2)

    left_out = rejections(reader)

    assert [[found.code for found in each.findings] for each in left_out] == [[code]] * 2
    assert sum(isinstance(each, Example) for each in reader) == 2


def test_rows_without_pairs_can_not_be_preferred(tmp_path: Path) -> None:
    for place, row in enumerate(({"question": ASKED, "answer": GOOD}, {"response_a": GOOD, "response_b": BAD})):
        left_out = rejections(pairs_of(tmp_path / str(place), {"question": ASKED} | row))
        assert {found.code for each in left_out for found in each.findings} <= {"method-mismatch", "rows-unrecognised"}
        assert all("chosen" in found.fix for each in left_out for found in each.findings)
        assert len(left_out) == 4


def test_pairs_are_prepared_in_awss_format_and_the_better_answer_is_the_reference(
    dataset: Path, intake: Callable[..., Any]
) -> None:
    rows = [
        {
            "system": "Be kind.",
            "prompt": f"question {n}?",
            "chosen": f"A good answer {n}",
            "rejected": f"bad  {n}\u200b",
        }
        for n in range(40)
    ]
    rows += [rows[0], rows[0] | {"rejected": "worse still"}]
    write_jsonl(dataset / "d.jsonl", rows)

    outcome = intake(method="preference-optimization", model="nova-micro", split={"test": 0.25})

    assert outcome.report.usable
    (first, *_) = outcome.lines("prepared/train.jsonl")
    assert first["system"] == [{"text": "Be kind."}]
    *before, last = first["messages"]
    number = before[0]["content"][0]["text"].split()[1].rstrip("?")
    assert last == {
        "role": "assistant",
        "candidates": [
            {"content": [{"text": f"A good answer {number}"}], "preferenceLabel": "preferred"},
            {"content": [{"text": f"bad  {number}"}], "preferenceLabel": "non-preferred"},
        ],
    }
    (tested, *_) = outcome.lines("prepared/test.jsonl")
    number = tested["messages"][0]["content"][0]["text"].split()[1].rstrip("?")
    assert (tested["references"], tested["worse"]) == ([f"A good answer {number}"], f"bad  {number}")
    assert len(outcome.found("duplicate-row")) == 1
    assert not outcome.found("conflicting-answers")


@pytest.mark.parametrize(
    ("worse", "code"),
    [
        ("Fine  3 ", "pair-equal"),
        ("Fine 3\u200b", "pair-equal"),  # once what nobody sees is removed
        ("<think>Hm.</think>Fine 3", "pair-equal"),  # once the reasoning is taken out
        ("<think>Hm.</think>", "pair-incomplete"),
        ({"role": "assistant", "content": " "}, "pair-incomplete"),
    ],
)
def test_answers_that_become_the_same_or_empty_are_no_pair(
    dataset: Path, intake: Callable[..., Any], worse: Any, code: str
) -> None:
    rows: list[Row] = [{"prompt": f"question {n}?", "chosen": f"Fine {n}", "rejected": f"No {n}"} for n in range(40)]
    rows[3]["rejected"] = worse
    write_jsonl(dataset / "d.jsonl", rows)

    outcome = intake(method="preference-optimization", model="nova-micro", data={"on_error": "skip"})

    assert [found["line"] for found in outcome.found(code)] == [4]
    assert outcome.report.counts["used"] == 39


def test_labels_of_any_kind_are_read(tmp_path: Path) -> None:
    odd = {"messages": [USER, {"role": "assistant", "candidates": [{"preferenceLabel": ["x"]}, {"content": 3}]}]}
    left_out = rejections(pairs_of(tmp_path, odd))
    assert {found.code for each in left_out for found in each.findings} <= {"pair-incomplete", "wrong-type"}


def test_a_worse_answer_is_checked_like_a_better_one(dataset: Path, intake: Callable[..., Any]) -> None:
    rows = [{"prompt": f"question {n}?", "chosen": f"Fine {n}", "rejected": f"No {n}"} for n in range(40)]
    rows[3]["rejected"] = "Write to someone@example.com"
    rows[4]["rejected"] = "word " * 9000
    write_jsonl(dataset / "d.jsonl", rows)

    outcome = intake(method="preference-optimization", model="nova-micro")

    assert [found["line"] for found in outcome.found("personal-email")] == [4]
    assert [found["line"] for found in outcome.found("too-many-tokens")] == [5]
