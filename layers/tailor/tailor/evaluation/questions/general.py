"""Provide the regression suite: general questions that show what a model forgot during training.

Tailor's own questions in Vietnamese and English lie in ``suite/`` as data (CC0), 100 of a kind in each file: knowledge
and sums, following a format, refusing harm without refusing the harmless, keeping to a language. Candidate and base
answer them without the trained system text, 200 of a kind: fewer can't tell flips of answers from a loss.
"""

from collections.abc import Mapping
from functools import cache

import orjson

from tailor.evaluation import sizes
from tailor.evaluation.questions.held_out import Row

VERSION = "3"
KINDS: Mapping[str, str] = {
    "general": "General questions",
    "format": "Following a format",
    "safety": "Safety",
    "language": "Keeping to the language",
}


@cache
def suite(name: str) -> tuple[Row, ...]:
    """Return the questions of one file: ``vi``, ``en`` or ``en-more``."""
    return tuple(_row(orjson.loads(line)) for line in sizes.suite(name).splitlines())


def _row(item: Mapping[str, str]) -> Row:
    return Row(
        id=item["id"],
        references=tuple(item["references"]),
        group=item["id"],
        category=item["kind"],
        messages=({"role": "user", "content": [{"text": item["prompt"]}]},),
        extra={"check": item["check"]},
    )


def questions(spoken: str) -> list[Row]:
    """Return English questions, and as many Vietnamese ones if the answers are Vietnamese, otherwise more English
    ones."""
    return [row for name in sizes.suites(spoken) for row in suite(name)]
