"""Bodies that real clients sent are taken: shapes.jsonl, which ``make conformance`` records and writes."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.serving.mutations import answer, mutated, service

SHAPES = [json.loads(line) for line in (Path(__file__).parent / "shapes.jsonl").read_text().splitlines()]
PATHS = {"/chat/completions": "chat", "/responses": "responses"}
_ASK = [{"role": "user", "content": "x"}]
_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
_TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object", "properties": {}}}}
_RESULT = {"role": "tool", "tool_call_id": "c1", "content": "1"}
_FORM = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object", "properties": {}}}}
# By clients that the conformance suite can't run: chat front ends, editors, and no-code tools.
READ: dict[str, dict[str, Any]] = {
    "open-webui chat": {"stream": True, "stream_options": {"include_usage": True}},
    "open-webui title": {"stream": False, "max_tokens": 1000},
    "open-webui tools": {"stream": True, "tools": [_TOOL], "messages": [*_ASK, {"role": "assistant", "content": "",
                         "tool_calls": [{**_CALL, "index": 0}]}, _RESULT]},
    "librechat": {"stream": True, "stream_options": {"include_usage": True}, "user": "6543", "temperature": 1,
                  "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0},
    "continue": {"stream": True, "max_tokens": 2048, "stream_options": {"include_usage": True}, "messages": [
                 {"role": "user", "content": [{"type": "text", "text": "x"}]}]},
    "cline": {"stream": True, "stream_options": {"include_usage": True}, "temperature": 0, "tools": [_TOOL],
              "tool_choice": "auto", "parallel_tool_calls": False},
    "dify validation": {"max_tokens": 5, "stream": False, "messages": [{"role": "user", "content": "ping"}]},
    "dify chat": {"temperature": 0.7, "top_p": 1, "frequency_penalty": 0, "presence_penalty": 0, "user": "abc",
                  "stream": True},
    "promptfoo": {"max_tokens": 1024, "temperature": 0, "seed": 0},
    "n8n json": {"response_format": {"type": "json_object"}, "stream": False, "temperature": 0.7},
    "smolagents": {"stop": ["Observation:", "Calling tools:"]},
    "crewai": {"response_format": _FORM, "stop": []},
    "agent-framework": {"response_format": _FORM, "tools": [_TOOL], "tool_choice": "auto"},
}  # fmt: skip


@pytest.mark.parametrize("client", sorted({shape["client"] for shape in SHAPES}))
def test_what_a_client_sent_is_taken(client: str) -> None:
    chat = service()
    for shape in SHAPES:
        if shape["client"] == client:
            body = json.dumps(shape["body"]).encode()
            assert answer(chat, PATHS[shape["path"]], body) == (200, None), shape


@pytest.mark.parametrize("client", READ)
def test_what_other_clients_are_known_to_send_is_taken(client: str) -> None:
    body = {"model": "colours", "messages": _ASK} | READ[client]
    assert answer(service(), "chat", json.dumps(body).encode()) == (200, None)


def test_what_clients_sent_is_a_good_start_for_mutations() -> None:
    """They hold what the two written bodies lack: histories, schemas, and parameters of many libraries."""
    chat = service()
    shapes = [(PATHS[shape["path"]], shape["body"]) for shape in SHAPES]
    statuses = {answer(chat, path, body)[0] for path, body in mutated(100, seed=len(SHAPES), shapes=shapes)}
    assert statuses <= {200, 400, 404, 413}
