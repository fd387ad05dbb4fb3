import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.evaluation.questions.held_out import Answer, check_known, read_answers, read_rows, write_answers


def test_rows_need_no_more_than_an_id_and_references() -> None:
    rows = read_rows(
        '{"id": 1, "references": "đỏ"}\n\n{"id": "b", "references": ["a", "b"], "group": 7}\n'.encode(), "R"
    )
    assert [(row.id, row.references, row.group) for row in rows] == [("1", ("đỏ",), "1"), ("b", ("a", "b"), "7")]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "R.jsonl, line 2: this is not JSON"),
        ("[1]", "line 2: this is not a JSON object"),
        ('{"references": ["x"]}', "line 2: 'id' is missing"),
        ('{"id": true, "references": ["x"]}', "line 2: 'id' is missing"),
        ('{"id": "b", "references": [1]}', "line 2: 'references' is not a list of texts"),
        ('{"id": "a", "references": ["x"]}', "the id 'a' comes twice"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(line: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_rows(f'{{"id": "a", "references": ["x"]}}\n{line}\n'.encode(), "R.jsonl")


def test_an_empty_file_is_an_error() -> None:
    with pytest.raises(InvalidInputError, match="holds no rows"):
        read_rows(b"\n", "R.jsonl")


def test_answers_survive_the_round_trip() -> None:
    answers = [Answer("a", "đỏ", "end_turn", 12.5, 3, 1), Answer("b", "", error="not-allowed")]
    assert list(read_answers(write_answers(answers), "A").values()) == answers


def test_an_answer_to_nothing_is_an_error() -> None:
    rows = read_rows(b'{"id": "a", "references": ["x"]}', "R")
    answers = read_answers(b'{"id": "a", "answer": "x"}\n{"id": "z", "answer": "x"}', "C")
    with pytest.raises(InvalidInputError, match="1 of its 2 ids are not among the references: 'z'"):
        check_known(answers, rows, "C.jsonl")


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_do_worse_than_a_clear_error(data: bytes) -> None:
    for read in (read_rows, read_answers):
        try:
            read(data, "file")
        except InvalidInputError as error:
            assert error.message.startswith("file")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"group": ["a"]}, "'group' is not a text"),
        ({"category": {"x": 1}}, "'category' is not a text"),
        ({"messages": "hi"}, "'messages' is not a list of messages"),
        ({"messages": [{"role": "user", "content": "hi"}]}, "'messages' has content that is not a list of blocks"),
        ({"messages": [{"role": "user", "content": [{"text": 5}]}]}, "'messages' has content"),
        ({"system": 5}, "'system' has content"),
        ({"source": "s"}, "'source' is not an object"),
    ],
)
def test_a_row_of_another_shape_is_named(row: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=f"R.jsonl, line 1: {message}"):
        read_rows(orjson.dumps({"id": "a", "references": ["x"], **row}), "R.jsonl")


@pytest.mark.parametrize("odd", [{"latency_ms": "fast"}, {"input_tokens": 1.5}, {"stop_reason": {}}, {"error": ["x"]}])
def test_an_answer_of_another_shape_is_named(odd: dict[str, Any]) -> None:
    [key] = odd
    with pytest.raises(InvalidInputError, match=f"C.jsonl, line 1: '{key}' is not a"):
        read_answers(orjson.dumps({"id": "a", "answer": "x", **odd}), "C.jsonl")


def test_files_of_other_tools_are_told_how_to_become_lines() -> None:
    with pytest.raises(InvalidInputError) as listed:
        read_answers(b'[{"id": "a", "answer": "x"}]', "C.json")
    assert "jq -c .[]" in listed.value.hint
    with pytest.raises(InvalidInputError, match=r"C.jsonl is UTF-16 text"):
        read_answers('{"id": "a", "answer": "x"}\n'.encode("utf-16"), "C.jsonl")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("id", "references", "answer", "group", "category", "messages", "system", "source", "latency_ms", "error")


@settings(max_examples=200, deadline=None)
@given(st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, VALUES)))
def test_no_object_does_worse_than_a_clear_error(value: dict[str, Any]) -> None:
    for read in (read_rows, read_answers):
        try:
            found = read(json.dumps(value).encode(), "file")
        except InvalidInputError as error:
            assert error.message.startswith("file")
        else:
            for row in found if isinstance(found, list) else []:
                assert isinstance(row.question, str)
                assert isinstance(row.images, list)
