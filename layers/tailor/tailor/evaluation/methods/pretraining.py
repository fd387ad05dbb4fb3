"""Continued pre-training: what the job's own losses say, cloze questions out of held-out documents, and memorisation.

Bedrock gives no token probabilities at inference, so perplexity comes from the job's files, for each byte, because
tokens differ between tokenisers. Whether the domain was learned is asked with cloze questions; whether documents can be
recited, with long beginnings of training documents.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import orjson

from tailor.evaluation import metrics
from tailor.evaluation.arms import BASE, CANDIDATE, rank
from tailor.evaluation.compare import Design, compare
from tailor.evaluation.curves import Curve, merged
from tailor.evaluation.rows import Answer, Row
from tailor.evaluation.score import score
from tailor.evaluation.sizes import CLOZE_A_DOCUMENT, CONTEXT_WORDS, PREFIX_WORDS, PROBES
from tailor.evaluation.statistics import Clusters
from tailor.evaluation.verdict import Plan, rules_for

_INSTRUCTION = "Continue the text with its next word. Answer with that word and nothing else."
SYSTEM: tuple[dict[str, Any], ...] = ({"text": _INSTRUCTION},)
_RECITE = "Continue the text word for word, as it goes on in the original."
_WORD = re.compile(r"\S+")
_RECITED_WORDS = 25
_VERBATIM = 10


def cloze_rows(rows: Sequence[Row], most: int, seed: int = 0) -> list[Row]:
    """Questions out of documents (rows without messages); other rows stay. A document is a group."""
    made: list[Row] = []
    for row in rows:
        if row.messages:
            made.append(row)
        else:
            made += [question for text in row.references for question in _cloze(row, text, seed)]
    return made[:most]


def _cloze(row: Row, text: str, seed: int) -> Iterable[Row]:
    """Longer words are asked for: short ones follow from grammar, not from the domain."""
    words = list(_WORD.finditer(text))
    letters = [re.sub(r"\W", "", word.group()) for word in words]
    places = [place for place in range(8, len(words)) if len(letters[place]) > 3 and letters[place].isalpha()]
    places = places or [place for place in range(8, len(words)) if letters[place]]
    for place in sorted(sorted(places, key=lambda place: rank(seed, f"{row.id}:{place}"))[:CLOZE_A_DOCUMENT]):
        start = words[max(0, place - CONTEXT_WORDS)].start()
        yield Row(
            id=f"{row.id}-w{place}",
            references=(letters[place],),
            group=row.group,
            category=row.category,
            messages=_prompt(text[start : words[place].start()].rstrip()),
            system=SYSTEM,
            source=row.source,
        )


def _prompt(text: str) -> tuple[dict[str, Any], ...]:
    return ({"role": "user", "content": [{"text": text}]},)


def probe_rows(train: Iterable[bytes], seed: int = 0) -> list[Row]:
    """Beginnings of training documents; the reference is how each goes on."""
    documents = sorted((rank(seed, line.decode("utf-8", "replace")), line) for line in train if line.strip())
    rows: list[Row] = []
    for place, (_, line) in enumerate(documents):
        text = orjson.loads(line).get("input")
        words = _WORD.findall(text) if isinstance(text, str) else []
        if len(words) >= PREFIX_WORDS + _RECITED_WORDS and len(rows) < PROBES:
            rest = " ".join(words[PREFIX_WORDS : PREFIX_WORDS + _RECITED_WORDS])
            messages = _prompt(" ".join(words[:PREFIX_WORDS]))
            rows.append(Row(f"probe-{place}", (rest,), f"probe-{place}", None, messages, ({"text": _RECITE},)))
    return rows


def next_word(rows: Sequence[Row], answers: Mapping[str, Mapping[str, Answer]], plan: Plan) -> dict[str, Any]:
    """How often candidate and base know the next word of held-out documents, where other questions decide."""
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
    """How many probes each arm continues with at least ten words of the original in a row."""
    result: dict[str, Any] = {"probes": len(rows), "words": _VERBATIM}
    for arm in (CANDIDATE, BASE):
        recited = [_run_length(answers[arm][row.id].answer, row.references[0]) >= _VERBATIM for row in rows]
        result[arm] = sum(recited)
    return result


def _run_length(answer: str, original: str) -> int:
    said, meant = answer.split(), original.split()
    return SequenceMatcher(None, said, meant, autojunk=False).find_longest_match().size


def losses(curves: Sequence[Curve], manifest: Mapping[str, Any]) -> dict[str, Any] | None:
    """First and last validation loss (training, where there is none) a token and a byte; None without curves.

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
