"""Measure continued pre-training: the job's losses, cloze questions from held-out documents, and memorisation.

Bedrock gives no token probabilities at inference, so perplexity comes from the job's files, for each byte, because
tokens differ between tokenisers. Whether the domain was learned is asked with cloze questions; whether documents can be
recited, with long beginnings of training documents.
"""

import math
from collections.abc import Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

from tailor import metrics
from tailor.evaluation.curves import Curve, merged
from tailor.evaluation.gate.verdict import Plan, rules_for
from tailor.evaluation.questions.arms import BASE, CANDIDATE
from tailor.evaluation.questions.held_out import Answer, Row
from tailor.evaluation.scoring.compare import Design, compare
from tailor.evaluation.scoring.score import score
from tailor.evaluation.scoring.statistics import Clusters

_VERBATIM = 10


def next_word(rows: Sequence[Row], answers: Mapping[str, Mapping[str, Answer]], plan: Plan) -> dict[str, Any]:
    """Return how often candidate and base know the next word of held-out documents, if other questions decide."""
    sheet = score(rows, answers, [metrics.get("next_word")], rules_for(rows, plan))
    design = Design(Clusters.of([row.group for row in rows]), plan.policy.confidence, plan.resamples, plan.seed)
    [found] = compare(design, sheet.evidence, CANDIDATE, [BASE])["next_word"]
    return {
        "questions": len(rows),
        "candidate": found.candidate,
        "base": found.baseline,
        "difference": found.difference,
        "interval": list(found.interval),
    }


def memorisation(rows: Sequence[Row], answers: Mapping[str, Mapping[str, Answer]]) -> dict[str, Any]:
    """Return how many probes each arm continues with at least ten consecutive words of the original."""
    result: dict[str, Any] = {"probes": len(rows), "words": _VERBATIM}
    for arm in (CANDIDATE, BASE):
        recited = [_run_length(answers[arm][row.id].answer, row.references[0]) >= _VERBATIM for row in rows]
        result[arm] = sum(recited)
    return result


def _run_length(answer: str, original: str) -> int:
    said, meant = answer.split(), original.split()
    return SequenceMatcher(None, said, meant, autojunk=False).find_longest_match().size


def losses(curves: Sequence[Curve], manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return first and last validation loss (or training loss) per token and byte; None without curves.

    Tokens a byte come from the manifest's estimate, so figures a byte are estimates too.
    """
    kind = "validation" if merged(curves, "validation") else "training"
    points = [
        point for point in merged(curves, "validation") or merged(curves, "training") if math.isfinite(point.loss)
    ]
    if not points:
        return None
    tokens, size = manifest.get("tokens", {}).get("expected"), _trained_bytes(manifest)
    share = tokens / size if tokens and size else None
    return {
        "kind": kind,
        "first": _loss(points[0].loss, share),
        "last": _loss(points[-1].loss, share),
        "tokens_a_byte": share,
    }


def _trained_bytes(manifest: Mapping[str, Any]) -> int:
    return sum(file["bytes"] for file in manifest.get("files", []) if file["key"].endswith("train.jsonl"))


def _loss(loss: float, tokens_a_byte: float | None) -> dict[str, float | None]:
    per_byte = None if tokens_a_byte is None else loss * tokens_a_byte
    return {
        "loss": loss,
        "perplexity": math.exp(min(loss, 700)),
        "loss_a_byte": per_byte,
        "perplexity_a_byte": None if per_byte is None else math.exp(min(per_byte, 700)),
    }
