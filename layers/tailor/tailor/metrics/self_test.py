"""Test a metric on a dataset's references, before money is spent.

Right answers must be right: the references themselves. Wrong ones must not: other rows' answers, one answer for all,
"I don't know", every option in a list, the question repeated, a word, a number or a unit changed. Only wrong answers
that differ from every reference of the row are tried, so what scores high among them fools the metric.
"""

import importlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean
from typing import Any

from tailor.answers import NO, YES, bare_stance
from tailor.metrics import check_name
from tailor.metrics.base import Case, Metric, Rules
from tailor.metrics.choose import choose_metric
from tailor.metrics.exact_match import equal

ROWS, FEWEST_ROWS = 100, 20
CHARACTERS = 20_000  # of the references that are tried; normalising long texts takes long, and few of them tell as much
FULL, FOOLED, PARTLY_FOOLED = 0.99, 0.1, 0.7
_OPTIONS, _OPTION_WORDS = 8, 40  # an answer that lists options is made only of short ones
# Metrics by which an answer is right or wrong; the others give a wrong word its part.
_CLOSED = frozenset({"exact_match", "numeric", "date_time", "choice", "yes_no", "label_accuracy", "containment"})
_UNKNOWN = {"vi": "Không biết", "en": "I don't know"}
_UNITS = {"km": "m", "m": "cm", "cm": "m", "kg": "g", "g": "kg", "l": "ml", "đồng": "usd", "usd": "đồng", "%": "độ c"}
_NUMBER = re.compile(r"(?<![\w.,/:-])\d+(?![\w]|[.,/:-]\d)")
_OTHER = "khác"


@dataclass(frozen=True, slots=True)
class Asked:
    """A held-out row, reduced to what a metric uses."""

    question: str
    references: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Probe:
    """Mean score of one kind of answers. ``doubt``: a sentence about what is wrong with it; None: nothing."""

    name: str
    score: float
    rows: int
    doubt: str | None = None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """``metric`` was chosen for ``reason``; ``doubts`` are sentences about the probes."""

    metric: str
    title: str
    reason: str
    language: str
    probes: tuple[Probe, ...]

    @property
    def doubts(self) -> list[str]:
        return [probe.doubt for probe in self.probes if probe.doubt]

    def document(self) -> dict[str, Any]:
        return asdict(self) | {"probes": [asdict(probe) for probe in self.probes], "doubts": self.doubts}


def self_test(rows: Sequence[Asked], rules: Rules, name: str = "auto", most: int = ROWS) -> SelfTest | None:
    """Return how a metric (by default the one that ``auto`` chooses) scores right and wrong answers to these rows.

    None where no row has a reference, or where the metric needs a library that is not here.
    """
    rows = [row for row in rows if any(reference.strip() for reference in row.references)]
    if not rows:
        return None
    references = [reference for row in rows for reference in row.references]
    chosen, reason = choose_metric(references, rules) if name == "auto" else (check_name(name), "named in the recipe")
    try:
        metric: Metric = importlib.import_module(f"tailor.metrics.{chosen}").METRIC
    except ImportError:
        return None
    most = _affordable(rows, most)
    sample = rows[:: max(1, len(rows) // most)][:most]
    probes = tuple(_probed(metric, kind, sample, answers, rules) for kind, answers in _answers(sample, rules).items())
    return SelfTest(chosen, metric.title, reason, rules.language, tuple(probe for probe in probes if probe.rows))


def _affordable(rows: Sequence[Asked], most: int) -> int:
    """Return how many rows to try: fewer if references are long."""
    typical = fmean(len(row.references[0]) for row in rows)
    return min(most, max(FEWEST_ROWS, int(CHARACTERS / max(typical, 1))))


GOLD = "the references themselves"


def _probed(metric: Metric, kind: str, rows: Sequence[Asked], answers: Sequence[str | None], rules: Rules) -> Probe:
    tried = [
        (row, answer)
        for row, answer in zip(rows, answers, strict=True)
        if answer is not None and (kind == GOLD or _is_wrong(answer, row, rules))
    ]
    if not tried:
        return Probe(kind, 0.0, 0)
    scores = [metric.score(Case(answer, row.references), rules) for row, answer in tried]
    mean = fmean(scores)
    if kind == GOLD:
        place = scores.index(min(scores))
        row = tried[place][0]
        doubt = f"{metric.title} scores {kind} {mean:.0%}: {row.references[0][:80]!r} does not equal itself"
        return Probe(kind, mean, len(tried), None if mean >= FULL else doubt)
    row, answer = tried[scores.index(max(scores))]
    doubt = f"{metric.title} scores {kind} {mean:.0%}: {answer[:80]!r} counts as {row.references[0][:80]!r}"
    limit = FOOLED if metric.name in _CLOSED else PARTLY_FOOLED
    gradual = metric.name not in _CLOSED and kind in _SLIGHT
    return Probe(kind, mean, len(tried), doubt if mean > limit and not gradual else None)


_SLIGHT = frozenset({"the first word changed", "the last word changed", "another number", "another unit"})


def _is_wrong(answer: str, row: Asked, rules: Rules) -> bool:
    stances = {bare_stance(reference) for reference in row.references}
    if bare_stance(answer) in stances & {YES, NO}:
        return False
    return not any(equal(answer, reference, rules) for reference in row.references)


def _answers(rows: Sequence[Asked], rules: Rules) -> Mapping[str, Sequence[str | None]]:
    gold = [row.references[0] for row in rows]
    frequent = Counter(gold).most_common(1)[0][0]
    options = [text for text, _ in Counter(gold).most_common(_OPTIONS)]
    short = all(len(text.split()) <= _OPTION_WORDS for text in options)
    english = rules.language == "en"
    unknown = _UNKNOWN["en" if english else "vi"]
    half = len(gold) // 2
    return {
        GOLD: gold,
        "other rows' answers": [*gold[half:], *gold[:half]],
        "one answer for all": [frequent] * len(gold),
        f"{unknown!r} for all": [unknown] * len(gold),
        "all options in a list": [", ".join(dict.fromkeys([*options, text])) if short else None for text in gold],
        "the question repeated": [row.question or None for row in rows],
        "the first word changed": [_replaced(text, 0) for text in gold],
        "the last word changed": [_replaced(text, -1) for text in gold],
        "another number": [_each(gold_text, rules, _other_number) for gold_text in gold],
        "another unit": [_each(gold_text, rules, _other_unit) for gold_text in gold],
    }


def _replaced(text: str, place: int) -> str | None:
    """Return a text of several words with one of them replaced; a number's words are tested by the other probes."""
    words = text.split()
    if len(words) < 2 or any(character.isdigit() for character in text):
        return None
    words[place] = _OTHER
    return " ".join(words)


def _each(text: str, rules: Rules, change: Callable[[str], Iterator[str]]) -> str | None:
    return next(change(rules.normalise(text)), None)


def _other_number(text: str) -> Iterator[str]:
    if _NUMBER.search(text):
        yield _NUMBER.sub(lambda match: str(int(match[0]) + 1), text, count=1)


def _other_unit(text: str) -> Iterator[str]:
    words = text.split()
    for place, word in enumerate(words[1:], start=1):
        if word in _UNITS and words[place - 1][-1:].isdecimal():
            yield " ".join([*words[:place], _UNITS[word], *words[place + 1 :]])
