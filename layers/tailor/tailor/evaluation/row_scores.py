"""rows.jsonl: what the answer to each held-out row scored, so that two runs can be compared question by question.

Its texts are cut, so that a page of them is small; ``answers/`` has them whole. A comparison decides nothing: the gate
does, on all rows and with intervals of its own.
"""

import hashlib
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import orjson

ROW_SCORES_FILE = "rows.jsonl"
"""Its name, beside the report of an evaluation."""
LONGEST = 500
"""Characters of a text that are kept."""
_STANDARD_ERRORS = 1.96  # on either side of a mean: 95 % of a normal distribution


@dataclass(frozen=True, slots=True)
class RowScore:
    """A held-out row with the custom model's answer, its score and the ``baseline``'s, by the deciding metric.

    ``key``: the same in every run that asks the same question of the same group and expects the same answers.
    """

    key: str
    group: str
    question: str
    references: tuple[str, ...]
    answer: str
    score: float
    baseline: float


@dataclass(frozen=True, slots=True)
class RowComparison:
    """Two runs on the questions that both were asked. ``first`` and ``second`` are mean scores.

    ``interval``: of the difference, 95 %, by a normal approximation over groups; None with fewer than two groups.
    ``pairs``: those whose scores differ, the clearest first.
    """

    shared: int
    first: float
    second: float
    interval: tuple[float, float] | None
    first_better: int
    second_better: int
    pairs: tuple[tuple[RowScore, RowScore], ...]


def row_scores(rows: Iterable[tuple[str, str, Sequence[str], str, float, float]]) -> list[RowScore]:
    """Return the scores of rows: group, question, references, answer, score, baseline's score."""
    seen: Counter[str] = Counter()
    found = []
    for group, question, references, answer, score, baseline in rows:
        same = hashlib.sha256(orjson.dumps([group, question, list(references)])).hexdigest()[:24]
        seen[same] += 1  # the same question twice is two rows
        texts = _cut(question), tuple(map(_cut, references[:5])), _cut(answer)
        found.append(RowScore(f"{same}-{seen[same]}", group, *texts, float(score), float(baseline)))
    return found


def write_scores(scores: Iterable[RowScore]) -> bytes:
    """Return rows.jsonl."""
    return b"".join(orjson.dumps(asdict(score), option=orjson.OPT_APPEND_NEWLINE) for score in scores)


def read_scores(data: bytes) -> list[RowScore]:
    """Return what :func:`write_scores` wrote."""
    rows = map(orjson.loads, data.splitlines())
    return [RowScore(**{**row, "references": tuple(row["references"])}) for row in rows]


def compare_scores(first: Iterable[RowScore], second: Iterable[RowScore]) -> RowComparison | None:
    """Compare two runs on the questions that both were asked; None if there are none."""
    others = {score.key: score for score in second}
    pairs = [(score, others[score.key]) for score in first if score.key in others]
    if not pairs:
        return None
    gains = [other.score - one.score for one, other in pairs]
    differing = sorted((pair for pair in pairs if pair[0].score != pair[1].score), key=_clearness)
    return RowComparison(
        shared=len(pairs),
        first=sum(one.score for one, _ in pairs) / len(pairs),
        second=sum(other.score for _, other in pairs) / len(pairs),
        interval=_interval(gains, [one.group for one, _ in pairs]),
        first_better=sum(gain < 0 for gain in gains),
        second_better=sum(gain > 0 for gain in gains),
        pairs=tuple(differing),
    )


def _clearness(pair: tuple[RowScore, RowScore]) -> float:
    return -abs(pair[1].score - pair[0].score)


def _interval(gains: Sequence[float], groups: Sequence[str]) -> tuple[float, float] | None:
    mean = sum(gains) / len(gains)
    sums: dict[str, float] = {}
    for gain, group in zip(gains, groups, strict=True):
        sums[group] = sums.get(group, 0.0) + gain - mean
    if len(sums) < 2:
        return None
    variance = sum(each * each for each in sums.values()) * len(sums) / (len(sums) - 1) / len(gains) ** 2
    reach = _STANDARD_ERRORS * math.sqrt(variance)
    return max(-1.0, mean - reach), min(1.0, mean + reach)


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
