"""Models that answer from a table, and a run's files in a folder."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from tailor.llm import Reply
from tailor.recipe import Recipe
from tailor.runs import Run
from tests.unit.versions import VersionedFolder

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)


class BucketFolder(VersionedFolder):
    """A folder that says that it is a bucket."""

    def uri(self, key: str) -> str:
        return f"s3://bucket/{key}"


class FakeAsker:
    """``answer(model_id, question)`` gives a text or raises; every call that is answered is counted."""

    def __init__(self, answer: Callable[[str, str], str]) -> None:
        self.answer = answer
        self.requests: list[tuple[str, dict[str, Any]]] = []
        self.charged: Counter[tuple[str, str, int]] = Counter()
        self._lock = threading.Lock()

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        question = request["messages"][-1]["content"][-1]["text"]
        with self._lock:
            self.requests.append((model_id, request))
        text = self.answer(model_id, question)
        with self._lock:
            self.charged[model_id, question, len(request["messages"])] += 1
        return Reply(text, "end_turn", 20, len(text.split()), 100.0)


def new_run(recipe: Recipe) -> Run:
    return Run.start(
        now=NOW,
        id="colours-scenes-0f3a",
        project="colours",
        dataset="scenes",
        prefix="uploads/colours/scenes/",
        fingerprint="0f" * 32,
        recipe=recipe,
    )


def question(place: int) -> str:
    return f"Câu {place}: hình có màu gì?"


def held_out(place: int, reference: str, group: str | None = None, **extra: Any) -> dict[str, Any]:
    return {
        "id": f"r{place:06d}",
        "group": group or f"image-{place}",
        "category": None,
        "system": [{"text": "Trả lời ngắn gọn."}],
        "messages": [{"role": "user", "content": [{"text": question(place)}]}],
        "references": [reference],
        "source": {"file": "questions.csv", "line": place + 2},
        **extra,
    }


def write_run(
    folder: Path, run: Run, rows: Sequence[Mapping[str, Any]], train: Sequence[Mapping[str, Any]] = ()
) -> BucketFolder:
    files = BucketFolder(folder)
    files.write(f"{run.files}prepared/test.jsonl", b"".join(orjson.dumps(row) + b"\n" for row in rows))
    files.write(f"{run.files}prepared/train.jsonl", b"".join(orjson.dumps(row) + b"\n" for row in train))
    return files
