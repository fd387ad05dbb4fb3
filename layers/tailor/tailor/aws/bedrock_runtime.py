"""Ask models for an evaluation: Converse, with images as bytes read from the bucket."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import orjson
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from tailor.aws.clients import client
from tailor.aws.failures import code_of
from tailor.errors import InvalidInputError, NotAllowedError, NotFoundError, RetryableError, TailorError, ThrottledError
from tailor.llm import Reply
from tailor.storage import Storage

READ_TIMEOUT = 60.0
# In the account's invocation logs, so that a distillation can leave out what was asked to measure.
METADATA: Mapping[str, str] = {"tailor-purpose": "evaluation"}
# Converse takes 25 MB a request; base64 makes bytes a third longer.
MAX_MEDIA_BYTES = 18 * 1024 * 1024
_KINDS: Mapping[str, type[TailorError]] = {
    "ThrottlingException": ThrottledError,
    "TooManyRequestsException": ThrottledError,
    "ModelNotReadyException": ThrottledError,
    "ServiceQuotaExceededException": ThrottledError,
    "ModelTimeoutException": RetryableError,
    "InternalServerException": RetryableError,
    "ServiceUnavailableException": RetryableError,
    "ModelErrorException": RetryableError,
    "AccessDeniedException": NotAllowedError,
    "ResourceNotFoundException": NotFoundError,
    "ValidationException": InvalidInputError,
}


def _called(blocks: list[dict[str, Any]]) -> str:
    """Return the input of the tool that a reply calls, as JSON; empty where it calls none."""
    inputs = [block["toolUse"]["input"] for block in blocks if "toolUse" in block]
    return orjson.dumps(inputs[0]).decode() if inputs else ""


class BedrockAsker:
    """Client of Converse; ``storage`` is rooted at the images' bucket. One attempt per call: the caller paces."""

    def __init__(self, storage: Storage, read_timeout: float = READ_TIMEOUT) -> None:
        self._storage = storage
        self._client = client("bedrock-runtime", read_timeout, 1)
        self._root = storage.uri("")

    def converse(self, model_id: str, request: dict[str, Any]) -> Reply:
        """Ask a model and return its reply. Raises tailor.errors."""
        messages = self._with_bytes(request["messages"])
        try:
            answer = self._client.converse(
                modelId=model_id, **{**request, "messages": messages, "requestMetadata": dict(METADATA)}
            )
        except ClientError as error:
            kind = _KINDS.get(code_of(error), RetryableError)
            raise kind(f"{model_id}: {error.response.get('Error', {}).get('Message', '')}") from error
        except ParamValidationError as error:
            raise InvalidInputError(f"{model_id}: the request has a wrong form") from error
        except BotoCoreError as error:
            raise RetryableError(f"{model_id}: {type(error).__name__}") from error
        usage = answer["usage"]
        blocks = answer["output"]["message"]["content"]
        return Reply(
            text=_called(blocks) or "".join(block["text"] for block in blocks if "text" in block),
            stop_reason=answer["stopReason"],
            input_tokens=usage["inputTokens"],
            output_tokens=usage["outputTokens"],
            latency_ms=answer["metrics"]["latencyMs"],
        )

    def _with_bytes(self, messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Replace media locations by bytes, which every model accepts; too large media stay locations."""
        left = MAX_MEDIA_BYTES
        result = []
        for message in messages:
            blocks = []
            for block in message["content"]:
                kind = next((name for name in ("image", "video") if name in block), None)
                data = self._read(block[kind], left) if kind else None
                if kind and data is not None:
                    left -= len(data)
                    block = {kind: {"format": block[kind]["format"], "source": {"bytes": data}}}
                blocks.append(block)
            result.append({"role": message["role"], "content": blocks})
        return result

    def _read(self, media: Mapping[str, Any], most: int) -> bytes | None:
        location = media["source"].get("s3Location")
        if location is None or not location["uri"].startswith(self._root):
            return None
        key = urlsplit(location["uri"]).path.lstrip("/")
        data = self._storage.read(key, 0, most + 1)
        return data if len(data) <= most else None
