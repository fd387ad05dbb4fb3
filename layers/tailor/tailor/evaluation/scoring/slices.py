"""Slice the held-out rows to find where the candidate is weak although the total looks good. Worst first."""

import io
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from tailor import language
from tailor.errors import TailorError
from tailor.evaluation.questions.arms import CANDIDATE
from tailor.evaluation.questions.held_out import Row
from tailor.evaluation.scoring.compare import Design, compare
from tailor.evaluation.scoring.score import ScoreTable
from tailor.evaluation.scoring.statistics import Clusters
from tailor.metrics.base import Evidence
from tailor.storage import Storage

FEWEST_ROWS = 5
_MOST_CATEGORIES = 12
_RESAMPLES = 2_000
_HEADER_BYTES = 64 * 1024
_THREADS = 8
_LENGTHS = ((1, "1 word"), (3, "2 to 3 words"), (8, "4 to 8 words"), (30, "9 to 30 words"))
_MEGAPIXELS = ((0.25, "under 0.25 megapixels"), (1.0, "0.25 to 1 megapixel"))


def slices(
    sheet: ScoreTable, metric: str, baseline: str, design: Design, sizes: Mapping[str, float]
) -> list[dict[str, Any]]:
    """Return each slice with at least :data:`FEWEST_ROWS` rows: values of both arms, difference, interval.

    ``sizes``: megapixels of the largest image by row id. Intervals are for looking at, not for deciding: with many
    slices some look bad by chance.
    """
    found = []
    for dimension, names in _dimensions(sheet, sizes).items():
        groups: dict[str, list[int]] = defaultdict(list)
        for place, name in enumerate(names):
            if name is not None:
                groups[name].append(place)
        if len(groups) > 1:
            largest = sorted(groups, key=lambda name: -len(groups[name]))[:_MOST_CATEGORIES]
            found += [
                _slice(sheet, metric, baseline, design, dimension, name, groups[name])
                for name in largest
                if len(groups[name]) >= FEWEST_ROWS
            ]
    return sorted(found, key=lambda item: (item["difference"], item["candidate"]))


def _dimensions(sheet: ScoreTable, sizes: Mapping[str, float]) -> dict[str, list[str | None]]:
    def by(name: Callable[[Row], str | None]) -> list[str | None]:
        return [name(row) for row in sheet.rows]

    def length(row: Row) -> str | None:
        words = min((len(sheet.rules.normalise.tokens(text)) for text in row.references), default=None)
        return None if words is None else _bin(words, _LENGTHS, "over 30 words")

    def size(row: Row) -> str | None:
        return _bin(sizes[row.id], _MEGAPIXELS, "over 1 megapixel") if row.id in sizes else None

    return {
        "category": by(lambda row: row.category),
        "answer length": by(length),
        "image size": by(size),
        "question language": by(lambda row: language.detect(row.question)),
    }


def _bin(value: float, bins: Sequence[tuple[float, str]], above: str) -> str:
    return next((name for limit, name in bins if value <= limit), above)


def _slice(
    sheet: ScoreTable, metric: str, baseline: str, design: Design, dimension: str, name: str, places: Sequence[int]
) -> dict[str, Any]:
    def part(evidence: Evidence) -> Evidence:
        picked = [evidence.scores[place] for place in places]
        return Evidence(picked, [evidence.columns[place] for place in places], evidence.combine)

    clusters = Clusters.of([sheet.rows[place].group for place in places])
    small = Design(clusters, design.confidence, _RESAMPLES, design.seed)
    arms = {arm: part(sheet.evidence[metric][arm]) for arm in (CANDIDATE, baseline)}
    result = compare(small, {metric: arms}, CANDIDATE, [baseline])[metric][0]
    return {
        "dimension": dimension,
        "name": name,
        "rows": result.rows,
        "candidate": result.candidate,
        "baseline": result.baseline,
        "difference": result.difference,
        "interval": list(result.interval),
    }


def image_key(image: Mapping[str, Any]) -> str | None:
    """Return the key of an image in its bucket."""
    location = image["source"].get("s3Location")
    return urlsplit(location["uri"]).path.lstrip("/") if location else None


def image_sizes(files: Storage, rows: Sequence[Row]) -> dict[str, float]:
    """Return megapixels of each row's largest image, from file headers; rows with unreadable images are left out."""
    from PIL import Image

    def megapixels(key: str) -> float | None:
        try:
            with Image.open(io.BytesIO(files.read(key, 0, _HEADER_BYTES))) as image:
                return image.width * image.height / 1e6
        except (TailorError, OSError, ValueError, Image.DecompressionBombError):
            return None

    keys = {row.id: [key for image in row.images if (key := image_key(image))] for row in rows}
    distinct = sorted({key for row_keys in keys.values() for key in row_keys})
    with ThreadPoolExecutor(_THREADS) as pool:
        known = {key: size for key, size in zip(distinct, pool.map(megapixels, distinct), strict=True) if size}
    found = {identity: [known[key] for key in row_keys if key in known] for identity, row_keys in keys.items()}
    return {identity: max(sizes) for identity, sizes in found.items() if sizes}
