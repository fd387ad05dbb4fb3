"""For any bytes, any JSON and any table, reading ends with rows and findings, never with a traceback."""

import csv
import gzip
import io
import json
import tarfile
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor.datasets.example import Example, Rejected
from tailor.datasets.formats import DatasetReader
from tailor.recipe import METHODS
from tests.unit.datasets.support import open_dataset

SUFFIXES = (".jsonl", ".json", ".csv", ".tsv", ".txt", ".parquet", ".zip", ".tar", ".tar.gz", ".gz")
few = settings(max_examples=40, deadline=None)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
KNOWN = """messages role user assistant system content text type image image_url url source s3Location uri conversations
    from value human gpt tools prompt completion answer question instruction output input annotations images id image_id
    schemaVersion history toolUse toolResult toolConfig tool_calls function name arguments metadata split modelId
    inputBodyJson outputBodyJson reference_answer <image> bytes path format vqa_pairs train"""
words = st.sampled_from(KNOWN.split())
values = st.recursive(
    scalars | words,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | st.text(max_size=4), inner, max_size=5),
    max_leaves=25,
)


def read(content: bytes, name: str, method: str) -> tuple[DatasetReader, list[Example | Rejected]]:
    with tempfile.TemporaryDirectory() as folder:
        reader = open_dataset(Path(folder), {name: content}, method=method)  # type: ignore[arg-type]
        rows = list(reader)
    for row in rows:
        assert isinstance(row, Example | Rejected)
        if isinstance(row, Rejected):
            assert row.findings
            assert all(finding.message and finding.fix for finding in row.findings)
            row.raw.encode()
    return reader, rows


@few
@given(st.binary(max_size=300), st.sampled_from(SUFFIXES), st.sampled_from(METHODS))
def test_any_bytes(content: bytes, suffix: str, method: str) -> None:
    reader, rows = read(content, f"data{suffix}", method)

    assert rows or reader.findings


@few
@given(st.lists(values, min_size=1, max_size=6), st.sampled_from(METHODS))
def test_any_rows_of_json_lines(rows: list[Any], method: str) -> None:
    content = "".join(f"{json.dumps(row)}\n" for row in rows)

    _, found = read(content.encode(), "data.jsonl", method)

    assert len(found) >= len(rows) - 1 or not found


@few
@given(values, st.sampled_from(METHODS), st.booleans())
def test_any_json_document(value: Any, method: str, pretty: bool) -> None:
    content = json.dumps(value, indent=2 if pretty else None, ensure_ascii=pretty)

    reader, rows = read(content.encode("utf-8", "surrogatepass"), "data.json", method)

    assert rows or reader.findings
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        assert len(rows) == len(value)


@few
@given(
    st.lists(st.lists(st.text(max_size=12), min_size=2, max_size=2), min_size=1, max_size=8), st.sampled_from(",;\t|")
)
def test_any_table(rows: list[tuple[str, str]], delimiter: str) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter)
    writer.writerow(["question", "answer"])
    writer.writerows(rows)
    content = buffer.getvalue().encode("utf-8", "surrogatepass")

    _, found = read(content, "data.csv", "fine-tuning")

    assert len(found) <= len(rows)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.fixed_dictionaries({"question": words, "answer": words}), min_size=1, max_size=9))
def test_every_row_comes_out_once(rows: list[dict[str, str]]) -> None:
    lines = "\r\n\r\n".join(json.dumps(row) for row in rows)

    for content, name in ((lines, "d.jsonl"), (json.dumps(rows), "d.json"), (json.dumps({"data": rows}), "d.json")):
        _, found = read(content.encode(), name, "fine-tuning")
        assert len(found) == len(rows)


@pytest.fixture(scope="module")
def good_files() -> dict[str, bytes]:
    rows = [{"question": f"q{number}", "answer": "a"} for number in range(30)]
    lines = "".join(f"{json.dumps(row)}\n" for row in rows).encode()
    zipped, tarred = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train.jsonl", lines)
        archive.writestr("images/a.png", b"x" * 100)
    with tarfile.open(fileobj=tarred, mode="w") as packed:
        info = tarfile.TarInfo("train.jsonl")
        info.size = len(lines)
        packed.addfile(info, io.BytesIO(lines))
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    table = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), table, row_group_size=10)
    return {
        ".zip": zipped.getvalue(),
        ".tar": tarred.getvalue(),
        ".tar.gz": gzip.compress(tarred.getvalue()),
        ".gz": gzip.compress(lines),
        ".parquet": table.getvalue(),
        ".json": json.dumps(rows, indent=1).encode(),
        ".jsonl": lines,
    }


@few
@given(st.data())
def test_any_damage_to_a_good_file(good_files: dict[str, bytes], data: st.DataObject) -> None:
    suffix = data.draw(st.sampled_from(sorted(good_files)))
    content = bytearray(good_files[suffix])
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 8))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    reader, rows = read(bytes(content), f"data{suffix}", "fine-tuning")

    assert rows or reader.findings
