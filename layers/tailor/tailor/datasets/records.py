"""Encode examples as the service takes them: one JSON object a line, in the shape of the model and its method."""

from typing import Any

import msgspec
import orjson

from tailor.catalog import Record
from tailor.datasets.example import Block, Example, Media, Raw, Text, Turn
from tailor.datasets.media import Locate, source_of
from tailor.prepared import PREFERENCE_LABELS, document_row

SCHEMA = "bedrock-conversation-2024"


class Encoded(msgspec.Struct, gc=False):
    """``line`` is the record without a line break; ``question`` all texts before the last answer, ``answer`` that
    answer, ``worse`` the other one of a preference pair: duplicates and conflicts are found by them. They include no
    media."""

    line: bytes
    question: str
    answer: str
    worse: str = ""

    @property
    def longest(self) -> str:
        """Return the longer answer, with which the record's length is measured."""
        return self.worse if len(self.worse) > len(self.answer) else self.answer


class Encoder:
    """Encodes examples. Raises TypeError or ValueError (orjson's) if a passed-on value can't be written as JSON."""

    def __init__(self, record: Record, owner: str | None) -> None:
        self._owner = owner
        self._encode = {
            "converse": self._converse,
            "openai-rft": self._reinforcement,
            "prompt-completion": self._prompt_completion,
            "input": self._input,
            "document": self._document,
            "preference-pair": self._pair,
        }[record]

    def encode(self, example: Example, locate: Locate) -> Encoded:
        return self._encode(example, locate)

    def _converse(self, example: Example, locate: Locate) -> Encoded:
        turns = example.turns
        messages = [{"role": turn.role, "content": self._content(turn, locate)} for turn in turns]
        record: dict[str, Any] = {"schemaVersion": SCHEMA, "messages": messages}
        if example.system:
            record = {"schemaVersion": SCHEMA, "system": [{"text": example.system}], "messages": messages}
        if "tools" in example.extra:
            record["toolConfig"] = {"tools": example.extra["tools"]}
        return Encoded(orjson.dumps(record), *question_and_answer(example))

    def _pair(self, example: Example, locate: Locate) -> Encoded:
        *before, last = example.turns
        answers = zip(PREFERENCE_LABELS, (text_of(last.blocks), example.worse or ""), strict=True)
        candidates = [{"content": [{"text": text}], "preferenceLabel": label} for label, text in answers]
        messages: list[dict[str, Any]] = [
            {"role": turn.role, "content": self._content(turn, locate)} for turn in before
        ]
        record: dict[str, Any] = {"system": [{"text": example.system}]} if example.system else {}
        record["messages"] = [*messages, {"role": "assistant", "candidates": candidates}]
        return Encoded(orjson.dumps(record), *question_and_answer(example), worse=example.worse or "")

    def _reinforcement(self, example: Example, locate: Locate) -> Encoded:
        messages = [{"role": "system", "content": example.system}] if example.system else []
        messages += [{"role": turn.role, "content": text_of(turn.blocks)} for turn in example.turns]
        record = {"messages": messages, **example.extra}
        question, answer = question_and_answer(example)
        reference = example.extra.get("reference_answer")
        return Encoded(
            orjson.dumps(record), question, answer if reference is None else orjson.dumps(reference).decode()
        )

    def _prompt_completion(self, example: Example, locate: Locate) -> Encoded:
        question = text_of(example.turns[0].blocks) if example.turns else ""
        prompt = f"{example.system}\n\n{question}" if example.system else question
        answer = text_of(example.turns[-1].blocks) if len(example.turns) > 1 else ""
        line = orjson.dumps({"prompt": prompt, "completion": answer})
        return Encoded(line, prompt, answer)

    def _input(self, example: Example, locate: Locate) -> Encoded:
        document = document_of(example)
        return Encoded(orjson.dumps({"input": document}), document, "")

    def _document(self, example: Example, locate: Locate) -> Encoded:
        document = document_of(example)
        return Encoded(orjson.dumps(document_row(document)), document, "")

    def _content(self, turn: Turn, locate: Locate) -> list[dict[str, Any]]:
        content: list[dict[str, Any]] = []
        for block in turn.blocks:
            if type(block) is Text:  # by far the most frequent
                content.append({"text": block.text})
            elif isinstance(block, Media):
                content.append({block.kind: source_of(locate(block), self._owner)})
            elif isinstance(block, Raw):
                content.append({block.kind: block.value})
        return content


def question_and_answer(example: Example) -> tuple[str, str]:
    """Return the texts before the last answer, and the answer. Tool calls count as text; media do not."""
    turns = example.turns
    answer = ""
    if turns and turns[-1].role == "assistant":
        answer = _whole_text(turns[-1].blocks)
        turns = turns[:-1]
    parts = [_whole_text(turn.blocks) for turn in turns]
    return "\n".join([example.system or "", *parts]), answer


def _whole_text(blocks: list[Block]) -> str:
    if len(blocks) == 1 and type(blocks[0]) is Text:
        return blocks[0].text
    parts = []
    for block in blocks:
        if isinstance(block, Text):
            parts.append(block.text)
        elif isinstance(block, Raw):
            reasoning = block.value.get("reasoningText") if block.kind == "reasoningContent" else None
            text = reasoning.get("text") if isinstance(reasoning, dict) else None
            parts.append(text if isinstance(text, str) else orjson.dumps(block.value).decode())
    return "\n".join(parts)


def text_of(blocks: list[Block]) -> str:
    return "\n".join(block.text for block in blocks if isinstance(block, Text))


def document_of(example: Example) -> str:
    """Return the text for continued pre-training; a conversation becomes the sequence of its texts."""
    if example.document is not None:
        return example.document
    texts = [example.system] if example.system else []
    return "\n".join(texts + [text_of(turn.blocks) for turn in example.turns])
