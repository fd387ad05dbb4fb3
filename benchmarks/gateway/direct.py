"""A direct call of ConverseStream with boto3, as a handler: what the first token of a stream is measured beside."""

import os
from collections.abc import Iterator
from typing import Any

import boto3
from botocore.config import Config

RUNTIME = boto3.client("bedrock-runtime", config=Config(read_timeout=60, retries={"max_attempts": 1}))


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Return an answer in pieces, one for each text of the model."""
    messages: list[Any] = [{"role": "user", "content": [{"text": "Quả táo màu gì?"}]}]
    stream = RUNTIME.converse_stream(modelId=os.environ["MODEL"], messages=messages)["stream"]

    def texts() -> Iterator[str]:
        for part in stream:
            delta = part.get("contentBlockDelta")
            if delta and "text" in delta["delta"]:
                yield delta["delta"]["text"]

    return {"statusCode": 200, "body": texts()}
