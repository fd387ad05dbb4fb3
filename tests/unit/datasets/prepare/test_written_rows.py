"""However rows are written as JSON, and wherever blank lines stand between them, the prepared data are the same."""

import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets.formats import read_dataset
from tailor.datasets.prepare import prepare_dataset
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import chats, converse

WRITERS: list[Callable[[Any], bytes]] = [
    orjson.dumps,
    lambda row: json.dumps(row, ensure_ascii=False).encode(),
    lambda row: json.dumps(row).encode(),
    lambda row: b"  " + json.dumps(row, ensure_ascii=False, separators=(" , ", " : ")).encode() + b" \r",
    lambda row: orjson.dumps(row).replace(b'"role":"user"', b'"role":"assistant","role":"user"'),
]
USUAL = ["yes", "Không.", "hoà bình", "1,250", "«ok»", 'He said "no"', "x\ny", "long " * 60, "5 €", "C:\\data"]
ODD = ["", " ", "a.b@c.vn", "System:", "\u200b", "e\u0301", "tiá»‡n", "+84 912 345 678", "  indented", "\t" * 9 + "tab"]
WORDS = st.sampled_from([*USUAL, *ODD])
TURNS = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=0, max_size=5)


@st.composite
def _rows(draw: st.DrawFn) -> dict[str, Any]:
    texts, system = draw(TURNS), draw(st.none() | WORDS)
    messages = [
        {"role": ("user", "assistant")[place % 2], "content": [{"text": text}]} for place, text in enumerate(texts)
    ]
    row: dict[str, Any] = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    if system is not None:
        row["system"] = [{"text": system}]
    return row


def _prepared(data: bytes, recipe: Recipe) -> tuple[dict[str, Any], dict[str, bytes]]:
    """The report, and what all files of lines hold, by their names."""
    with TemporaryDirectory() as place:
        uploads, out, scratch = (Path(place) / name for name in ("uploads", "out", "scratch"))
        for folder in (uploads, out, scratch):
            folder.mkdir()
        (uploads / "a.jsonl").write_bytes(data)
        report = prepare_dataset(
            FolderStorage(uploads),
            "",
            FolderStorage(out),
            "run/",
            recipe,
            catalog.model("nova-lite"),
            bucket_owner=None,
            scratch=scratch,
            write_unusable=True,
        )
        return orjson.loads(report.to_json()), {path.name: path.read_bytes() for path in out.rglob("*.jsonl")}


@given(
    rows=st.lists(_rows(), min_size=5, max_size=40),
    method=st.sampled_from(["fine-tuning", "distillation"]),
    system=st.booleans(),
    data=st.data(),
)
@settings(max_examples=10, deadline=None)
def test_the_way_rows_are_written_changes_nothing(
    rows: list[dict[str, Any]], method: str, system: bool, data: st.DataObject
) -> None:
    recipe = Recipe.model_validate({"method": method, "data": {"system": "Be brief." if system else None}})
    every = [*chats(10), *rows]  # the first ones so that the format is recognised
    written = [data.draw(st.sampled_from(WRITERS))(row) for row in every]
    plain, other = (_prepared(b"\n".join(lines) + b"\n", recipe) for lines in (map(orjson.dumps, every), written))
    assert plain[0]["counts"] == other[0]["counts"]
    for name in ("train.jsonl", "validation.jsonl", "test.jsonl", "findings.jsonl"):
        assert plain[1].get(name) == other[1].get(name)


@given(st.lists(st.sampled_from([b"\n", b" ", b"\r", b"\t\x0b\x0c", b"{}", b"x"])).map(b"".join))
@settings(max_examples=40, deadline=None)
def test_each_line_is_a_row_or_blank(tmp_path_factory: pytest.TempPathFactory, lines: bytes) -> None:
    folder = tmp_path_factory.mktemp("uploads")
    sound = b"".join(orjson.dumps(row) + b"\n" for row in chats(3))
    (folder / "a.jsonl").write_bytes(sound + lines)
    recipe = Recipe()
    reader = read_dataset(FolderStorage(folder), "", recipe.data, recipe.method, folder)
    numbers = [row.line for row in reader]
    blank = {place for place, line in enumerate(BytesIO(lines), start=4) if line.isspace()}
    count = 3 + len(list(BytesIO(lines)))
    assert numbers == [number for number in range(1, count + 1) if number not in blank]
    assert any(found.code == "blank-line" for found in reader.findings) == bool(blank)


def test_however_a_row_is_written_its_record_is_the_same() -> None:
    row = converse('Thủ đô của "Việt Nam"?', "Hà Nội.\nĐúng.")
    plain, spaced, escaped = orjson.dumps(row), json.dumps(row, ensure_ascii=False).encode(), json.dumps(row).encode()
    twice = plain.replace(b'"role":"user"', b'"role":"assistant","role":"user"')
    for line in (plain, spaced, escaped, twice, b" " + plain + b" \r"):
        _, files = _prepared(line + b"\n", Recipe())
        assert files["train.jsonl"] == plain + b"\n"


def test_half_a_character_in_the_recipe_is_told_with_the_rows() -> None:
    report, _ = _prepared(
        b"\n".join(map(orjson.dumps, chats(3))), Recipe.model_validate({"data": {"system": "\ud800"}})
    )
    assert [found["line"] for found in report["findings"] if found["code"] == "lone-surrogate"] == [1, 2, 3]
