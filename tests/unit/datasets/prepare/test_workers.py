"""However many workers share the rows, the result is the same to the byte."""

import shutil
import warnings
from base64 import b64encode
from pathlib import Path

import pytest

from tailor import catalog
from tailor.datasets.prepare import prepare_dataset
from tailor.errors import RetryableError
from tailor.recipe import Recipe
from tailor.storage import FolderStorage
from tests.unit.datasets.conftest import chats, converse, picture, write_jsonl


def _prepared(root: Path, workers: int) -> dict[str, bytes]:
    scratch, out = root / "scratch", root / "out"
    for folder in (scratch, out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the test runner itself has threads
        prepare_dataset(
            FolderStorage(root / "data"),
            "",
            FolderStorage(out),
            "run/",
            Recipe(),
            catalog.model("nova-lite"),
            bucket_owner=None,
            scratch=scratch,
            write_unusable=True,
            workers=workers,
        )
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in sorted(out.rglob("*")) if path.is_file()}


def test_any_number_of_workers_writes_the_same_bytes(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    rows = [converse(f"{text} number {n}", " padded ") for n, text in enumerate(["", "mail a@b.example.com"] * 50)]
    write_jsonl(tmp_path / "data/a.jsonl", [*chats(700), *rows, *chats(30), *(converse("hoà", "x") for _ in range(5))])
    write_jsonl(tmp_path / "data/b.jsonl", [converse("", "an empty question")] * 120)
    alone = _prepared(tmp_path, 1)
    assert {"run/prepared/train.jsonl", "run/report/findings.jsonl", "run/report/rejected.jsonl"} <= set(alone)
    for workers in (2, 5):
        assert _prepared(tmp_path, workers) == alone


def test_keys_of_rows_own_are_told_the_same_by_any_number_of_workers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for name, keys in (("few", 30), ("some", 60), ("many", 400)):
        rows = [row | {f"key{n * 7 % keys}": n, "mesages": 1, "b": n, "a": n} for n, row in enumerate(chats(500))]
        write_jsonl(tmp_path / f"data/{name}.jsonl", rows)
    alone = _prepared(tmp_path, 1)
    assert b"more than 80 others" in alone["run/report/findings.jsonl"]
    assert _prepared(tmp_path, 3) == alone


def test_what_storage_raises_in_a_worker_reaches_the_caller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    write_jsonl(tmp_path / "data/a.jsonl", chats(500))

    def refuse(self: object, drafts: object) -> None:
        if self._spool.name.endswith("worker-1/spool"):  # type: ignore[attr-defined]
            raise RetryableError("the bucket says: slow down")

    monkeypatch.setattr("tailor.datasets.prepare.row_pass.RowPass._fetch_media", refuse)
    with pytest.raises(RetryableError, match="slow down"):
        _prepared(tmp_path, 2)


def test_media_within_the_rows_are_told_once_by_any_number_of_workers(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    urls = [f"data:image/bmp;base64,{b64encode(picture(n, format='BMP')).decode()}" for n in range(7)]
    rows = [
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": urls[n % 7]}},
                        {"type": "text", "text": f"What is this, {n}?"},
                    ],
                },
                {"role": "assistant", "content": f"thing {n}"},
            ]
        }
        for n in range(400)
    ]
    write_jsonl(tmp_path / "data/a.jsonl", rows)
    alone = _prepared(tmp_path, 1)
    assert alone["run/report/findings.jsonl"].count(b"image-converted") == 7
    assert _prepared(tmp_path, 2) == alone
