"""Choose the metric that fits the answers by the references alone, so that no answer can influence the choice."""

import re
import statistics
from collections.abc import Mapping, Sequence

import orjson

from tailor.answers import UNKNOWN, bare_stance, only_letter, whole
from tailor.metrics.base import Rules

_CLOSED_TOKENS = 4
_PHRASE_TOKENS = 25
_TYPED_WORDS = 40  # a text of more is no number, date, choice, yes or no
_SAMPLE = 500  # references whose length is measured, evenly spread
_LONG_WORDS = 2 * _PHRASE_TOKENS  # normalising makes no phrase of a text of more
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})")
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
    """Return the primary metric's name and the reason in words."""
    if not references:
        return "exact_match", "there are no references"
    if all(map(_is_json, references)):
        return "json_fields", "all references are JSON objects or lists"
    kind = typed(references, rules)
    if kind is not None:
        return kind
    sample = references[:: 1 + len(references) // _SAMPLE]
    lengths = [_length(reference, rules) for reference in sample]
    typical, long = statistics.median(lengths), sorted(lengths)[int(0.9 * (len(lengths) - 1))]
    if long <= _CLOSED_TOKENS:
        return "exact_match", f"answers are closed: nine in ten have at most {long} words"
    if typical <= _PHRASE_TOKENS:
        return "token_f1", f"answers are phrases: {typical:g} words is typical"
    return "rouge_l", f"answers are long: {typical:g} words is typical"


def _length(reference: str, rules: Rules) -> int:
    words = len(reference.split())
    return words if words > _LONG_WORDS else len(rules.normalise.tokens(reference))


def typed(references: Sequence[str], rules: Rules) -> tuple[str, str] | None:
    """Return the metric for references that are all of one type, and why; None if they are not. Whole texts count."""
    if any(len(reference.split()) > _TYPED_WORDS for reference in references):
        return None
    stances = [*map(bare_stance, references)]
    if all(stances) and any(stance != UNKNOWN for stance in stances):
        return "yes_no", "all references are yes or no"
    if all(only_letter(reference) for reference in references):
        return "choice", "all references are letters of choices"
    values = [whole(rules.normalise(reference)) for reference in references]
    kinds = {value.kind if value is not None else None for value in values}
    days = [_DAY.fullmatch(rules.normalise(reference)) for reference in references]
    if (kinds and kinds <= {"date", "time"}) or (all(days) and any(int(day[1]) > int(day[2]) for day in days if day)):
        return "date_time", "all references are dates or times"
    if kinds == {"number"}:
        return "numeric", "all references are numbers or quantities"
    return None


def _is_json(text: str) -> bool:
    try:
        return isinstance(orjson.loads(text), dict | list)
    except orjson.JSONDecodeError:
        return False
