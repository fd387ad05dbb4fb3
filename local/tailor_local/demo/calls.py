"""An app's calls in the demo: held-out rows as chat completions, through the API, with the official client."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from tailor import metrics
from tailor.aws.s3 import S3Storage
from tailor.evaluation.methods import reinforcement
from tailor.normalisers import for_language
from tailor.recipe import Reward
from tailor.runs import Run

BEGINNING = 30  # words of a document, for the model to continue


@dataclass(frozen=True, slots=True)
class Asked:
    """A held-out question with its picture's name in the upload, and the answers to it. ``right``: None if unscored."""

    picture: str
    question: str
    wanted: str
    base: str
    custom: str
    base_right: float | None
    custom_right: float | None


def held_out(run: Run, bucket: S3Storage, number: int = 1) -> list[dict[str, Any]]:
    """Return so many held-out rows (docs/architecture.md), each of another picture or document, from all of them."""
    lines = bucket.read(f"{run.files}prepared/test.jsonl").splitlines()
    groups: dict[str, dict[str, Any]] = {}
    for line in lines:
        row = json.loads(line)
        groups.setdefault(row["group"] or row["id"], row)
    rows = list(groups.values())
    return [rows[place * len(rows) // number] for place in range(min(number, len(rows)))]


def answers_of_base(run: Run, bucket: S3Storage) -> dict[str, str]:
    """Return the base model's answers in the run's evaluation, by row id."""
    lines = bucket.read(f"{run.files}evaluation/answers/base.jsonl").splitlines()
    return {answer["id"]: answer["answer"] for answer in map(json.loads, lines)}


def scored(
    row: dict[str, Any], base: str, custom: str, report: Mapping[str, Any], rewards: Sequence[Reward] = ()
) -> Asked:
    """Return a row with its answers, scored as the evaluation's report scored; a document's continuation is not.

    ``rewards``: the recipe's, where they are the metric.
    """
    text, wanted = question(row)
    rights: list[float | None] = [None, None]
    if row["messages"]:
        rules = metrics.Rules(for_language(report["language"]), report["language"])
        cases = (metrics.Case(answer, tuple(row["references"])) for answer in (base, custom))
        rewarded = report["metric"] == reinforcement.METRIC
        metric = reinforcement.reward_metric(rewards) if rewarded else metrics.get(report["metric"])
        rights = [metric.score(case, rules) for case in cases]
    has_picture = any("image" in block for block in _content(row))
    return Asked(PurePosixPath(row["group"]).name if has_picture else "", text, wanted, base, custom, *rights)


def _content(row: dict[str, Any]) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = row["messages"][-1]["content"] if row["messages"] else []
    return content


def question(row: dict[str, Any]) -> tuple[str, str]:
    """Return a row's question and its answer; for a document, its beginning and its continuation."""
    if row["messages"]:
        text = next(block["text"] for block in row["messages"][-1]["content"] if "text" in block)
        return text, row["references"][0]
    words = row["references"][0].split()
    return " ".join(words[:BEGINNING]), " ".join(words[BEGINNING : 2 * BEGINNING])


def messages(row: dict[str, Any], bucket: S3Storage) -> list[Any]:
    """Return messages in OpenAI's shape, with an image as a data URI."""
    text, _ = question(row)
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    for block in _content(row):
        if "image" in block:
            content.insert(0, {"type": "image_url", "image_url": {"url": _data_uri(block["image"], bucket)}})
    return [{"role": "user", "content": content}]


def _data_uri(image: dict[str, Any], bucket: S3Storage) -> str:
    key = image["source"]["s3Location"]["uri"].removeprefix(bucket.uri(""))
    return f"data:image/{image['format']};base64,{base64.b64encode(bucket.read(key)).decode()}"
