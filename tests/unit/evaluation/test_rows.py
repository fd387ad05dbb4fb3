import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.errors import InvalidInputError
from tailor.evaluation.rows import Answer, check_known, read_answers, read_rows, write_answers


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
