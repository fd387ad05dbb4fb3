"""Compute figures about the rows in use."""

from collections import Counter
from typing import Any

from tailor.datasets.table.assign import TEST, TRAIN, VALIDATION
from tailor.datasets.table.row_table import MEDIA_KINDS, RowTable
from tailor.datasets.table.splitter import SPLITS
from tailor.language import LANGUAGES

_BINS = 12
_MOST_KINDS = 30
_QUANTILES = (("median", 0.5), ("p90", 0.9), ("p99", 0.99))


def statistics_of(table: RowTable, top: list[tuple[str, int, float]]) -> dict[str, Any]:
    """Return distributions of tokens, answer lengths, kinds and languages; the most frequent answers; groups."""
    kinds, tested = Counter(table.used("kind")), Counter(table.used("kind", TEST))
    most = sorted(kinds, key=lambda kind: (-kinds[kind], table.kinds[kind]))[:_MOST_KINDS]
    spoken = sorted(Counter(table.used("language")).items(), key=lambda each: (-each[1], each[0]))
    media = sorted(Counter(table.used("media")).items())
    groups = {split: len(set(table.used("grp", split))) for split in (TRAIN, VALIDATION, TEST)}
    return {
        "tokens_per_row": _distribution(table, "expected"),
        "words_per_answer": _distribution(table, "words"),
        "kinds": [{"kind": table.kinds[kind], "rows": kinds[kind], "test": tested[kind]} for kind in most],
        "languages": {LANGUAGES[spoken_index]: rows for spoken_index, rows in spoken},
        "rows_with": {MEDIA_KINDS[kind] or "text only": rows for kind, rows in media},
        "groups": {str(SPLITS[split]): number for split, number in groups.items() if number},
        "top_answers": [{"answer": answer, "rows": rows, "share": round(share, 4)} for answer, rows, share in top],
    }


def media_of(table: RowTable) -> dict[str, int]:
    """Count the distinct images and videos that can be used, and their bytes."""
    usable = "SELECT COUNT(*) FROM media WHERE digest != '' AND kind = ?"
    size = table.one("SELECT SUM(size) FROM media WHERE digest != ''")
    return {"images": table.one(usable, ("image",)), "videos": table.one(usable, ("video",)), "bytes": int(size or 0)}


def tokens_of(table: RowTable) -> dict[str, int]:
    """Return the tokens of the training rows: what one epoch reads."""
    return _sums(table, "low", TRAIN)


def asked_of(table: RowTable) -> dict[str, int]:
    """Return the tokens of the held-out rows' prompts: what an evaluation asks each arm.

    The high end counts the answers too."""
    return _sums(table, "asked", TEST)


def _sums(table: RowTable, low: str, split: int) -> dict[str, int]:
    least, expected, most = (sum(table.used(name, split)) for name in (low, "expected", "high"))
    return {"low": max(0, min(least, expected)), "expected": expected, "high": most}


def _distribution(table: RowTable, column: str) -> dict[str, Any]:
    """Return quantiles, and a histogram of equal steps from the shortest to the longest row."""
    counts = dict(sorted(Counter(table.used(column)).items()))
    rows = sum(counts.values())
    if not rows:
        return {}
    least, most = min(counts), max(counts)
    step = max(1, -(-(most - least + 1) // _BINS))
    bins: Counter[int] = Counter()
    for value, count in counts.items():
        bins[(value - least) // step] += count
    histogram = [
        {"from": least + at * step, "to": least + (at + 1) * step - 1, "rows": bins[at]} for at in range(max(bins) + 1)
    ]
    mean = sum(value * count for value, count in counts.items()) / rows
    quantiles = {name: _quantile(counts, share * rows) for name, share in _QUANTILES}
    return {"mean": round(mean, 1), **quantiles, "max": most, "histogram": histogram}


def _quantile(counts: dict[int, int], rows: float) -> int:
    """Return the smallest value that at least ``rows`` rows do not exceed; ``counts`` in ascending order of values."""
    values = iter(counts.items())
    value, total = next(values)
    while total < rows:
        value, count = next(values)
        total += count
    return value
