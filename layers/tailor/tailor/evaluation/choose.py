"""Which metric fits the answers, told from the references alone, so that no answer can sway the choice."""

import statistics
from collections.abc import Sequence

import orjson

from tailor.evaluation.metrics.base import Rules
from tailor.evaluation.rows import Row

_CLOSED_TOKENS = 4
_PHRASE_TOKENS = 25


def choose_metric(rows: Sequence[Row], rules: Rules) -> tuple[str, str]:
    """The primary metric's name and the reason in words."""
    references = [reference for row in rows for reference in row.references]
    if not references:
        return "exact_match", "there are no references"
    if all(map(_is_json, references)):
        return "json_fields", "all references are JSON objects or lists"
    lengths = [len(rules.normalise.tokens(reference)) for reference in references]
    typical, long = statistics.median(lengths), sorted(lengths)[int(0.9 * (len(lengths) - 1))]
    if long <= _CLOSED_TOKENS:
        return "exact_match", f"answers are closed: nine in ten have at most {long} words"
    if typical <= _PHRASE_TOKENS:
        return "token_f1", f"answers are phrases: {typical:g} words is typical"
    return "rouge_l", f"answers are long: {typical:g} words is typical"


def _is_json(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict | list)
    except orjson.JSONDecodeError:
        return False
