"""Nothing that a row says is lost in silence: each key is used, or set aside with a reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tailor.datasets.example import Example, Rejected, as_dict
from tailor.datasets.formats import carriers, registry
from tailor.datasets.formats.account import AccountingConverter
from tailor.datasets.formats.base import Context, Sample
from tailor.datasets.sources import choose
from tailor.findings import FindingTally, RowError
from tailor.recipe import Columns, Data, Method
from tests.unit.datasets.support import PIXEL, codes, examples, open_dataset, rejections, texts

Row = dict[str, Any]
USER, ANSWER = {"role": "user", "content": "q?"}, {"role": "assistant", "content": "a"}
BASES: list[tuple[Method, Row]] = [
    ("fine-tuning", {"schemaVersion": "bedrock-conversation-2024",
                     "messages": [{"role": "user", "content": [{"text": "q?"}]},
                                  {"role": "assistant", "content": [{"text": "a"}]}]}),
    ("fine-tuning", {"messages": [USER, ANSWER]}),
    ("fine-tuning", {"conversations": [{"from": "human", "value": "q?"}, {"from": "gpt", "value": "a"}]}),
    ("fine-tuning", {"image": "1.png", "conversations": [{"from": "human", "value": "<image>q?"},
                                                         {"from": "gpt", "value": "a"}]}),
    ("fine-tuning", {"instruction": "q?", "output": "a"}),
    ("fine-tuning", {"prompt": "q?", "completion": "a"}),
    ("fine-tuning", {"question": "q?", "answer": "a"}),
    ("fine-tuning", {"image": "1.png", "caption": "a"}),
    ("continued-pre-training", {"text": "a text"}),
    ("distillation", {"prompt": "q?"}),
]  # fmt: skip
KEYS = st.text(min_size=1, max_size=8) | st.sampled_from(
    sorted(
        carriers.words(
            "label kto_tag weight train loss chosen rejected reasoning Complex_CoT thinking history system_prompt "
            "split Data_Split audios tools choices id is_correct messages"
        )
    )
)
VALUES = st.sampled_from(
    [True, False, 0, 1, "0", "test", "val", "x", "bad", 2.5, "a.png", [["q", "a"]], ["x"], {"a": 1}]
)


def account_of(method: Method, rows: list[Row]) -> tuple[AccountingConverter, FindingTally]:
    names = list(dict.fromkeys(key for row in rows for key in row))
    columns, notes = choose(Columns(), names, rows, lambda _: False), FindingTally()
    format = registry.recognise(Sample(rows, method, columns), Columns())
    assume(format)
    assert format
    prompt = "p?" if format.name == "captions" else None
    context = Context("d.json", method, Data(), notes, columns, prompt=prompt)
    return AccountingConverter(format, context, rows, lambda name: name == "a.png"), notes


def outcome(account: AccountingConverter, row: Row) -> Any:
    """Return what a row becomes, to compare it."""
    try:
        example = account.convert(json.loads(json.dumps(row)), 1)
    except RowError as error:
        return [found.code for found in error.problems]
    return as_dict(example)


@settings(deadline=None, max_examples=150)
@given(base=st.sampled_from(BASES), added=st.lists(st.dictionaries(KEYS, VALUES, max_size=4), min_size=1, max_size=4))
def test_each_key_has_an_effect_or_is_set_aside_and_counted(base: tuple[Method, Row], added: list[Row]) -> None:
    method, plain = base
    rows = [plain | {key: value for key, value in more.items() if key not in plain} for more in added]
    account, notes = account_of(method, rows)
    told: dict[str, int] = {}

    outcomes: list[Example | None] = []
    for line, row in enumerate(rows, start=1):
        try:
            outcomes.append(account.convert(row, line))
        except RowError as error:
            outcomes.append(None)
            assert error.problems
    for group in notes.document():
        for path, seen in group.first.items():
            told[path] = told.get(path, 0) + seen.rows

    assert len(outcomes) == len(rows)
    for key in {key for row in rows for key in row} - plain.keys():
        having = [row for row in rows if row.get(key, []) not in (None, "", [], {})]
        counted = told.get(f"$.{key}", 0)
        unexplained = [
            row
            for row in having
            if isinstance(outcome(account, row), dict)  # whatever else a row says that is left out is left out
            and key not in account.used(row)
            and outcome(account, row) == outcome(account, _without(row, key))
        ]
        assert counted <= len(having)
        assert counted >= len(unexplained) or carriers.is_mark(key), key  # a mark of a good answer changes nothing


def _without(row: Row, key: str) -> Row:
    return {name: value for name, value in row.items() if name != key}


def lines(*rows: Row) -> dict[str, bytes | str]:
    return {"d.jsonl": "".join(json.dumps(row) + "\n" for row in rows), "a.png": PIXEL}


CHAT: Row = {"messages": [USER, ANSWER]}
PAIR: Row = {"question": "q?", "answer": "a"}
ALPACA: Row = {"instruction": "q?", "output": "a"}


@pytest.mark.parametrize("base", [CHAT, PAIR, ALPACA, {"prompt": "q?", "completion": "a"}])
@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("label", True, False),
        ("kto_tag", "true", "False"),
        ("weight", 1, 0),
        ("train", True, False),
        ("is_correct", "yes", "no"),
        ("thumbs_down", False, True),
        ("feedback", "👍", "👎"),
        ("label", "1", "0"),
        ("status", "approved", "rejected"),
        ("desirable", True, False),
    ],
)
def test_rows_that_the_data_mark_as_bad_are_left_out(
    tmp_path: Path, base: Row, key: str, good: object, bad: object
) -> None:
    reader = open_dataset(tmp_path, lines(base | {key: good}, base | {key: bad}, base | {key: good}))

    (left_out,) = rejections(reader)

    assert left_out.line == 2
    assert [(found.code, found.severity) for found in left_out.findings] == [("marked-bad", "warning")]
    assert key in left_out.findings[0].message


def test_a_label_that_is_no_verdict_is_told_and_one_that_the_recipe_names_is_no_mark(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path / "a", lines(PAIR | {"label": "khen"}, PAIR | {"label": "0"}))
    examples(reader)
    assert [(found.code, found.severity) for found in reader.findings if found.code == "not-used"] == [
        ("not-used", "warning")
    ]
    data = Data(columns=Columns(category="label"))
    reader = open_dataset(tmp_path / "b", lines(PAIR | {"label": "0"}, PAIR | {"label": "1"}), data=data)
    assert [example.category for example in examples(reader)] == ["0", "1"]


def test_whether_a_guess_was_right_is_no_mark_of_the_answer(tmp_path: Path) -> None:
    rows = [PAIR | {"prediction": "x", "is_correct": right} for right in (True, False)]

    assert len(examples(open_dataset(tmp_path, lines(*rows)))) == 2


@pytest.mark.parametrize(
    ("key", "values", "parts"),
    [
        ("Data-Split", ["TEST", "Train", "valid"], ["test", "train", "validation"]),
        ("is_test", [True, False], ["test", None]),
        ("Usage", ["PrivateTest", "Training"], ["test", "train"]),
        ("which", ["val2014", "train2014", "test set"], ["validation", "train", "test"]),
        ("set_name", ["test", "kiểm tra"], ["test", "test"]),
        ("which", ["test", "taste"], [None, None]),
        ("metadata", [{"split": "test", "by": "x"}, {"split": "train"}], ["test", "train"]),
    ],
)
def test_the_part_of_a_row_is_read_whatever_its_column_is_called(
    tmp_path: Path, key: str, values: list[object], parts: list[str | None]
) -> None:
    found = examples(open_dataset(tmp_path, lines(*(PAIR | {key: value} for value in values))))

    assert [example.split for example in found] == parts


@pytest.mark.parametrize("mark", [{"weight": 0}, {"train": False}, {"loss": False}, {"loss_scale": 0.0}])
def test_a_conversation_ends_before_an_answer_that_is_not_to_be_learnt(tmp_path: Path, mark: Row) -> None:
    marked = {**ANSWER, **mark}
    shapes = [
        {"messages": [USER, ANSWER, USER, marked, USER, ANSWER]},
        {"messages": [{"role": "system", "content": "s"}, USER, marked, USER, ANSWER]},
        {"messages": [{**USER, **mark}, ANSWER]},
    ]
    reader = open_dataset(tmp_path, lines(*shapes))

    cut, left_out, whole = reader

    assert isinstance(cut, Example)
    assert texts(cut) == ["q?", "a"]
    assert [found.path for found in reader.findings if found.code == "marked-bad"] == [
        f"$.messages[].{next(iter(mark))}"
    ]
    assert isinstance(left_out, Rejected)
    assert [found.severity for found in left_out.findings] == ["warning"]
    assert isinstance(whole, Example)


@pytest.mark.parametrize("base", [CHAT, PAIR, ALPACA])
def test_systems_histories_splits_and_reasoning_are_read_in_any_format(tmp_path: Path, base: Row) -> None:
    table = "question,answer,history\nq?,a,\"[('q0', 'a0')]\"\n"
    (printed,) = examples(open_dataset(tmp_path / "csv", {"d.csv": table}))
    assert texts(printed) == ["q0", "a0", "q?", "a"]
    more = {
        "system_prompt": "Be brief.",
        "history": [["q0", "a0"], {"role": "user", "content": "q1"}, {"role": "assistant", "content": "a1"}],
        "Data-Split": "TEST",
        "Complex_CoT": "Hm.",
    }
    reader = open_dataset(tmp_path, lines(base | more, base | more))

    example = examples(reader)[0]

    assert (example.system, example.split) == ("Be brief.", "test")
    assert texts(example) == ["q0", "a0", "q1", "a1", "q?", "<think>Hm.</think>a"]
    assert "not-used" not in codes(reader)


@pytest.mark.parametrize(
    "answer",
    [
        {**ANSWER, "reasoning_content": "Hm."},
        {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "a"}]},
    ],
)
def test_the_reasoning_of_turns_stands_before_their_answers(tmp_path: Path, answer: Row) -> None:
    (example,) = examples(open_dataset(tmp_path, lines({"messages": [USER, answer]})))

    assert "".join(texts(example)[1].split(" ")) == "<think>Hm.</think>a"


def test_a_key_is_a_warning_where_it_is_likely_to_matter(tmp_path: Path) -> None:
    rows = [
        PAIR | {"shown": "a.png", "photo": "b.png", "rejected": "b", "note": "x", "void": None, "options_": ""},
        PAIR | {"shown": "a.png", "photo": "b.png", "rejected": "c"},
    ]
    reader = open_dataset(tmp_path, lines(*rows) | {"b.png": PIXEL}, data=Data(columns=Columns(image="shown")))

    assert len(examples(reader)) == 2

    told = {found.path: found for found in reader.findings if found.code == "not-used"}
    assert {path: found.severity for path, found in told.items()} == {
        "$.photo": "warning",
        "$.rejected": "warning",
        "$.note": "info",
    }
    assert "(2 rows" in told["$.rejected"].message


def test_keys_of_turns_and_parts_are_told(tmp_path: Path) -> None:
    part = {"type": "text", "text": "q?", "cache_control": {"type": "x"}}
    row = {"messages": [{"role": "user", "content": [part], "mood": "x"}, {**ANSWER, "name": None}]}
    reader = open_dataset(tmp_path, lines(row, row))

    assert len(examples(reader)) == 2

    assert {found.path for found in reader.findings if found.code == "not-used"} == {
        "$.messages[].mood",
        "$.messages[].content[].cache_control",
    }


def test_claudes_tools_are_read(tmp_path: Path) -> None:
    call = {"type": "tool_use", "id": "t1", "name": "look", "input": {"at": 1}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": [{"type": "text", "text": "a pixel"}]}
    messages = [
        USER,
        {"role": "assistant", "content": [{"type": "text", "text": "I look."}, call]},
        {"role": "user", "content": [result]},
        ANSWER,
    ]
    tool = {"name": "look", "description": "Looks.", "input_schema": {"type": "object", "properties": {}}}
    reader = open_dataset(tmp_path, lines({"messages": messages, "tools": [tool]}))

    (example,) = examples(reader)

    assert [type(block).__name__ for turn in example.turns for block in turn.blocks] == [
        "Text", "Text", "Raw", "Raw", "Text",
    ]  # fmt: skip
    assert example.extra["tools"][0]["toolSpec"]["inputSchema"] == {"json": tool["input_schema"]}
    assert "not-used" not in codes(reader)
