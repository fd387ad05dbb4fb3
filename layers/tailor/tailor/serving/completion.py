"""Translate Converse's answer to a chat completion, as JSON or as server-sent events."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tailor.reasoning import said
from tailor.serving.errors import SERVER, ApiError, render
from tailor.serving.fallback import Fallback
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
MARK = "tailor_fallback"
"""Member of an answer that did not come from the live version; clients of OpenAI's API pass over it."""
_FRAME = ("id", "created", "model", "system_fingerprint", MARK)
FIRST: Mapping[str, Any] = {"role": "assistant", "content": "", "refusal": None}  # delta of a choice
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
    fallback: Fallback | None = None,
) -> dict[str, Any]:
    """Return a ``chat.completion`` with a choice for each answer of Converse.

    Args:
        form: that the answers must have, unless they call a tool.
        one_call: keep the first call of a tool only.
        fallback: what the answers came from in place of the live version.
    Raises:
        ApiError: 502, an answer is incomplete or unusable.
    """
    return frame_of(model, version, created, fallback) | {
        "object": "chat.completion",
        "choices": [_choice(index, answer, form, one_call) for index, answer in enumerate(answers)],
        "usage": usage_of([answer["usage"] for answer in answers]),
    }


def frame_of(model: str, version: str, created: int, fallback: Fallback | None = None) -> dict[str, Any]:
    """Return what all chunks of a completion have in common."""
    identifier = f"chatcmpl-{uuid.uuid4().hex}"
    marked = {MARK: fallback.mark()} if fallback else {}
    return {"id": identifier, "created": created, "model": model, "system_fingerprint": version} | marked


def _choice(index: int, answer: Mapping[str, Any], form: Form | None, one_call: bool) -> dict[str, Any]:
    message, structured = _message(answer["output"]["message"]["content"], form, one_call)
    finish = finish_of(answer.get("stopReason"), calls="tool_calls" in message, formless=bool(form) and not structured)
    return {"index": index, "message": message, "logprobs": None, "finish_reason": finish}


def finish_of(reason: str | None, *, calls: bool, formless: bool) -> str:
    """Return the finish reason of an answer of Converse.

    Args:
        calls: it calls a tool.
        formless: it should have a form, and has not.
    Raises:
        ApiError: 502, the answer is incomplete or unusable.
    """
    if not reason or reason in MALFORMED:
        raise ApiError(502, "the model's answer is not usable: try again", code="model_error", type=SERVER)
    finish = FINISH_REASONS.get(reason, "stop")
    if formless and not calls and finish in ("stop", "tool_calls"):
        raise ApiError(502, "the model did not answer in the form asked for", code="model_error", type=SERVER)
    return "stop" if finish == "tool_calls" and not calls else finish


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


def tokens_of(usages: Sequence[Mapping[str, int]]) -> dict[str, int]:
    """Return the tokens of several answers of Converse together, as they are counted: cached ones are input too."""
    told = usage_of(usages)
    cached = told["prompt_tokens_details"]["cached_tokens"]
    prompt, answered = told["prompt_tokens"], told["completion_tokens"]
    return {"input_tokens": prompt, "cached_tokens": cached, "output_tokens": answered}


def usage_of(usages: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    """Return the tokens of several answers of Converse together, as OpenAI counts them."""

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
    stream = CompletionStream(completion, include_usage=include_usage)
    events = [
        stream.chunk(delta, finish, choice["index"])
        for choice in completion["choices"]
        for delta, finish in _deltas(choice["message"], choice["finish_reason"])
    ]
    return "".join([*events, stream.done(completion["usage"])])


def _deltas(message: Mapping[str, Any], finish: str) -> Iterator[tuple[Mapping[str, Any], str | None]]:
    yield FIRST, None
    yield from (({name: message[name]}, None) for name in ("reasoning_content", "content") if message.get(name))
    calls = enumerate(message.get("tool_calls", []))
    yield from (({"tool_calls": [{"index": index, **call}]}, None) for index, call in calls)
    yield {}, finish


class CompletionStream:
    """Makes the server-sent events of one completion, whose frame is given."""

    def __init__(self, frame: Mapping[str, Any], *, include_usage: bool) -> None:
        self._common = {name: frame[name] for name in _FRAME if name in frame}
        self._common["object"] = "chat.completion.chunk"
        self._include_usage = include_usage
        if include_usage:
            self._common["usage"] = None

    def begin(self) -> str:
        """Return the first event of the only choice."""
        return self.chunk(FIRST)

    def piece(self, delta: Mapping[str, Any]) -> str:
        """Return the event of the only choice's next piece."""
        return self.chunk(delta)

    def end(self, finish: str, usage: Mapping[str, Any]) -> str:
        """Return the last events of the only choice."""
        return self.chunk({}, finish) + self.done(usage)

    def fail(self, error: ApiError) -> str:
        """Return the last event of a completion that fails: no ``[DONE]`` follows."""
        return event(render(error)[0])

    def chunk(self, delta: Mapping[str, Any], finish: str | None = None, index: int = 0) -> str:
        """Return the event of a choice's piece."""
        part = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
        return event({**self._common, "choices": [part]})

    def done(self, usage: Mapping[str, Any]) -> str:
        """Return the events after all choices."""
        last = event({**self._common, "choices": [], "usage": usage}) if self._include_usage else ""
        return f"{last}data: [DONE]\n\n"


def event(document: Mapping[str, Any], kind: str = "") -> str:
    """Return one server-sent event."""
    named = f"event: {kind}\n" if kind else ""
    return f"{named}data: {json.dumps(document, ensure_ascii=False, separators=(',', ':'))}\n\n"
