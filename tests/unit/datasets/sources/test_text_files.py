"""Text files as people have them: encodings, ends of lines, dialects of tables."""

import gzip
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.example import Rejected
from tailor.datasets.sources import legacy_encodings
from tests.unit.datasets.support import codes, examples, open_dataset, texts

QUESTION = "Đây có phải là bức ảnh chụp vận động viên trượt tuyết mặc áo đen không?"
TABLE = f"question,answer\n{QUESTION},màu đỏ\nHình tròn màu gì thế nhỉ?,bức tường\n"
TONES = "\u0300\u0301\u0303\u0309\u0323"


def in_windows_1258(text: str) -> bytes:
    """As Windows writes it: the tone mark as a character of its own where there is no whole letter."""
    result = b""
    for letter in text:
        try:
            result += letter.encode("cp1258")
        except UnicodeEncodeError:
            parts = unicodedata.normalize("NFD", letter)
            base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in TONES))
            result += (base + "".join(part for part in parts if part in TONES)).encode("cp1258")
    return result


def in_table(text: str, name: str) -> bytes:
    table = legacy_encodings._TABLES[name]
    return bytes(table.index(letter) for letter in text)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (TABLE.encode(), None),
        (TABLE.encode("utf-8-sig"), "byte-order-mark"),
        (TABLE.encode("utf-16"), "encoding-converted"),
        (TABLE.encode("utf-16-le"), "encoding-converted"),
        (TABLE.encode("utf-16-be"), "encoding-converted"),
        (TABLE.encode("utf-32"), "encoding-converted"),
        (in_windows_1258(TABLE), "encoding-converted"),
        (in_table(TABLE, "tcvn3"), "encoding-converted"),
        (in_table(TABLE, "viscii"), "encoding-converted"),
        (TABLE.replace("\n", "\r\n").encode(), None),
        (TABLE.replace("\n", "\r").encode(), None),
    ],
)
def test_vietnamese_in_any_encoding(tmp_path: Path, content: bytes, code: str | None) -> None:
    reader = open_dataset(tmp_path, {"d.csv": content})

    found = examples(reader)

    assert [texts(example) for example in found] == [
        [QUESTION, "màu đỏ"],
        ["Hình tròn màu gì thế nhỉ?", "bức tường"],
    ]
    assert codes(reader) - {"columns-guessed", "format-recognised"} == ({code} if code else set())


def test_western_text(tmp_path: Path) -> None:
    table = "question,answer\nOù est l’été à Noël ?,près du café\n"
    reader = open_dataset(tmp_path, {"d.csv": table.encode("cp1252")})

    assert texts(examples(reader)[0]) == ["Où est l’été à Noël ?", "près du café"]
    (finding,) = [finding for finding in reader.findings if finding.code == "encoding-converted"]
    assert "Windows-1252" in finding.message


def test_italian_is_not_taken_for_vietnamese(tmp_path: Path) -> None:
    table = "question,answer\nPerché è così?,Più tardi sarà già là\nChe città è?,È Forlì\n"
    reader = open_dataset(tmp_path, {"d.csv": table.encode("cp1252")})

    assert texts(examples(reader)[0]) == ["Perché è così?", "Più tardi sarà già là"]


def test_old_letters_far_behind_the_start(tmp_path: Path) -> None:
    plain = "question,answer\n" + f"what is this,it is {'that ' * 60}\n" * 4_000
    content = plain.encode() + in_windows_1258(f"{QUESTION},màu đỏ\n") * 4_000

    *_, last = examples(open_dataset(tmp_path, {"d.csv": content}))

    assert texts(last) == [QUESTION, "màu đỏ"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_separators_are_found(tmp_path: Path, delimiter: str) -> None:
    rows = [("question", "answer"), ("one, two; three", "x"), ('say "hi"', "y")]
    quoted = (delimiter.join('"' + field.replace('"', '""') + '"' for field in row) for row in rows)
    reader = open_dataset(tmp_path, {"d.csv": "\n".join(quoted)})

    assert [texts(example) for example in examples(reader)] == [["one, two; three", "x"], ['say "hi"', "y"]]


def test_line_breaks_in_quotes_and_blank_lines(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": 'question,answer\n"one\ntwo",a\n\nthree,b\n,\n'})

    assert [(example.line, texts(example)[0]) for example in examples(reader)] == [(2, "one\ntwo"), (5, "three")]
    assert "blank-line" in codes(reader)


def test_excel_says_its_separator(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "sep=;\r\nquestion;answer\r\nq;a\r\n"})

    (example,) = examples(reader)

    assert (texts(example), example.line) == (["q", "a"], 3)


def test_a_table_without_names(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "a.png,Hình tròn màu gì?,đỏ\nb.png,Có mấy hình?,3\n"})

    assert [texts(example) for example in examples(reader)][1] == ["<b.png> Có mấy hình?", "3"]
    assert {"csv-no-header", "columns-guessed"} <= codes(reader)


def test_too_many_fields(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": "question,answer\nq,a,b\nq,a,\nq,a\n"})

    rows = list(reader)

    assert [type(row).__name__ for row in rows] == ["Rejected", "Example", "Example"]


@settings(max_examples=60, deadline=None)
@given(st.text(st.sampled_from("aăâeêioôơuưyđ áàảãạ ếềểễệ ướ bcdghklmnpqrstvx\n"), max_size=200))
def test_old_encodings_lose_nothing(text: str) -> None:
    for name in ("tcvn3", "viscii"):
        assert legacy_encodings.decoder(name).decode(in_table(text, name), final=True) == text
    decoded = legacy_encodings.decoder("cp1258").decode(in_windows_1258(text), final=True)
    assert unicodedata.normalize("NFC", decoded) == text


SHORT = "question,answer\nWho?,me\nWhen?,now\n"


@pytest.mark.parametrize("name", ["d.txt", "d.jsonl", "d.json", "d.gz", "d.data", "rows"])
def test_a_table_under_another_name_is_a_table(tmp_path: Path, name: str) -> None:
    content = gzip.compress(SHORT.encode()) if name == "d.gz" else SHORT
    assert len(examples(open_dataset(tmp_path, {name: content}))) == 2


@pytest.mark.parametrize("name", ["d.data", "rows", "d.csv", "d.txt"])
def test_json_lines_under_another_name_are_json_lines(tmp_path: Path, name: str) -> None:
    rows = '{"question": "Who?", "answer": "me"}\n' * 3
    assert len(examples(open_dataset(tmp_path, {name: rows}))) == 3


def test_plain_text_stays_plain_text(tmp_path: Path) -> None:
    text = "The question, and the answer, are below.\nThey differ, as always.\n" * 3
    reader = open_dataset(tmp_path, {"d.txt": text}, method="continued-pre-training")
    assert [file.format for file in reader.files] == ["plain-text"]


def test_papers_and_foreign_files_are_no_media(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {
        "d.csv": SHORT, "LICENSE": "MIT", "README.md": "# Data", "old.doc": b"\xd0\xcf", "a.png": b"x",
    }  # fmt: skip
    reader = open_dataset(tmp_path, files)
    assert [media.name for media in reader.media] == ["a.png"]
    told = {(found.file, found.severity) for found in reader.findings if found.code == "file-not-used"}
    assert told == {("LICENSE", "info"), ("README.md", "info"), ("old.doc", "warning")}


@pytest.mark.parametrize(
    "table", ["question,answer,\nWho?,me,\nWhen?,now,\n", "question,answer\nWho?,me,\nWhen?,now,\n"]
)
def test_separators_at_the_ends_of_rows_are_told(tmp_path: Path, table: str) -> None:
    reader = open_dataset(tmp_path, {"d.csv": table})
    assert [texts(row) for row in examples(reader)] == [["Who?", "me"], ["When?", "now"]]
    assert "csv-trailing-separator" in codes(reader)
    assert "not-used" not in codes(reader)


def test_a_quote_that_is_never_closed_is_named_at_its_row(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.csv": SHORT + '"How?,so\nWhy?,because\n'})
    (row,) = [row for row in reader if isinstance(row, Rejected)]
    assert (row.line, row.findings[0].code) == (4, "csv-unclosed-quote")


def test_a_comma_behind_the_last_row_of_a_list_is_told_once(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.json": '[{"question": "Who?", "answer": "me"},\n]'})
    assert len(examples(reader)) == len(examples(reader)) == 1
    (found,) = [found for found in reader.findings if found.code == "json-trailing-comma"]
    assert (found.severity, "(2 rows" in found.message) == ("warning", False)


def test_single_quotes_are_named_in_documents_too(tmp_path: Path) -> None:
    reader = open_dataset(tmp_path, {"d.json": "[\n {'question': 'Who?', 'answer': 'me'}\n]"})
    (row,) = [row for row in reader if isinstance(row, Rejected)]
    assert row.findings[0].code == "json-single-quotes"
