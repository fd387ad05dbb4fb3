"""Translate Converse's answer to a chat completion, as JSON or as server-sent events."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tailor.reasoning import said
from tailor.serving.errors import SERVER, ApiError

# All stop reasons that Converse documents; a test compares the list with the SDK's.
FINISH_REASONS: Mapping[str, str] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "tool_use": "tool_calls",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "guardrail_intervened": "content_filter",
    "content_filtered": "content_filter",
}
# The model's output is unusable: an error, not an answer.
MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})


def to_completion(
    answer: Mapping[str, Any], *, model: str, version: str, created: int, schema_tool: str | None = None
) -> dict[str, Any]:
    """Return a ``chat.completion``. With ``schema_tool``, its input is the answer.

    Raises:
        ApiError: 502, the answer is incomplete or unusable.
    """
    reason = answer.get("stopReason")
    if not reason or reason in MALFORMED:
        raise ApiError(502, "the model's answer is not usable: try again", code="model_error", type=SERVER)
    finish = FINISH_REASONS.get(reason, "stop")
    message, structured = _message(answer["output"]["message"]["content"], schema_tool)
    if schema_tool and not structured and finish in ("stop", "tool_calls"):
        raise ApiError(502, "the model did not answer in the form asked for", code="model_error", type=SERVER)
    if finish == "tool_calls" and "tool_calls" not in message:
        finish = "stop"
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "system_fingerprint": version,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": finish}],
        "usage": _usage(answer["usage"]),
    }


def _message(blocks: list[dict[str, Any]], schema_tool: str | None) -> tuple[dict[str, Any], bool]:
    """Return the message, and whether its content is the input of ``schema_tool``."""
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    structured: str | None = None
    for block in blocks:
        if "text" in block:
            texts.append(block["text"])
        elif "toolUse" in block:
            use = block["toolUse"]
            arguments = json.dumps(use["input"], ensure_ascii=False)
            if use["name"] == schema_tool:
                structured = arguments
            else:
                function = {"name": use["name"], "arguments": arguments}
                calls.append({"id": use["toolUseId"], "type": "function", "function": function})
        elif "reasoningContent" in block:
            reasoning.append(block["reasoningContent"].get("reasoningText", {}).get("text", ""))
    thought, text = said("".join(texts))
    reasoning += [thought] if thought else []
    content = structured if structured is not None else text
    message: dict[str, Any] = {"role": "assistant", "content": content or (None if calls else ""), "refusal": None}
    if calls:
        message["tool_calls"] = calls
    if any(reasoning):
        message["reasoning_content"] = "".join(reasoning)
    return message, structured is not None


def _usage(usage: Mapping[str, int]) -> dict[str, Any]:
    cached = usage.get("cacheReadInputTokens", 0)
    prompt = usage["inputTokens"] + cached + usage.get("cacheWriteInputTokens", 0)
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage["outputTokens"],
        "total_tokens": prompt + usage["outputTokens"],
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def to_events(completion: Mapping[str, Any], *, include_usage: bool) -> str:
    """Return the completion as server-sent events that end with ``[DONE]``."""
    lines = [
        json.dumps(chunk, ensure_ascii=False, separators=(",", ":")) for chunk in _chunks(completion, include_usage)
    ]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])


def _chunks(completion: Mapping[str, Any], include_usage: bool) -> Iterator[dict[str, Any]]:
    common = {name: completion[name] for name in ("id", "created", "model", "system_fingerprint")}
    common["object"] = "chat.completion.chunk"
    if include_usage:
        common["usage"] = None
    message, choice = completion["choices"][0]["message"], completion["choices"][0]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": "", "refusal": None}]
    deltas += [{name: message[name]} for name in ("reasoning_content", "content") if message.get(name)]
    deltas += [{"tool_calls": [{"index": index, **call}]} for index, call in enumerate(message.get("tool_calls", []))]
    for delta in deltas:
        yield {**common, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}]}
    last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": choice["finish_reason"]}
    yield {**common, "choices": [last]}
    if include_usage:
        yield {**common, "choices": [], "usage": completion["usage"]}
