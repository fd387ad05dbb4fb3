"""Held-out questions that stand in the invocation logs of a distillation are no test of the student."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tailor import catalog
from tailor.datasets.prepare import logged as logged_module
from tailor.datasets.prepare import prepare_dataset
from tailor.datasets.prepare.logged import LoggedQuestions, _questions
from tailor.errors import NotAllowedError
from tailor.recipe import InvocationLogs, Recipe
from tailor.storage import FolderStorage, Storage
from tests.unit.datasets.conftest import Outcome, converse, write_jsonl

URI = "s3://my-logs/AWSLogs/1/"


def logged(question: str, *, system: str = "", **metadata: str) -> dict[str, Any]:
    """A request as Bedrock writes it to the log, with the answer that it got."""
    body: dict[str, Any] = {"messages": [{"role": "user", "content": [{"text": question}]}]}
    body |= {"system": [{"text": system}]} if system else {}
    answer = {"output": {"message": {"role": "assistant", "content": [{"text": "42"}]}}}
    return {
        "schemaType": "ModelInvocationLog",
        "modelId": "amazon.nova-pro-v1:0",
        "requestId": question,
        "requestMetadata": metadata,
        "input": {"inputBodyJson": body},
        "output": {"outputBodyJson": answer},
    }


def intake(folder: Path, logs: list[dict[str, Any]] | None, *, uri: str = URI, **settings: Any) -> Outcome:
    """Prepare 40 questions, of which ``logs`` may ask some; ``logs``: None where they may not be read."""
    dataset, out, scratch = folder / "uploads/p/d", folder / "out", folder / "scratch"
    for place in (dataset, out, scratch, folder / "my-logs/AWSLogs/1/02"):
        place.mkdir(parents=True)
    write_jsonl(dataset / "a.jsonl", [converse(f"Số {n} bình phương là bao nhiêu?", f"{n * n}") for n in range(40)])
    data = b"".join(json.dumps(entry).encode() + b"\n" for entry in logs or [])
    (folder / "my-logs/AWSLogs/1/02/x.json.gz").write_bytes(gzip.compress(data))
    (folder / "my-logs/AWSLogs/1/amazon-bedrock-logs-permission-check").write_bytes(b"")

    def open_bucket(bucket: str) -> Storage:
        if logs is None:
            raise NotAllowedError(f"reading s3://{bucket} is not allowed")
        return FolderStorage(folder / bucket)

    recipe = Recipe.model_validate(
        {"method": "distillation", "model": "nova-lite", "distillation": {"logs": {"uri": uri} | settings}}
    )
    report = prepare_dataset(
        FolderStorage(folder),
        "uploads/p/d/",
        FolderStorage(out),
        "runs/r/",
        recipe,
        catalog.model(recipe.model),
        bucket_owner="123456789012",
        scratch=scratch,
        open_bucket=open_bucket,
    )
    return Outcome(report, out)


@pytest.mark.parametrize("uri", [URI, URI.removesuffix("/"), f"{URI}02/x.json.gz"])
def test_a_question_that_the_logs_ask_is_left_out_counted_and_told(tmp_path: Path, uri: str) -> None:
    asked = [logged(f"  số {n} bình phương  là bao nhiêu?\n", system="Trả lời ngắn.") for n in (3, 5, 8)]
    outcome = intake(tmp_path, [*asked, logged("Một chuyện khác?")], uri=uri)

    assert outcome.report.usable
    assert (outcome.report.counts["test"], outcome.report.counts["left_out"]) == (37, 3)
    assert [found["line"] for found in outcome.found("logged-question")] == [4, 6, 9]
    assert "4 logged requests" in outcome.found("logs-compared")[0]["message"]
    assert outcome.report.manifest["logs"] == {"requests": 4, "unread": 0, "left_out": 3, "problem": ""}
    held_out = {row["messages"][0]["content"][0]["text"] for row in outcome.lines("prepared/test.jsonl")}
    assert held_out.isdisjoint({f"Số {n} bình phương là bao nhiêu?" for n in (3, 5, 8)})


def test_only_requests_that_teach_count(tmp_path: Path) -> None:
    logs = [
        logged("Số 3 bình phương là bao nhiêu?", team="other"),
        logged("Số 5 bình phương là bao nhiêu?", team="own", **{"tailor-purpose": "evaluation"}),
        logged("Số 8 bình phương là bao nhiêu?", team="own"),
    ]
    outcome = intake(tmp_path, logs, filters={"team": "own"}, exclude={"tailor-purpose": "evaluation"})
    assert [found["line"] for found in outcome.found("logged-question")] == [9]


def test_what_can_not_be_read_is_counted_and_bodies_that_lie_apart_are_not(tmp_path: Path) -> None:
    whole = gzip.compress(json.dumps(logged("Số 3 bình phương là bao nhiêu?")).encode() + b"\n" + b"x" * 10_000)
    folder = tmp_path / "my-logs/AWSLogs/1/02"
    folder.mkdir(parents=True)
    (folder / "a.json.gz").write_bytes(whole)  # a line that is no JSON
    (folder / "b.json.gz").write_bytes(gzip.compress(bytes(range(256)) * 99)[:20])  # cut off
    (folder / "c.json").write_bytes(json.dumps({**logged("?"), "input": {}}).encode() + b"\n\n")
    (folder / "data.json.gz").write_bytes(gzip.compress(b'{"messages": []}\n'))
    found = LoggedQuestions()
    asked = _questions(FolderStorage(tmp_path / "my-logs"), "AWSLogs/1/", InvocationLogs(uri=URI), found)
    assert (len(asked), found.requests, found.unread) == (1, 1, 3)


def test_logs_that_are_too_many_are_not_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logged_module, "MOST_FILES", 0)
    outcome = intake(tmp_path, [logged("Số 3 bình phương là bao nhiêu?")])
    assert outcome.report.counts["test"] == 40
    assert "more than 0 files" in outcome.report.manifest["logs"]["problem"]


@pytest.mark.parametrize(
    ("logs", "uri", "why"), [(None, URI, "not allowed"), ([], "s3://my-logs/none/", "no log file")]
)
def test_logs_that_can_not_be_read_are_told_and_kept_for_the_gate(
    tmp_path: Path, logs: list[dict[str, Any]] | None, uri: str, why: str
) -> None:
    outcome = intake(tmp_path, logs, uri=uri)
    assert outcome.report.counts["test"] == 40
    assert why in outcome.found("logs-not-compared")[0]["message"]
    assert why in outcome.report.manifest["logs"]["problem"]
