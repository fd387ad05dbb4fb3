"""Whatever is uploaded: the intake ends with a report, and every row is used or listed."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.report import Report
from tailor.recipe import METHODS, Recipe
from tailor.storage import FolderStorage


def _methods() -> list[tuple[str, str]]:
    """Each method with a model that knows it, where there is one."""
    found: list[tuple[str, str]] = []
    for method in METHODS:
        for model in catalog.models():
            if method in model.methods:
                found.append((method, model.name))
                break
    return found


def _take_in(
    name: str, content: bytes, method: str = "fine-tuning", model: str = "nova-lite", **settings: Any
) -> Report:
    root = Path(tempfile.mkdtemp())
    try:
        for folder in ("in", "out", "scratch"):
            (root / folder).mkdir()
        (root / "in" / name).write_bytes(content)
        recipe = Recipe.model_validate({"method": method, "model": model, **settings})
        report = prepare_dataset(
            FolderStorage(root / "in"),
            "",
            FolderStorage(root / "out"),
            "run/",
            recipe,
            catalog.model(model),
            bucket_owner=None,
            scratch=root / "scratch",
            write_unusable=True,
        )
        rejected = (root / "out/run/report/rejected.jsonl").read_bytes().count(b"\n")
        counts = report.counts
        assert counts["used"] + rejected == counts["rows"]
        assert counts["used"] == counts["train"] + counts["validation"] + counts["test"]
        assert counts["rejected"] + counts["left_out"] == rejected
        assert json.loads(report.to_json())["usable"] is report.usable
        assert (root / "out/run/report/report.html").read_bytes().startswith(b"<!doctype html>")
        return report
    finally:
        shutil.rmtree(root)


text = st.text(max_size=30) | st.sampled_from(
    ["", " ", "User:", "\x00", "\ufffd", "a@b.example.com", "<image>", "e\u0301", "s3://b"]
)
scalar = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text
anything = st.recursive(
    scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3), max_leaves=8
)
block = st.one_of(
    st.fixed_dictionaries({"text": text}),
    st.fixed_dictionaries({"image": st.fixed_dictionaries({"format": text, "source": anything})}),
    st.fixed_dictionaries({"toolUse": st.fixed_dictionaries({"name": text, "toolUseId": text, "input": anything})}),
    st.fixed_dictionaries({"toolResult": anything}),
    anything,
)
message = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "x"]), "content": st.lists(block, max_size=3) | text}
)
chat = st.fixed_dictionaries(
    {"schemaVersion": st.just("bedrock-conversation-2024"), "messages": st.lists(message, max_size=4)},
    optional={
        "system": st.just([{"text": "Be kind."}]) | anything,
        "toolConfig": anything,
        "reference_answer": anything,
    },
)


@given(st.lists(chat | anything, max_size=6), st.sampled_from(_methods()))
@settings(max_examples=25, deadline=None)
def test_any_rows_of_json(rows: list[Any], aim: tuple[str, str]) -> None:
    _take_in("a.jsonl", "".join(json.dumps(row) + "\n" for row in rows).encode(), *aim)


@given(st.lists(chat, max_size=6), st.booleans(), st.sampled_from(["keep", "drop"]))
@settings(max_examples=15, deadline=None)
def test_any_settings(rows: list[Any], redact: bool, duplicates: str) -> None:
    lines = [json.dumps(row, ensure_ascii=False).encode("utf-8", "replace") for row in rows]
    _take_in(
        "a.jsonl", b"\n".join([*lines, *lines]), data={"redact": redact, "duplicates": duplicates, "on_error": "skip"}
    )


@given(st.lists(st.tuples(text, text, st.sampled_from(["train", "test", "validation", "?"])), max_size=12))
@settings(max_examples=15, deadline=None)
def test_any_table(rows: list[tuple[str, str, str]]) -> None:
    table = "question,answer,split\n" + "".join(",".join(json.dumps(cell) for cell in row) + "\n" for row in rows)
    _take_in("a.csv", table.encode("utf-8", "replace"), data={"on_error": "skip"})


@given(st.binary(max_size=300), st.sampled_from(["a.jsonl", "a.json", "a.csv", "a.txt", "a.zip", "a.parquet", "a.png"]))
@settings(max_examples=30, deadline=None)
def test_any_bytes(data: bytes, name: str) -> None:
    _take_in(name, data)
