"""An app's call in the demo: the first held-out row as a chat completion, through the API, with the official client."""

import base64
import json
from typing import Any

from tailor.aws.s3 import S3Storage
from tailor.runs import Run

BEGINNING = 30  # words of a document, for the model to go on from


def held_out(run: Run, bucket: S3Storage) -> dict[str, Any]:
    """The first held-out row; see docs/architecture.md."""
    row: dict[str, Any] = json.loads(bucket.read(f"{run.files}prepared/test.jsonl").split(b"\n")[0])
    return row


def question(row: dict[str, Any]) -> tuple[str, str]:
    """Return a row's question and its answer; for a document, its beginning and its continuation."""
    if row["messages"]:
        text = next(block["text"] for block in row["messages"][-1]["content"] if "text" in block)
        return text, row["references"][0]
    words = row["references"][0].split()
    return " ".join(words[:BEGINNING]), " ".join(words[BEGINNING : 2 * BEGINNING])


def messages(row: dict[str, Any], bucket: S3Storage) -> list[Any]:
    """In OpenAI's shape, an image as a data URI."""
    text, _ = question(row)
    content: list[dict[str, Any]] = [{"type": "text", "text": text}]
    for block in row["messages"][-1]["content"] if row["messages"] else ():
        if "image" in block:
            content.insert(0, {"type": "image_url", "image_url": {"url": _data_uri(block["image"], bucket)}})
    return [{"role": "user", "content": content}]


def _data_uri(image: dict[str, Any], bucket: S3Storage) -> str:
    key = image["source"]["s3Location"]["uri"].removeprefix(bucket.uri(""))
    return f"data:image/{image['format']};base64,{base64.b64encode(bucket.read(key)).decode()}"
