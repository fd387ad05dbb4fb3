"""The short cut for rows of plain text: what it writes and reports is what the long way does."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets import native
from tailor.datasets.intake import prepare_dataset
from tailor.recipe import Recipe
from tailor.storage import FolderStorage

from .conftest import chats, converse

WRITERS: list[Callable[[Any], bytes]] = [
    orjson.dumps,
    lambda row: json.dumps(row, ensure_ascii=False).encode(),
    lambda row: json.dumps(row).encode(),
    lambda row: b"  " + json.dumps(row, ensure_ascii=False, separators=(" , ", " : ")).encode() + b" \r",
    lambda row: orjson.dumps(row).replace(b'"role":"user"', b'"role":"assistant","role":"user"'),
    lambda row: orjson.dumps({**row, "note": 1}),
]
USUAL = ["yes", "Không.", "hoà bình", "1,250", "«ok»", 'He said "no"', "x\ny", "long " * 60, "5 €", "C:\\data"]
ODD = ["", " ", "a.b@c.vn", "System:", "\u200b", "e\u0301", "tiá»‡n", "+84 912 345 678", "  indented", "\t" * 9 + "tab"]
WORDS = st.sampled_from([*USUAL, *ODD])
TURNS = st.lists(st.lists(WORDS, min_size=1, max_size=3).map(" ".join), min_size=0, max_size=5)


@st.composite
def _lines(draw: st.DrawFn) -> bytes:
    texts, system, writer = draw(TURNS), draw(st.none() | WORDS), draw(st.sampled_from(WRITERS))
    messages = [
        {"role": ("user", "assistant")[place % 2], "content": [{"text": text}]} for place, text in enumerate(texts)
    ]
    row: dict[str, Any] = {"schemaVersion": "bedrock-conversation-2024", "messages": messages}
    if system is not None:
        row["system"] = [{"text": system}]
    line: bytes = writer(row)
    return line


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
    lines=st.lists(_lines(), min_size=5, max_size=40),
    method=st.sampled_from(["fine-tuning", "distillation"]),
    system=st.booleans(),
)
@settings(max_examples=20, deadline=None)
def test_it_changes_nothing(lines: list[bytes], method: str, system: bool) -> None:
    sound = [orjson.dumps(row) for row in chats(10)]  # so that the format is recognised
    data = b"\n".join([*sound, *lines]) + b"\n"
    recipe = Recipe.model_validate({"method": method, "data": {"system": "Be brief." if system else None}})
    short = _prepared(data, recipe)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "_library", lambda: None)
        long = _prepared(data, recipe)
    assert short == long


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
