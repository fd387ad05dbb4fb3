"""What a model must beat: guesses that need no model, scored on the held-out rows."""

from typing import Any

from tailor.datasets.ledger import Ledger
from tailor.datasets.parts import TEST, TRAIN

_SHORT_WORDS = 6
_BEST = """
CREATE TEMP TABLE {0} AS SELECT ask, answer FROM (
    SELECT {1} AS ask, answer, ROW_NUMBER() OVER (PARTITION BY {1} ORDER BY COUNT(*) DESC, MIN(n)) AS place
    FROM used WHERE part = :train AND words > 0 GROUP BY {1}, answer
) WHERE place = 1
"""
_SCORES = """
SELECT AVG(COALESCE(o.answer = t.answer, 0)), AVG(COALESCE(COALESCE(k.answer, o.answer) = t.answer, 0)),
    AVG(COALESCE(COALESCE(q.answer, k.answer, o.answer) = t.answer, 0))
FROM used t LEFT JOIN by_nothing o ON TRUE LEFT JOIN by_kind k ON k.ask = t.kind
    LEFT JOIN by_question q ON q.ask = t.question
WHERE t.part = ? AND t.words > 0
"""


def trivial_baselines(ledger: Ledger) -> dict[str, Any] | None:
    """Shares of held-out rows answered exactly by the most frequent answer, by the most frequent answer to rows of that
    kind, and by the most frequent answer to the same question (without its media). None where answers are long, or
    nothing is held out: an exact match would mean nothing."""
    short = ledger.one("SELECT AVG(words <= ?) FROM used WHERE words > 0", (_SHORT_WORDS,))
    rows = ledger.one("SELECT COUNT(*) FROM used WHERE part = ? AND words > 0", (TEST,))
    if not rows or not short or short < 0.5:
        return None
    for table, column in (("by_nothing", "media * 0"), ("by_kind", "kind"), ("by_question", "question")):
        ledger.execute(_BEST.format(table, column), {"train": TRAIN})
        ledger.execute(f"CREATE INDEX {table}_ask ON {table} (ask)")
    scores = next(ledger.query(_SCORES, (TEST,)))
    names = ("majority", "majority_by_kind", "question_only")
    return {"rows": rows, **{name: round(score or 0.0, 4) for name, score in zip(names, scores, strict=True)}}
