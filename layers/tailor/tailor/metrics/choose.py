"""Which metric fits the answers, told from the references alone, so that no answer can sway the choice."""

import statistics
from collections.abc import Mapping, Sequence

import orjson

from tailor.metrics.base import Rules
from tailor.metrics.numeric import last_number
from tailor.metrics.yes_no import stance

_CLOSED_TOKENS = 4
_PHRASE_TOKENS = 25
_NUMBER_LENGTH = 20
# Metrics that are shown beside the primary one.
COMPANIONS: Mapping[str, tuple[str, ...]] = {
    "token_f1": ("rouge_l", "chrf"),
    "rouge_l": ("chrf", "bleu"),
    "chrf": ("rouge_l", "bleu"),
    "bleu": ("rouge_l", "chrf"),
    "json_fields": ("json_valid",),
    "macro_f1": ("label_accuracy",),
    "label_accuracy": ("macro_f1",),
    "anls": ("chrf",),
}


def choose_metric(references: Sequence[str], rules: Rules) -> tuple[str, str]:
    """The primary metric's name and the reason in words."""
    if not references:
        return "exact_match", "there are no references"
    if all(map(_is_json, references)):
        return "json_fields", "all references are JSON objects or lists"
    if all(last_number(reference, rules) is not None and len(reference) <= _NUMBER_LENGTH for reference in references):
        return "numeric", "all references are numbers"
    if all(stance(reference, rules) is not None for reference in references):
        return "yes_no", "all references are yes or no"
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
