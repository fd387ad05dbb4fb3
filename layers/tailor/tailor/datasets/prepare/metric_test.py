"""Test the metric that will decide on the held-out rows, before anything is spent."""

from collections.abc import Sequence
from typing import Any

import orjson

from tailor.datasets.prepare.writer import PreparedFile
from tailor.language import dominant
from tailor.metrics.base import Rules
from tailor.metrics.self_test import Asked, self_test
from tailor.normalisers import for_language
from tailor.reasoning import answer_of
from tailor.recipe import Recipe

_TEST, _MOST = "test.jsonl", 2_000


def tested_metric(written: Sequence[PreparedFile], recipe: Recipe) -> dict[str, Any] | None:
    """Return how the evaluation's metric judges right and wrong answers to the held-out rows, as a document.

    None where nothing is held out that has an answer, or where the method decides by something else (rewards, cloze
    questions).
    """
    wanted = recipe.evaluation
    decided_otherwise = recipe.method in ("reinforcement", "continued-pre-training") and wanted.metric == "auto"
    path = next((file.path for file in written if file.path.name == _TEST and file.rows), None)
    if path is None or decided_otherwise:
        return None
    with path.open("rb") as lines:
        rows = [_asked(orjson.loads(line)) for line, _ in zip(lines, range(_MOST), strict=False)]
    language = wanted.language
    if language == "auto":
        language = dominant(reference for row in rows for reference in row.references)
    found = self_test(rows, Rules(for_language(language, wanted.normaliser), language), wanted.metric)
    return found.document() if found else None


def _asked(row: dict[str, Any]) -> Asked:
    """Return the last turn's text and the references that are texts."""
    blocks = row["messages"][-1]["content"] if row["messages"] else []
    question = "\n".join(block["text"] for block in blocks if "text" in block)
    return Asked(question, tuple(answer_of(text) for text in row["references"] if isinstance(text, str)))
