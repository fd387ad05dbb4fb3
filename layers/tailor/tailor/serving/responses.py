"""Translate a chat completion to a response of ``/v1/responses``, as JSON or as server-sent events."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from tailor.serving.responses_request import ResponsesRequest

# Why an answer is incomplete, by the finish reason of a chat completion.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def to_response(completion: Mapping[str, Any], request: ResponsesRequest) -> dict[str, Any]:
    """Return a ``response`` with the completion's only choice."""
    [choice] = completion["choices"]
    reason = _INCOMPLETE.get(choice["finish_reason"])
    usage = completion["usage"]
    asked = request.model_dump(by_alias=True, exclude_none=True)
    return {
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
        part: dict[str, Any] = {
            "type": "output_text",
            "text": message.get("content") or "",
            "annotations": [],
            "logprobs": [],
        }
        item = {"id": f"msg_{uuid.uuid4().hex}", "type": "message", "role": "assistant"}
        yield item | {"status": status, "content": [part]}
    for call in calls:
        item = {"id": f"fc_{uuid.uuid4().hex}", "type": "function_call", "call_id": call["id"]}
        yield item | {"status": status, **call["function"]}


def to_events(response: Mapping[str, Any]) -> str:
    """Return the response as server-sent events, of the types and in the order of OpenAI's streams."""
    numbered = ({"sequence_number": number, **event} for number, event in enumerate(_events(response)))
    lines = ((event["type"], json.dumps(event, ensure_ascii=False, separators=(",", ":"))) for event in numbered)
    return "".join(f"event: {kind}\ndata: {line}\n\n" for kind, line in lines)


def _events(response: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    begun = {**response, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(response["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty: dict[str, Any] = {"content": []} if item["type"] == "message" else {"arguments": ""}
        opened = {**item, "status": "in_progress", **empty}
        yield {"type": "response.output_item.added", "output_index": index, "item": opened}
        if item["type"] == "message":
            yield from _text_events(item["content"][0], {**place, "content_index": 0})
        else:
            arguments = item["arguments"]
            yield {"type": "response.function_call_arguments.delta", **place, "delta": arguments}
            name = item["name"]
            yield {"type": "response.function_call_arguments.done", **place, "name": name, "arguments": arguments}
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{response['status']}", "response": response}


def _text_events(part: Mapping[str, Any], place: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield {"type": "response.content_part.added", **place, "part": {**part, "text": ""}}
    if part["text"]:
        yield {"type": "response.output_text.delta", **place, "delta": part["text"], "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": part["text"], "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": part}
