"""Parse the CSV files of a job's training curves, and describe them in words."""

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any, Literal

from tailor.errors import InvalidInputError
from tailor.storage import Storage

Kind = Literal["training", "validation"]
State = Literal["converged", "still-falling", "overfitting", "diverged", "flat", "too-short"]
# The folders above these files differ between models and between AWS's pages; the endings do not.
SUFFIXES = ("training_metrics.csv", "validation_metrics.csv")
_FEWEST = 4
_FALLING = 0.03
_FALLING_OF_ALL = 0.01  # of the whole way down: what is near 0 always falls by much of itself
_RISEN = 0.02
_WORSE = 0.1
_ENDLESS = 1e9


@dataclass(frozen=True, slots=True)
class Point:
    """``loss`` may be NaN or infinite: that is how a job diverges."""

    step: int
    epoch: float | None
    loss: float
    perplexity: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    kind: Kind
    points: tuple[Point, ...]
    source: str

    def as_dict(self) -> dict[str, Any]:
        points = [
            {
                "step": point.step,
                "epoch": point.epoch,
                "loss": _finite(point.loss),
                "perplexity": _finite(point.perplexity),
            }
            for point in self.points
        ]
        return {"kind": self.kind, "source": self.source, "points": points}


@dataclass(frozen=True, slots=True)
class Reading:
    """Interpretation of a job's loss curves. ``advice``: what to change next time, empty if nothing."""

    state: State
    sentence: str
    advice: str = ""


def read_curve(data: bytes, name: str) -> Curve:
    """Return the points of one CSV file. Raises InvalidInputError that names the column or the line."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{name}: this is not UTF-8 text", hint="give the job's metrics CSV") from error
    try:
        rows = list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise InvalidInputError(f"{name}: this is not CSV: {error}", hint="give the job's metrics CSV") from error
    header = [cell.strip().lower() for cell in rows[0]] if rows else []
    kind: Kind | None = next((kind for kind in ("validation", "training") if f"{kind}_loss" in header), None)
    if kind is None:
        raise InvalidInputError(
            f"{name}: there is no column training_loss or validation_loss (columns: {', '.join(header) or 'none'})",
            hint="give the job's step_wise_training_metrics.csv or validation_metrics.csv",
        )
    places = {column: place for place, column in enumerate(header)}
    points = [_point(row, number, kind, places, name) for number, row in enumerate(rows[1:], start=2) if any(row)]
    return Curve(kind, tuple(sorted(points, key=lambda point: point.step)), name)


def _point(row: list[str], number: int, kind: Kind, places: dict[str, int], name: str) -> Point:
    def cell(column: str) -> float | None:
        place = places.get(column)
        if place is None or place >= len(row) or not row[place].strip():
            return None
        try:
            return float(row[place])
        except ValueError as error:
            raise InvalidInputError(f"{name}, line {number}: {column} is {row[place]!r}, not a number") from error

    loss, step = cell(f"{kind}_loss"), cell("step_number")
    if loss is None:
        raise InvalidInputError(f"{name}, line {number}: {kind}_loss is missing")
    if step is not None and not math.isfinite(step):
        raise InvalidInputError(f"{name}, line {number}: step_number is {step}, not a number of a step")
    return Point(number - 2 if step is None else int(step), cell("epoch_number"), loss, cell("perplexity"))


def find_curves(files: Storage, prefix: str) -> list[Curve]:
    """Return all curves under a job's output folder, found by the ends of their names; training first."""
    found = [file.key for file in files.list(prefix) if file.key.endswith(SUFFIXES)]
    return sorted((read_curve(files.read(key), key) for key in found), key=lambda curve: (curve.kind, curve.source))


def merged(curves: Iterable[Curve], kind: Kind) -> list[Point]:
    """Return the points of all files of a kind, by step."""
    return sorted((point for curve in curves if curve.kind == kind for point in curve.points), key=lambda p: p.step)


def read_in_words(curves: Sequence[Curve]) -> Reading:
    """Describe curves: converged, still falling, overfitting, diverged, or why that can't be said."""
    training, validation = merged(curves, "training"), merged(curves, "validation")
    points = training or validation
    broken = next((point for point in [*training, *validation] if not abs(point.loss) < _ENDLESS), None)
    if broken is not None:
        return _diverged(f"the loss is {broken.loss:g} at step {broken.step}")
    if len(points) < _FEWEST:
        steps = f"{len(points)} point{'s' if len(points) != 1 else ''}"
        return Reading("too-short", f"The curve has {steps}: too few to say anything.")
    first, before, last = _stretches([point.loss for point in points])
    began = points[0].loss
    if last > first * (1 + _WORSE):
        return _diverged(f"the loss rose from {first:.3g} to {last:.3g}")
    overfit = _overfitting(validation)
    if overfit is not None:
        return overfit
    noise = _noise([point.loss for point in points])
    if len(validation) >= _FEWEST - 1:
        # Where there is a validation loss, it says whether there was more to learn.
        first, before, last = _stretches([point.loss for point in validation])
        noise, began = 0.0, validation[0].loss
    began = max(began, first)  # as the chart shows it, unless chance made the first step small
    if before - last > max(_FALLING * before, _FALLING_OF_ALL * (began - last), noise):
        return Reading(
            "still-falling",
            f"Still falling: the loss went from {began:.3g} to {last:.3g} and was not done.",
            "more epochs may make the model better",
        )
    if first - last <= max(_FALLING * first, noise):
        return Reading(
            "flat",
            f"Nothing was learned: the loss stayed at about {last:.3g}.",
            "check that answers follow from the questions, and try a higher learning rate",
        )
    return Reading("converged", f"Converged: the loss went from {began:.3g} to {last:.3g} and levelled off.")


def _diverged(what: str) -> Reading:
    return Reading("diverged", f"Diverged: {what}.", "lower the learning rate, and look for broken rows in the data")


def _overfitting(validation: Sequence[Point]) -> Reading | None:
    if len(validation) < _FEWEST - 1:
        return None
    best = min(validation, key=lambda point: point.loss)
    last = validation[-1]
    if best is last or last.loss <= best.loss * (1 + _RISEN):
        return None
    where = f"epoch {best.epoch:g}" if best.epoch is not None else f"step {best.step}"
    return Reading(
        "overfitting",
        f"Overfitting from {where} on: the validation loss rose from {best.loss:.3g} to {last.loss:.3g}.",
        f"train no further than {where}, or add data",
    )


def _stretches(losses: Sequence[float]) -> tuple[float, float, float]:
    """Return the means of the first fifth, the last fifth but one, and the last fifth."""
    size = max(1, len(losses) // 5)
    return fmean(losses[:size]), fmean(losses[-2 * size : -size]), fmean(losses[-size:])


def _noise(losses: Sequence[float]) -> float:
    """Return how far the means of neighbouring stretches may differ by chance: two standard errors, from step to
    step."""
    size = max(1, len(losses) // 5)
    tail = losses[-2 * size - 1 :]
    jumps = [(after - before) ** 2 / 2 for before, after in pairwise(tail)]
    return 2 * math.sqrt(2 * fmean(jumps) / size) if size > 1 and jumps else 0.0


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
