"""Translate a chat completion to a response of ``/v1/responses``, as JSON or as server-sent events."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tailor.serving.completion import MARK, event, usage_of
from tailor.serving.errors import ApiError
from tailor.serving.responses_request import ResponsesRequest

# Why an answer is incomplete, by the finish reason of a chat completion.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def to_response(completion: Mapping[str, Any], request: ResponsesRequest) -> dict[str, Any]:
    """Return a ``response`` with the completion's only choice."""
    [choice] = completion["choices"]
    reason = _INCOMPLETE.get(choice["finish_reason"])
    usage = completion["usage"]
    asked = request.model_dump(by_alias=True, exclude_none=True)
    marked = {MARK: completion[MARK]} if MARK in completion else {}
    return marked | {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": completion["created"],
        "status": "incomplete" if reason else "completed",
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "metadata": request.metadata or {},
        "model": completion["model"],
        "output": list(_items(choice["message"], "incomplete" if reason else "completed")),
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "reasoning": {"effort": None, "summary": None},
        "store": False,
        "temperature": request.temperature,
        "text": {"format": asked.get("text", {}).get("format", {"type": "text"})},
        "tool_choice": asked.get("tool_choice", "auto"),
        "tools": asked.get("tools", []),
        "top_p": request.top_p,
        "truncation": "disabled",
        "usage": {
            "input_tokens": usage["prompt_tokens"],
            "input_tokens_details": usage["prompt_tokens_details"],
            "output_tokens": usage["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage["total_tokens"],
        },
    }


def _items(message: Mapping[str, Any], status: str) -> Iterator[dict[str, Any]]:
    calls = message.get("tool_calls", [])
    if message.get("content") or not calls:
        yield _message(f"msg_{uuid.uuid4().hex}", message.get("content") or "", status)
    for call in calls:
        yield _call(f"fc_{uuid.uuid4().hex}", call["id"], status, **call["function"])


def _message(identifier: str, text: str, status: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": identifier, "type": "message", "role": "assistant", "status": status, "content": [part]}


def _call(identifier: str, call: str, status: str, name: str, arguments: str) -> dict[str, Any]:
    item = {"id": identifier, "type": "function_call", "call_id": call, "status": status}
    return {**item, "name": name, "arguments": arguments}


class ResponseStream:
    """Makes the server-sent events of one response, of the types and in the order of OpenAI's streams.

    Args:
        frame: of the completion: its id, time, model and version.
    """

    def __init__(self, frame: Mapping[str, Any], request: ResponsesRequest) -> None:
        self._frame, self._request = frame, request
        nothing: dict[str, Any] = {"status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
        self._begun = self._response("stop", usage_of([])) | nothing
        self._number = 0
        self._done: list[dict[str, Any]] = []
        self._open: dict[str, Any] | None = None  # the item that is being said

    def begin(self) -> str:
        """Return the first events."""
        kinds = ("response.created", "response.in_progress")
        return "".join(self._event(kind, response=self._begun) for kind in kinds)

    def piece(self, delta: Mapping[str, Any]) -> str:
        """Return the events of a chat completion's delta."""
        if text := delta.get("content"):
            return self._text(text)
        return "".join(self._call(call) for call in delta.get("tool_calls", ()))

    def end(self, finish: str, usage: Mapping[str, Any]) -> str:
        """Return the last events."""
        response = self._response(finish, usage) | {"id": self._begun["id"]}
        events = "" if self._open or self._done else self._begin(_message(f"msg_{uuid.uuid4().hex}", "", ""))
        events += self._close(response["status"])
        return events + self._event(f"response.{response['status']}", response={**response, "output": self._done})

    def fail(self, error: ApiError) -> str:
        """Return the last events of a response that fails."""
        told = {"code": "server_error", "message": error.message}
        failed = {**self._begun, "status": "failed", "output": self._done, "error": told}
        said = self._event("error", code=error.code, message=error.message, param=None)
        return said + self._event("response.failed", response=failed)

    def _response(self, finish: str, usage: Mapping[str, Any]) -> dict[str, Any]:
        choice: dict[str, Any] = {"message": {}, "finish_reason": finish}
        return to_response({**self._frame, "choices": [choice], "usage": usage}, self._request)

    def _text(self, text: str) -> str:
        events = ""
        if not self._open or self._open["type"] != "message":
            events = self._close() + self._begin(_message(f"msg_{uuid.uuid4().hex}", "", ""))
        self._open["content"][0]["text"] += text  # type: ignore[index]
        return events + self._event("response.output_text.delta", **self._place(), delta=text, logprobs=[])

    def _call(self, call: Mapping[str, Any]) -> str:
        events, function = "", call["function"]
        if "id" in call:
            events = self._close() + self._begin(_call(f"fc_{uuid.uuid4().hex}", call["id"], "", function["name"], ""))
        if not function["arguments"] or not self._open:
            return events
        self._open["arguments"] += function["arguments"]
        kind = "response.function_call_arguments.delta"
        return events + self._event(kind, **self._place(), delta=function["arguments"])

    def _place(self) -> dict[str, Any]:
        place = {"output_index": len(self._done), "item_id": self._open["id"]} if self._open else {}
        return place | ({"content_index": 0} if self._open and self._open["type"] == "message" else {})

    def _begin(self, item: dict[str, Any]) -> str:
        self._open = item
        empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {}
        opened = {**item, "status": "in_progress", **empty}
        events = self._event("response.output_item.added", output_index=len(self._done), item=opened)
        if item["type"] == "message":
            events += self._event("response.content_part.added", **self._place(), part=item["content"][0])
        return events

    def _close(self, status: str = "completed") -> str:
        if not self._open:
            return ""
        item, place = self._open | {"status": status}, self._place()
        if item["type"] == "message":
            part = item["content"][0]
            events = self._event("response.output_text.done", **place, text=part["text"], logprobs=[])
            events += self._event("response.content_part.done", **place, part=part)
        else:
            given = {name: item[name] for name in ("name", "arguments")}
            events = self._event("response.function_call_arguments.done", **place, **given)
        events += self._event("response.output_item.done", output_index=len(self._done), item=item)
        self._done.append(item)
        self._open = None
        return events

    def _event(self, kind: str, **fields: Any) -> str:
        self._number += 1
        return event({"type": kind, "sequence_number": self._number - 1, **fields}, kind)
