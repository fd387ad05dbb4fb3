"""Read prepared training rows, in any of the shapes that Bedrock takes for a method."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson


@dataclass(frozen=True, slots=True)
class Conversation:
    """One training row in Converse's shape: ``messages`` without the answer that is learned, and that answer.

    ``messages`` is empty for a document; ``answer`` is empty where the row has none. ``worse`` is the other answer of a
    preference pair.
    """

    system: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    answer: str
    worse: str = ""


PREFERENCE_LABELS = "preferred", "non-preferred"
"""AWS's labels of the two candidates in the last turn of a preference pair, the better one's first."""
CONTINUE = "Continue the document."
"""The request before each document, where a model learns documents as answers."""


def document_row(document: str) -> dict[str, Any]:
    """Return a document as a row of a fine-tuning: its text is the answer to the same request each time."""
    return {
        "schemaVersion": "bedrock-conversation-2024",
        "messages": [
            {"role": "user", "content": [{"text": CONTINUE}]},
            {"role": "assistant", "content": [{"text": document}]},
        ],
    }


def document_in(row: Mapping[str, Any]) -> str | None:
    """Return the document that a row of a continued pre-training holds; None for other rows."""
    if "input" in row:
        return row["input"] if isinstance(row["input"], str) else None
    match row.get("messages"):
        case [{"content": [{"text": text}]}, {"content": [{"text": str(document)}]}] if text == CONTINUE:
            return document
    return None


def decode(row: Mapping[str, Any]) -> Conversation:
    """Return the conversation of a row: Converse, prompt and completion, a document, OpenAI's, a preference pair."""
    if (document := document_in(row)) is not None:
        return Conversation([], [], document)
    if "prompt" in row and "completion" in row:
        return Conversation([], [{"role": "user", "content": [{"text": row["prompt"]}]}], row["completion"])
    if row["messages"] and "candidates" in row["messages"][-1]:
        better, worse = (candidate_in(row["messages"][-1], label) for label in PREFERENCE_LABELS)
        return Conversation(row.get("system") or [], row["messages"][:-1], better, worse)
    messages = [{**turn, "content": _blocks(turn["content"])} for turn in row["messages"]]
    system = [block for turn in messages if turn["role"] == "system" for block in turn["content"]]
    turns = [turn for turn in messages if turn["role"] != "system"]
    system = row.get("system") or system
    if turns and turns[-1]["role"] == "assistant":
        answer = "\n".join(block["text"] for block in turns[-1]["content"] if "text" in block)
        return Conversation(system, turns[:-1], answer)
    reference = row.get("reference_answer", "")
    return Conversation(system, turns, reference if isinstance(reference, str) else orjson.dumps(reference).decode())


def candidate_in(turn: Mapping[str, Any], label: str) -> str:
    """Return the text of the candidate with this label, of the last turn of a preference pair."""
    found = next(candidate for candidate in turn["candidates"] if candidate["preferenceLabel"] == label)
    return "\n".join(block["text"] for block in found["content"])


def _blocks(content: str | list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"text": content}] if isinstance(content, str) else content
