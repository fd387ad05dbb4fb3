"""Translate Converse's answer to a chat completion, as JSON or as server-sent events."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tailor.reasoning import said
from tailor.serving.errors import SERVER, ApiError
from tailor.serving.forms import Form

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
    answers: Sequence[Mapping[str, Any]],
    *,
    model: str,
    version: str,
    created: int,
    form: Form | None = None,
    one_call: bool = False,
) -> dict[str, Any]:
    """Return a ``chat.completion`` with a choice for each answer of Converse.

    Args:
        form: that the answers must have, unless they call a tool.
        one_call: keep the first call of a tool only.
    Raises:
        ApiError: 502, an answer is incomplete or unusable.
    """
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": created,
        "model": model,
        "system_fingerprint": version,
        "choices": [_choice(index, answer, form, one_call) for index, answer in enumerate(answers)],
        "usage": _usage([answer["usage"] for answer in answers]),
    }


def _choice(index: int, answer: Mapping[str, Any], form: Form | None, one_call: bool) -> dict[str, Any]:
    reason = answer.get("stopReason")
    if not reason or reason in MALFORMED:
        raise ApiError(502, "the model's answer is not usable: try again", code="model_error", type=SERVER)
    finish = FINISH_REASONS.get(reason, "stop")
    message, structured = _message(answer["output"]["message"]["content"], form, one_call)
    calls = "tool_calls" in message
    if form and not structured and not calls and finish in ("stop", "tool_calls"):
        raise ApiError(502, "the model did not answer in the form asked for", code="model_error", type=SERVER)
    if finish == "tool_calls" and not calls:
        finish = "stop"
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}


def _message(blocks: list[dict[str, Any]], form: Form | None, one_call: bool) -> tuple[dict[str, Any], bool]:
    """Return the message, and whether its content has the form."""
    texts: list[str] = []
    reasoning: list[str] = []
    calls: list[dict[str, Any]] = []
    structured: str | None = None
    for block in blocks:
        if "text" in block:
            texts.append(block["text"])
        elif "toolUse" in block:
            use = block["toolUse"]
            if form and use["name"] == form.name:
                structured = form.answer(use["input"])
            else:
                function = {"name": use["name"], "arguments": json.dumps(use["input"], ensure_ascii=False)}
                calls.append({"id": use["toolUseId"], "type": "function", "function": function})
        elif "reasoningContent" in block:
            reasoning.append(block["reasoningContent"].get("reasoningText", {}).get("text", ""))
    thought, text = said("".join(texts))
    reasoning += [thought] if thought else []
    if calls:
        structured = None  # an answer that was given before its tools had answered
    content = structured if structured is not None else text
    message: dict[str, Any] = {"role": "assistant", "content": content or (None if calls else ""), "refusal": None}
    if calls:
        message["tool_calls"] = calls[:1] if one_call else calls
    if any(reasoning):
        message["reasoning_content"] = "".join(reasoning)
    return message, structured is not None


def _usage(usages: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    def total(name: str) -> int:
        return sum(usage.get(name, 0) for usage in usages)

    cached = total("cacheReadInputTokens")
    prompt = total("inputTokens") + cached + total("cacheWriteInputTokens")
    return {
        "prompt_tokens": prompt,
        "completion_tokens": total("outputTokens"),
        "total_tokens": prompt + total("outputTokens"),
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
    for choice in completion["choices"]:
        for delta in _deltas(choice["message"]):
            part = {"index": choice["index"], "delta": delta, "logprobs": None, "finish_reason": None}
            yield {**common, "choices": [part]}
        last = {"index": choice["index"], "delta": {}, "logprobs": None, "finish_reason": choice["finish_reason"]}
        yield {**common, "choices": [last]}
    if include_usage:
        yield {**common, "choices": [], "usage": completion["usage"]}


def _deltas(message: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"role": "assistant", "content": "", "refusal": None}
    yield from ({name: message[name]} for name in ("reasoning_content", "content") if message.get(name))
    yield from ({"tool_calls": [{"index": index, **call}]} for index, call in enumerate(message.get("tool_calls", [])))
