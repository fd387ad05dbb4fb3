"""Call the deployed API as the command line does: chat completions, printed as the model writes them."""

import json
import os
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tailor.errors import (
    InvalidInputError,
    NotAllowedError,
    NotFoundError,
    RetryableError,
    TailorError,
    ThrottledError,
)
from tailor_cli.context import session

TIMEOUT = 310.0  # seconds; an answer may take 300
_KINDS: dict[int, type[TailorError]] = {
    401: NotAllowedError,
    403: NotAllowedError,
    404: NotFoundError,
    429: ThrottledError,
}


def base_url() -> str:
    """Return the API's address, on AWS or on the local cloud."""
    url = session.stack.api_url
    if endpoint := os.environ.get("AWS_ENDPOINT_URL"):
        stage = url.removesuffix("/v1").rsplit("/", 1)[-1]
        return f"{endpoint}/restapis/{session.stack.api_id}/{stage}/_user_request_/v1"
    return url.rstrip("/")


def stream_chat(model: str, messages: Sequence[Mapping[str, Any]], key: str) -> Iterator[dict[str, Any]]:
    """Yield the chunks of a streamed chat completion; the last one has the usage.

    Raises:
        TailorError: what the API or the network said; a 4xx that no retry cures as InvalidInputError.
    """
    body = {"model": model, "messages": list(messages), "stream": True, "stream_options": {"include_usage": True}}
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    url = f"{base_url()}/chat/completions"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)  # noqa: S310  (the stack's own output)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:  # noqa: S310
            for line in answer:
                if line.startswith(b"data: ") and line.strip() != b"data: [DONE]":
                    chunk = json.loads(line[len(b"data: ") :])
                    if "error" in chunk:
                        raise RetryableError(f"the answer broke off: {chunk['error'].get('message', '')}")
                    yield chunk
    except urllib.error.HTTPError as error:
        raise _refusal(error.code, error.read()) from None
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        raise RetryableError(f"the API at {base_url()} can't be reached: {error}") from None


def _refusal(status: int, body: bytes) -> TailorError:
    """Return the API's error as one of Tailor's."""
    try:
        found = json.loads(body)["error"]
        message = f"{found['message']} ({found.get('code') or status})"
    except (ValueError, KeyError, TypeError):
        message = f"the API answered {status}"
    otherwise: type[TailorError] = InvalidInputError if status < 500 else RetryableError
    return _KINDS.get(status, otherwise)(message)
