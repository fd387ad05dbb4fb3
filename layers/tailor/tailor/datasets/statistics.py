"""Figures about the rows in use, and some of the records themselves."""

from collections import Counter
from typing import Any

import orjson

from tailor.catalog import Record
from tailor.datasets import language
from tailor.datasets.ledger import MEDIA_KINDS, Ledger
from tailor.datasets.parts import TEST, TRAIN
from tailor.datasets.rows import BATCH
from tailor.datasets.split import PARTS
from tailor.datasets.workers import Parts

_BINS = 12
_PREVIEWS = 6
_LONGEST_ANSWER = 200
_COUNTS = "SELECT {0}, COUNT(*) FROM used GROUP BY {0} ORDER BY {0}"
_QUANTILES = (("median", 0.5), ("p90", 0.9), ("p99", 0.99))


def statistics_of(ledger: Ledger, top: list[tuple[str, int, float]]) -> dict[str, Any]:
    """Distributions of tokens, answer lengths, kinds and languages; the most frequent answers; groups."""
    kinds = ledger.query(
        "SELECT kind, COUNT(*), SUM(part = ?) FROM used GROUP BY kind ORDER BY 2 DESC LIMIT 30", (TEST,)
    )
    spoken = ledger.query("SELECT language, COUNT(*) FROM used GROUP BY language ORDER BY 2 DESC")
    media = ledger.query("SELECT media, COUNT(*) FROM used GROUP BY media ORDER BY media")
    groups = ledger.query("SELECT part, COUNT(DISTINCT grp) FROM used GROUP BY part ORDER BY part")
    return {
        "tokens_per_row": _distribution(ledger, "expected"),
        "words_per_answer": _distribution(ledger, "words"),
        "kinds": [{"kind": kind, "rows": rows, "test": test} for kind, rows, test in kinds],
        "languages": {language.LANGUAGES[spoken_index]: rows for spoken_index, rows in spoken},
        "rows_with": {MEDIA_KINDS[kind] or "text only": rows for kind, rows in media},
        "groups": {str(PARTS[part]): number for part, number in groups},
        "top_answers": [{"answer": answer, "rows": rows, "share": round(share, 4)} for answer, rows, share in top],
    }


def media_of(ledger: Ledger) -> dict[str, int]:
    """Distinct images and videos that can be used, and their bytes."""
    usable = "SELECT COUNT(*) FROM media WHERE digest != '' AND kind = ?"
    size = ledger.one("SELECT SUM(size) FROM media WHERE digest != ''")
    return {"images": ledger.one(usable, ("image",)), "videos": ledger.one(usable, ("video",)), "bytes": int(size or 0)}


def tokens_of(ledger: Ledger) -> dict[str, int]:
    """Of the training rows: what one epoch reads."""
    return _sums(ledger, "low", TRAIN)


def asked_of(ledger: Ledger) -> dict[str, int]:
    """Of the held-out rows' prompts: what an evaluation asks each arm. The high end counts the answers too."""
    return _sums(ledger, "asked", TEST)


def _sums(ledger: Ledger, low: str, part: int) -> dict[str, int]:
    sums = next(ledger.query(f"SELECT SUM({low}), SUM(expected), SUM(high) FROM used WHERE part = ?", (part,)))  # noqa: S608 a fixed name
    low_sum, expected, high = (int(total or 0) for total in sums)
    return {"low": max(0, min(low_sum, expected)), "expected": expected, "high": high}


def _distribution(ledger: Ledger, column: str) -> dict[str, Any]:
    """Quantiles, and a histogram of equal steps from the shortest to the longest row."""
    counts: dict[int, int] = dict(ledger.query(_COUNTS.format(column)))
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
    """The smallest value that at least ``rows`` rows do not exceed; ``counts`` by rising value."""
    values = iter(counts.items())
    value, total = next(values)
    while total < rows:
        value, count = next(values)
        total += count
    return value


class Spool:
    """Single records by their place in the spool."""

    def __init__(self, parts: Parts, record: Record, files: list[str]) -> None:
        self._parts, self._record, self._files = parts, record, files

    def read(self, ledger: Ledger, n: int) -> dict[str, Any]:
        """The record of row ``n``."""
        with self._parts.open(n // BATCH % self._parts.workers, "spool") as file:
            file.seek(ledger.one("SELECT offset FROM rows WHERE n = ?", (n,)))
            record: dict[str, Any] = orjson.loads(file.readline())
        return record

    def answer(self, ledger: Ledger, n: int) -> str:
        row = self.read(ledger, n)
        if self._record == "prompt-completion":
            text = str(row["completion"])
        elif self._record == "openai-rft":
            text = str(row.get("reference_answer", ""))
        else:
            blocks = row["messages"][-1]["content"] if "messages" in row else []
            text = "\n".join(block["text"] for block in blocks if "text" in block)
        return text[:_LONGEST_ANSWER]

    def previews(self, ledger: Ledger) -> list[dict[str, Any]]:
        """Rows from all over the dataset: the record, its part and its source."""
        found = []
        last = ledger.one("SELECT MAX(n) FROM rows") or 0
        numbers = {
            ledger.one("SELECT MIN(n) FROM used WHERE n >= ?", (last * step // _PREVIEWS,)) for step in range(_PREVIEWS)
        }
        for n in sorted(number for number in numbers if number is not None):
            file, line, part = next(ledger.query("SELECT file, line, part FROM rows WHERE n = ?", (n,)))
            place = {"file": self._files[file], "line": line, "part": PARTS[part]}
            found.append({**place, "record": self.read(ledger, n)})
        return found
