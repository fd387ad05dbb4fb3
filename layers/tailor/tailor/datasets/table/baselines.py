"""Score guesses that need no model on the held-out rows: baselines that a model must beat."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from tailor.datasets.table.assign import TEST, TRAIN
from tailor.datasets.table.row_table import RowTable

_SHORT_WORDS = 6


def trivial_baselines(table: RowTable) -> dict[str, Any] | None:
    """Return the shares of held-out rows that are answered exactly by the most frequent answer, by the most frequent
    answer to rows of that kind, and by the most frequent answer to the same question (without its media). None if
    answers are long, so that exact matches mean nothing, or if nothing is held out."""
    words = table.column["words"]
    lengths = Counter(table.used("words"))
    short = sum(rows for length, rows in lengths.items() if 0 < length <= _SHORT_WORDS)
    if not any(table.used("words", TEST)) or 2 * short < lengths.total() - lengths[0]:
        return None
    training, testing = ([row for row in table.rows(split) if words[row]] for split in (TRAIN, TEST))
    answers, kinds, questions = (table.column[name] for name in ("answer", "kind", "question"))
    majority = _best(training, answers, lambda _: 0, {0})
    by_kind = _best(training, answers, kinds.__getitem__, set(map(kinds.__getitem__, testing)))
    by_question = _best(training, answers, questions.__getitem__, set(map(questions.__getitem__, testing)))
    scores = Counter[str]()
    for row in testing:
        guess = majority.get(0)
        scores["majority"] += guess == answers[row]
        guess = by_kind.get(kinds[row], guess)
        scores["majority_by_kind"] += guess == answers[row]
        guess = by_question.get(questions[row], guess)
        scores["question_only"] += guess == answers[row]
    return {"rows": len(testing), **{name: round(score / len(testing), 4) for name, score in scores.items()}}


def _best(rows: list[int], answers: Sequence[int], asked: Callable[[int], int], wanted: set[int]) -> dict[int, int]:
    """Return the most frequent answer to what is asked and ``wanted``; of several, the first."""
    counts: defaultdict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        if (ask := asked(row)) in wanted:
            counts[ask][answers[row]] += 1
    return {ask: max(found, key=found.__getitem__) for ask, found in counts.items()}
