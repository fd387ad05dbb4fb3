"""Draw the report's charts as inline SVG: the difference with its interval, and the training curve."""

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

_ROW = 46
_TICKS = (1, 2, 5, 10, 20, 25, 50)
_MOST_TICKS = 6


def interval_plot(items: Sequence[Mapping[str, Any]], margin: float, width: int, label_width: int) -> str:
    """Return a plot with one row for each comparison: ``label``, ``difference``, ``interval``, ``tone``. In points.

    The scale always holds 0, so that "no difference" is in sight.
    """
    low = min(0.0, *(item["interval"][0] for item in items)) * 100
    high = max(0.0, margin, *(item["interval"][1] for item in items)) * 100
    step = next((tick for tick in _TICKS if (high - low) / tick <= 7), 50)
    low, high = step * (low // step), step * -(-high // step)
    high = high if high > low else low + step
    stacked = label_width == 0
    left, right, row = (12, width - 16, _ROW + 26) if stacked else (label_width, width - 16, _ROW)
    height = row * len(items) + 34

    def x(value: float) -> float:
        place: float = left + (value - low) / (high - low) * (right - left)
        return place

    parts = []
    tick = low
    while tick <= high + 1e-9:
        kind = "zero" if abs(tick) < 1e-9 else "axis"
        parts.append(f'<line class="{kind}" x1="{x(tick):.1f}" x2="{x(tick):.1f}" y1="4" y2="{height - 26}"/>')
        parts.append(f'<text class="soft" x="{x(tick):.1f}" y="{height - 8}" text-anchor="middle">{_tick(tick)}</text>')
        tick += step
    if margin:
        at = x(100 * margin)
        parts.append(f'<line class="margin" x1="{at:.1f}" x2="{at:.1f}" y1="4" y2="{height - 26}"/>')
    for place, item in enumerate(items):
        y = place * row + (50 if stacked else 28)
        start, end = (x(100 * value) for value in item["interval"])
        middle, tone = x(100 * item["difference"]), escape(item["tone"])
        label_at = (left, y - 32) if stacked else (0, y + 4)
        parts.append(f'<text x="{label_at[0]}" y="{label_at[1]}">{escape(item["label"])}</text>')
        parts.append(f'<line class="range {tone}" x1="{start:.1f}" x2="{end:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="{tone}" cx="{middle:.1f}" cy="{y}" r="6"/>')
        said = f"{100 * item['difference']:+.1f}".replace("-", "−")
        parts.append(f'<text x="{middle:.1f}" y="{y - 11}" text-anchor="middle" font-weight="650">{said}</text>')
    spoken = "; ".join(
        f"{item['label']}: {100 * item['difference']:+.1f} points, {100 * item['interval'][0]:+.1f} to "
        f"{100 * item['interval'][1]:+.1f}"
        for item in items
    )
    return _svg(width, height, parts, spoken)


def loss_chart(curves: Sequence[Mapping[str, Any]], width: int) -> str:
    """Return a chart of loss by step with one line for each kind; points that are not numbers are left out."""
    lines = {
        kind: sorted(
            (point["step"], point["loss"])
            for curve in curves
            if curve["kind"] == kind
            for point in curve["points"]
            if point["loss"] is not None
        )
        for kind in ("training", "validation")
    }
    points = [point for line in lines.values() for point in line]
    if not points:
        return ""
    height, left, bottom, top = 260, 52, 30, 12
    first, last = min(step for step, _ in points), max(step for step, _ in points)
    low, high = min(loss for _, loss in points), max(loss for _, loss in points)
    if low >= 0 and low < high / 2:
        low = 0.0
    rungs = _round_ticks(low, high) if high > low else _round_ticks(low - 0.5, high + 0.5)
    low, high = rungs[0], rungs[-1]

    def x(step: float) -> float:
        return float(left + (step - first) / max(last - first, 1) * (width - left - 14))

    def y(loss: float) -> float:
        return float(top + (high - loss) / (high - low) * (height - top - bottom))

    parts = []
    for loss in rungs:
        parts.append(f'<line class="axis" x1="{left}" x2="{width - 14}" y1="{y(loss):.1f}" y2="{y(loss):.1f}"/>')
        parts.append(f'<text class="soft" x="{left - 8}" y="{y(loss) + 4:.1f}" text-anchor="end">{loss:.3g}</text>')
    steps = [tick for tick in _round_ticks(first, max(last, first + 1), whole=True) if first <= tick <= last]
    parts += [
        f'<text class="soft" x="{x(step):.1f}" y="{height - 8}" text-anchor="middle">{step:.0f}</text>'
        for step in steps
    ]
    for kind, line in lines.items():
        path = " ".join(f"{x(step):.1f},{y(loss):.1f}" for step, loss in line)
        if len(line) > 1:
            parts.append(f'<polyline class="line {kind}" points="{path}"/>')
        elif line:
            parts.append(f'<circle class="line {kind}" cx="{x(line[0][0]):.1f}" cy="{y(line[0][1]):.1f}" r="4"/>')
    spoken = ", ".join(
        f"{kind} loss from {line[0][1]:.3g} to {line[-1][1]:.3g}" for kind, line in lines.items() if line
    )
    return _svg(width, height, parts, spoken)


def _round_ticks(low: float, high: float, *, whole: bool = False) -> list[float]:
    """Return a few round numbers around a range, the first and last outside of it or at its ends."""
    rough = (high - low) / (_MOST_TICKS - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    step = max(1.0, float(math.ceil(step))) if whole else step
    begin = math.floor(low / step + 1e-9)
    return [step * place for place in range(begin, math.ceil(high / step - 1e-9) + 1)]


def _tick(value: float) -> str:
    return f"{value:+g}".replace("-", "−") if abs(value) > 1e-9 else "0"


def _svg(width: int, height: float, parts: Sequence[str], spoken: str) -> str:
    return f'<svg viewBox="0 0 {width} {height:.0f}" role="img" aria-label="{escape(spoken)}">{"".join(parts)}</svg>'
