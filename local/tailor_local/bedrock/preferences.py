"""Preference pairs in AWS's format: a conversation whose last turn has a preferred and a non-preferred candidate.

As the Nova guide (nova-fine-tune-1) and the schema in AWS's SDK (sagemaker-python-sdk,
``ai_registry/schemas/dpo.json``) have it, both read on 2026-11-29.
"""

from dataclasses import dataclass
from typing import Any

from tailor_local.bedrock import data, tokens
from tailor_local.bedrock.data import SCHEMA, DataError
from tailor_local.bedrock.foundation import FoundationModel
from tailor_local.bedrock.learner.classifier import Pair
from tailor_local.bedrock.storage import Storage

PREFERRED, OTHER = "preferred", "non-preferred"
_OF_ROW = {"schemaVersion", "system", "messages"}


@dataclass(frozen=True)
class Preferences:
    pairs: list[Pair]
    tokens: int


def read(storage: Storage, uri: str, model: FoundationModel) -> Preferences:
    """Read and check a file of pairs and all its images. Raises DataError."""
    worse: list[str] = []

    def as_conversation(record: dict[str, Any], line: int) -> dict[str, Any]:
        better, other = _candidates(record, line)
        worse.append(other)
        answer = {"role": "assistant", "content": [{"text": better}]}
        return {**record, "schemaVersion": SCHEMA, "messages": [*record["messages"][:-1], answer]}

    dataset = data.conversations(storage, uri, model, "FINE_TUNING", as_conversation=as_conversation)
    examples = dataset.last_examples()
    pairs = [Pair(each.prompt, each.answer, other) for each, other in zip(examples, worse, strict=True)]
    return Preferences(pairs, dataset.tokens + sum(map(tokens.of_text, worse)))


def _candidates(record: dict[str, Any], line: int) -> tuple[str, str]:
    """Return the texts of the two candidates. Raises DataError for a record that is not in the format."""
    messages = record.get("messages")
    if not isinstance(messages, list) or len(messages) < 2 or not all(isinstance(each, dict) for each in messages):
        raise _bad(line, "messages must be a list of at least two turns")
    if unknown := record.keys() - _OF_ROW:
        raise _bad(line, f"it has the unknown key {sorted(unknown)[0]}")
    last = messages[-1]
    if last.keys() != {"role", "candidates"} or last["role"] != "assistant" or not isinstance(last["candidates"], list):
        raise _bad(line, "the last turn must be the assistant's, with candidates")
    texts: dict[str, str] = {}
    for candidate in last["candidates"]:
        if not isinstance(candidate, dict) or candidate.keys() != {"content", "preferenceLabel"}:
            raise _bad(line, "a candidate must have content and a preferenceLabel")
        label, content = candidate["preferenceLabel"], candidate["content"]
        if label not in (PREFERRED, OTHER) or label in texts:
            raise _bad(line, f"one candidate must be labelled {PREFERRED}, the other one {OTHER}")
        if not isinstance(content, list) or not content or not all(map(_is_text, content)):
            raise _bad(line, "the content of a candidate must be text")
        texts[label] = " ".join(block["text"] for block in content)
    if len(texts) != 2:
        raise _bad(line, "it must have two candidates")
    for message in messages[:-1]:
        if any("video" in block for block in message.get("content") or [] if isinstance(block, dict)):
            raise _bad(line, "preference optimization takes text and images, no videos")
    return texts[PREFERRED], texts[OTHER]


def _is_text(block: Any) -> bool:
    return (
        isinstance(block, dict)
        and block.keys() == {"text"}
        and isinstance(block["text"], str)
        and bool(block["text"].strip())
    )


def _bad(line: int, what: str) -> DataError:
    return DataError(f"Invalid record at line {line}: {what}.")
