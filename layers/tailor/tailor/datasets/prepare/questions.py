"""Read a team's own questions about the domain of a continued pre-training, all of which are held out.

It is read as any other file of questions and answers, and nothing of it is learnt.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import orjson

from tailor.catalog import Model
from tailor.datasets.example import Example, Rejected, Text
from tailor.datasets.formats import read_dataset
from tailor.datasets.prepare.writer import Written
from tailor.findings import Finding, finding
from tailor.recipe import Recipe
from tailor.storage import Storage
from tailor.tokens import NOTHING, Estimate, Estimator

MOST: Final = 20_000


@dataclass(slots=True)
class OwnQuestions:
    """``rows`` are those of test.jsonl (docs/architecture.md); ``asked``: the tokens of their prompts."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    asked: Estimate = NOTHING

    def write(self, output: Storage, key: str) -> Written:
        data = b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in self.rows)
        output.write(key, data, "application/jsonl")
        return Written(key, hashlib.sha256(data).hexdigest(), len(data), len(self.rows))

    def document(self) -> dict[str, Any]:
        """Return the questions for the manifest."""
        asked = {"low": self.asked.low, "expected": self.asked.expected, "high": self.asked.high}
        return {"rows": len(self.rows), "asked": asked}


def own_questions(storage: Storage, prefix: str, recipe: Recipe, model: Model, scratch: Path) -> OwnQuestions | None:
    """Return the questions of the recipe's own file; None if it names no file.

    The findings say what is wrong with the file. One unusable row stops the dataset: what decides about a model must
    not shrink unseen.
    """
    name = recipe.data.questions
    if name is None:
        return None
    found = OwnQuestions()
    folder = scratch / "questions"
    folder.mkdir(exist_ok=True)
    data = recipe.data.model_copy(update={"format": "auto"})
    reader = read_dataset(storage, prefix, data, "fine-tuning", folder, only=name)
    if not reader.files:
        found.findings = [finding("questions-missing", name), *(each for each in reader.findings if each.file)]
        return found
    estimator, total, unusable = Estimator(model.tokens, None), 0, 0
    for total, row in enumerate(reader, start=1):
        if total > MOST:
            found.findings.append(finding("too-many-questions", name, limit=MOST))
            break
        troubles = list(row.findings) if isinstance(row, Rejected) else list(_troubles(row))
        found.findings += troubles
        if troubles or isinstance(row, Rejected):
            unusable += 1
            continue
        held_out = _held_out(f"q{total:06d}", row)
        found.rows.append(held_out)
        texts = [block["text"] for message in held_out["messages"] for block in message["content"]]
        for text in [*texts, row.system or ""]:
            found.asked = found.asked.plus(estimator.text(len(text), text.encode()))
    found.findings += reader.findings
    if unusable or not found.rows:
        found.findings.append(finding("unusable-questions", name, count=unusable, total=total))
    else:
        found.findings.append(finding("questions-held-out", name, count=len(found.rows)))
    return found


def _troubles(row: Example) -> Iterator[Finding]:
    if any(not isinstance(block, Text) for turn in row.turns for block in turn.blocks):
        yield finding("question-not-text", row.file, row.line)
    elif not row.turns or row.turns[0].role != "user" or not all(_references(row)):
        yield finding("question-not-complete", row.file, row.line)


def _references(row: Example) -> list[str]:
    if row.references:
        return row.references
    last = row.turns[-1]
    return [_text(last.blocks)] if last.role == "assistant" else [""]


def _text(blocks: list[Any]) -> str:
    return "\n".join(block.text for block in blocks).strip()


def _held_out(identity: str, row: Example) -> dict[str, Any]:
    turns = row.turns[:-1] if row.turns[-1].role == "assistant" else row.turns
    return {
        "id": identity,
        "group": row.group or identity,
        "category": row.category,
        "system": [{"text": row.system}] if row.system else [],
        "messages": [{"role": turn.role, "content": [{"text": _text(turn.blocks)}]} for turn in turns],
        "references": _references(row),
        "source": {"file": row.file, "line": row.line},
    }
